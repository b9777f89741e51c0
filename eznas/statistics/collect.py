"""The 22 statistics of every unit of a network, from three forward and backward passes.

Source: EZNAS (NeurIPS 2022), section 3 and appendix 1.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Final

import torch
from torch import nn

from eznas.errors import EznasError, first_line
from eznas.options import Unit as UnitKind
from eznas.statistics.coverage import coverage_of
from eznas.statistics.inputs import Inputs, make_inputs, map_tensors
from eznas.statistics.isolation import reproducible_kernels
from eznas.statistics.memory import Memory
from eznas.statistics.modules import modules_of, tensors_in
from eznas.statistics.passes import Loss, NoUnitError, Pass
from eznas.statistics.random_states import kept_random_states
from eznas.statistics.recorder import Unit
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.weights import initialise
from eznas.statistics.wrapping import check_layers_are_seen, unwrapped
from eznas.terminals import BY_NAME, PASSES, TERMINALS

__all__ = ["CollectionSettings", "Inputs", "Loss", "collect", "find_units", "initialise", "make_inputs"]

_DEFAULTS: Final = CollectionSettings()
_SHAPES_ONLY: Final = frozenset({BY_NAME["inp.data"].address})


def collect(
    network: nn.Module,
    inputs: Inputs,
    settings: CollectionSettings = _DEFAULTS,
    seed: int = 0,
    name: str = "unnamed",
    *,
    copy: bool = True,
    fresh: bool = True,
    loss: Loss | None = None,
    any_unit: bool = False,
) -> NetworkStatistics:
    """Return the statistics of `network` with fresh weights.

    The result depends on the network's layers, the inputs, the settings and the seed alone: not on the weights that
    the network comes with (but for parameters that `initialise` leaves alone), the global random states, or the
    number of threads. May run in many threads at once.

    Args:
        network: any module from the inputs to logits, or to a collection of tensors whose first (or `logits`) is the
            output; units that only the others depend on are left out.
        inputs: what it is given in the three passes, see `make_inputs`.
        settings: what to collect.
        seed: decides the weights, see `initialise`, and the random choices of layers such as dropout.
        name: the network, as messages call it.
        copy: work on a copy. False is for a network made for this one use: it keeps the fresh weights, the device
            and the running statistics that collection gave it; its mode and gradients stay as they were.
        fresh: give it fresh weights; False for those that it has.
        loss: where the backward pass starts: a function of all that the network returns, which may know targets.
            None for the output, with gradient 1 for each of its numbers.
        any_unit: take A-L-N units where the network has none of the kind of `settings`; the result says which.

    Raises:
        NoUnitError: the network has no unit of the kind.
        EznasError: it raises, lacks a gradient somewhere, gives no tensor of finite floating-point numbers, or runs
            other layers in one pass than in another.
    """
    called = f"Network {name!r}"
    with (
        _undisturbed(settings.device),
        _prepared(network, settings.device, called, seed if fresh else None, copy) as own,
    ):
        try:
            return _collect(own, inputs, settings, seed, name, loss)
        except NoUnitError as error:
            if not any_unit or settings.unit == "A-L-N":
                raise
            try:
                return _collect(own, inputs, replace(settings, unit="A-L-N"), seed, name, loss)
            except NoUnitError:
                raise error from None


def find_units(
    network: nn.Module,
    inputs: Inputs,
    unit: UnitKind,
    seed: int = 0,
    name: str = "unnamed",
    *,
    loss: Loss | None = None,
    device: str = "cpu",
) -> tuple[list[Unit], nn.Module]:
    """Return the units of a network as one forward pass of its data finds them, and the copy whose layers they name.

    Raises:
        EznasError: as `collect` raises it.
    """
    settings = CollectionSettings(unit, device=device, terminals=_SHAPES_ONLY)
    called = f"Network {name!r}"
    with _undisturbed(device), _prepared(network, device, called, seed, copy=True) as own:
        ((pass_name, addresses),) = settings.passes()
        one_pass = Pass(called, pass_name, own, settings, addresses, seed, loss)
        _, units = one_pass.run_first(_on(device, inputs.data))
        return units, own


def _collect(
    network: nn.Module, inputs: Inputs, settings: CollectionSettings, seed: int, name: str, loss: Loss | None
) -> NetworkStatistics:
    memory: Memory | None = None
    coverage = 0.0
    for pass_name, addresses in settings.passes():
        batch = _on(settings.device, inputs[PASSES.index(pass_name)])
        one_pass = Pass(f"Network {name!r}", pass_name, network, settings, addresses, seed, loss)
        if memory is None:
            memory, units = one_pass.run_first(batch)
            coverage = coverage_of(network, units)
        else:
            one_pass.run(batch, memory)
    assert memory is not None
    if settings.third_pass == "difference":
        for terminal in TERMINALS:
            if terminal.input == "perturbed":
                memory.subtract(terminal.address - 2, terminal.address)
    return replace(memory.statistics(name), unit=settings.unit, coverage=coverage)


@contextmanager
def _undisturbed(device: str) -> Iterator[None]:
    """Keep out the caller's modes (autocast changes numbers, the others lose gradients), and keep its random states."""
    kind = torch.device(device).type
    with (
        reproducible_kernels(),
        kept_random_states(),
        torch.inference_mode(mode=False),
        torch.enable_grad(),
        torch.autocast(kind, enabled=False),
    ):
        yield


