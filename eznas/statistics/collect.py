"""The 22 statistics of every unit of a network, from three forward and backward passes.

Source: EZNAS (NeurIPS 2022), section 3 and appendix 1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from eznas.errors import EznasError, first_line, place_of
from eznas.options import Weights
from eznas.statistics.inputs import Inputs, initialise, make_inputs
from eznas.statistics.isolation import PrivateRandomness, reproducible_kernels
from eznas.statistics.memory import Memory
from eznas.statistics.outputs import nodes_behind, tensors_of
from eznas.statistics.recorder import Recorder
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.units import UNIT_KINDS, Layer
from eznas.terminals import PASSES, TERMINALS

__all__ = ["CollectionSettings", "Inputs", "collect", "initialise", "make_inputs"]

_LAYER_NAMES: Final = {Layer.RELU: "ReLU", Layer.CONVOLUTION: "Conv2d", Layer.BATCH_NORM: "BatchNorm2d"}
_LAYERS_SHOWN: Final = 12
_DEFAULTS: Final = CollectionSettings()


def collect(
    network: nn.Module,
    inputs: Inputs,
    settings: CollectionSettings = _DEFAULTS,
    seed: int = 0,
    name: str = "unnamed",
    *,
    copy: bool = True,
    weights: Weights = "fresh",
) -> NetworkStatistics:
    """Return the statistics of `network`, by default with fresh weights.

    The result depends on the network's layers, the inputs, the settings and the seed alone: not on the weights that
    fresh ones replace, the global random state, or the number of threads. May run in many threads at once.

    Args:
        network: any module from images to logits, or to a collection of tensors whose first (or `logits`) is the
            output; units that only the others depend on are left out.
        inputs: the images of the three passes, see `make_inputs`.
        settings: what to collect.
        seed: decides the weights, see `initialise`, and the random choices of layers such as dropout.
        name: the network, as messages call it.
        copy: work on a copy. False is for a network made for this one use: it keeps the fresh weights, the device
            and the running statistics that collection gave it; its mode and gradients stay as they were.
        weights: `fresh` ones, or the network's `own`.

    Raises:
        EznasError: the network has no unit, raises, lacks a gradient somewhere, gives no tensor of finite
            floating-point numbers, or runs other layers in one pass than in another.
    """
    called = f"Network {name!r}"
    device = torch.device(settings.device)
    # The caller's modes must not reach in: autocast would change the numbers, no_grad would lose the gradients.
    with reproducible_kernels(), torch.enable_grad(), torch.autocast(device.type, enabled=False):
        _check_real(network, called)
        prepared = _copy(network, called) if copy else network
        try:
            prepared.to(device=device, dtype=torch.float32)
            if weights == "fresh":
                initialise(prepared, seed)
        except Exception as error:
            raise EznasError(f"{called} could not be initialised: {first_line(error)}.") from error
        with _training(prepared):
            memory: Memory | None = None
            for pass_name, addresses in settings.passes():
                images = inputs[PASSES.index(pass_name)].to(device)
                one_pass = _Pass(called, pass_name, prepared, settings, addresses, seed)
                memory = one_pass.run(images, memory)
            assert memory is not None
            if settings.third_pass == "difference":
                for terminal in TERMINALS:
                    if terminal.input == "perturbed":
                        memory.subtract(terminal.address - 2, terminal.address)
            return memory.statistics(name)


@dataclass(frozen=True, slots=True)
class _Pass:
    """One forward and, where a gradient is asked for, backward pass."""

    called: str
    pass_name: str
    network: nn.Module
    settings: CollectionSettings
    addresses: dict[str, int]
    seed: int

    def run(self, images: Tensor, memory: Memory | None) -> Memory:
        """Fill `memory`; in the first pass, which learns the shapes, make it."""
        kind = UNIT_KINDS[self.settings.unit]
        with PrivateRandomness(self.seed, images.device) as randomness:
            recorder = Recorder(self.called, kind, self.addresses, memory, randomness)
            outputs = self._forward(recorder, images)
            if memory is None:
                memory = self._lay_out(recorder, outputs, images.device)
                recorder.settle(memory)
            elif [unit.shapes for unit in recorder.units] != memory.units:
                raise EznasError(
                    f"{self.called} runs other layers in the {self.pass_name} pass than in the one before: "
                    "give a network whose layers depend neither on chance nor on the values of the images."
                )
            if recorder.needs_backward:
                self._backward(recorder, outputs[0])
        return memory

    def _forward(self, recorder: Recorder, images: Tensor) -> list[Tensor]:
        # A gradient of the images, so that a unit at the very start has one, too; and a clone, because a network
        # may change its input in place, which a leaf does not allow.
        images = images.detach().requires_grad_().clone()
        try:
            with recorder:
                result = self.network(images)
            outputs = list(tensors_of(result))
        except EznasError:
            raise
        except Exception as error:
            raise self._failure("forward", error) from error
        if not outputs:
            raise EznasError(
                f"{self.called} returned a {type(result).__name__} without a tensor: let forward return the logits."
            )
        if not outputs[0].is_floating_point():
            raise EznasError(
                f"{self.called} returned {outputs[0].dtype} numbers, which have no gradient: let forward return logits."
            )
        if outputs[0].numel() == 0:
            raise EznasError(
                f"{self.called} returned an empty tensor of shape {tuple(outputs[0].shape)}: let forward return logits."
            )
        if not bool(outputs[0].isfinite().all()):
            raise EznasError(
                f"{self.called} returned numbers that are not finite in the {self.pass_name} pass, so nothing can be "
                "measured on it: leave the network out, or normalise inside it."
            )
        return outputs

    def _lay_out(self, recorder: Recorder, outputs: list[Tensor], device: torch.device) -> Memory:
        units = recorder.units
        kept = [True] * len(units)
        if len(outputs) > 1 or (recorder.cut and self.settings.needs_gradients):
            behind_output = nodes_behind(outputs[:1])
            behind_others = nodes_behind(outputs[1:])
            for number, unit in enumerate(units):
                if unit.end is None or unit.end.node in behind_output:
                    continue
                if unit.end.node in behind_others:
                    kept[number] = False
                elif recorder.cut and self.settings.needs_gradients:
                    raise EznasError(
                        f"{self.called} lacks a gradient: it detaches what comes after unit {number} from its output. "
                        "Let forward use no detach(), .data or torch.no_grad()."
                    )
        if not any(kept):
            raise EznasError(
                f"{self.called} has no {self.settings.unit} unit that its output depends on: "
                f"it ran {_summary(recorder.layers)}. Choose another unit kind, or leave the network out."
            )
        return Memory([unit.shapes for unit in units], kept, self.settings.collected, device)

    def _backward(self, recorder: Recorder, output: Tensor) -> None:
        if not output.requires_grad:
            raise EznasError(
                f"{self.called} lacks a gradient: its output does not require one. "
                "Let forward use no detach(), .data or torch.no_grad()."
            )
        try:
            recorder.backward(output)
        except Exception as error:
            raise self._failure("backward", error) from error

    def _failure(self, direction: str, error: Exception) -> EznasError:
        place = place_of(error)
        return EznasError(
            f"{self.called} raised {type(error).__name__} in the {direction} half of the {self.pass_name} pass"
            f"{f' ({place})' if place else ''}: {first_line(error)}."
        )


@contextmanager
def _training(network: nn.Module) -> Iterator[None]:
    """Put `network` into training mode, and each of its modules back at the end."""
    modes = [(module, module.training) for module in network.modules()]
    network.train()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _check_real(network: nn.Module, called: str) -> None:
    """Raise an `EznasError` for a complex weight or buffer, of which float32 would keep the real part only."""
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


def _summary(layers: list[Layer]) -> str:
    counts = ", ".join(f"{layers.count(layer)} {name}" for layer, name in _LAYER_NAMES.items())
    order = "-".join(layer.value for layer in layers[:_LAYERS_SHOWN])
    more = "-..." if len(layers) > _LAYERS_SHOWN else ""
    return f"{counts} calls" + (f", in the order {order}{more}" if layers else "")