@contextmanager
def _prepared(network: nn.Module, device: str, called: str, seed: int | None, copy: bool) -> Iterator[nn.Module]:
    """Yield the network, or a copy, in float32, on `device`, in training mode; with weights from `seed` if given."""
    own = unwrapped(network)
    modules = modules_of(own)
    check_layers_are_seen(modules, called)
    _check_real(own, modules, called)
    if copy:
        own = _copy(own, called)
        modules = modules_of(own)
    try:
        if not _are_float32_on(modules, torch.device(device)):
            own.to(device=device, dtype=torch.float32)
        if seed is not None:
            initialise(own, seed)
    except Exception as error:
        raise EznasError(f"{called} could not be initialised: {first_line(error)}.") from error
    modes = [(module, module.training) for module in modules]
    if not all(map(_trains_already, modules)):
        own.train()
    try:
        yield own
    finally:
        for module, training in modes:
            if module.training is not training:  # asking is much quicker than setting
                module.training = training


def _on(device: str, batch: object) -> object:
    return map_tensors(lambda tensor: tensor.to(device), batch)


def _are_float32_on(modules: Iterable[nn.Module], device: torch.device) -> bool:
    """Return whether `to` would change nothing, which it takes its time to find out."""
    return all(
        tensor.device == device and (tensor.dtype is torch.float32 or not tensor.is_floating_point())
        for tensor in tensors_in(modules)
    )


def _trains_already(module: nn.Module) -> bool:
    """Return whether `train()`, which takes its time, would change nothing of a module itself."""
    return module.training and getattr(module.train, "__func__", None) is nn.Module.train


def _check_real(network: nn.Module, modules: Iterable[nn.Module], called: str) -> None:
    """Raise an `EznasError` for a complex weight or buffer, of which float32 would keep the real part only."""
    if not any(tensor.is_complex() for tensor in tensors_in(modules)):
        return
    for name, tensor in (*network.named_parameters(), *network.named_buffers()):
        if tensor.is_complex():
            raise EznasError(
                f"{called} has complex numbers in {name}, and statistics are real: leave the network out, or write its "
                "complex layers with real and imaginary parts of their own."
            )


def _copy(network: nn.Module, called: str) -> nn.Module:
    try:
        return deepcopy(network)
    except Exception as error:
        raise EznasError(
            f"{called} cannot be copied ({first_line(error)}): make one for this use alone and give copy=False."
        ) from error
