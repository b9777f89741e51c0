"""One pass through a network, with every unit's tensors copied out.

Values are copied at the moment when a layer runs, because a later layer may change them in place. Gradients are those
of places in the graph of the backward pass that are noted at the same moment: the output of a layer, for its total
gradient; or an alias that is fed to a layer instead of its input (or weight), for the gradient through that layer
alone, whoever else uses the tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.overrides import TorchFunctionMode

from eznas.errors import EznasError
from eznas.statistics.isolation import RANDOM_FUNCTIONS, PrivateRandomness
from eznas.statistics.memory import Memory
from eznas.statistics.tensors import MAXIMUM_AXES, Shape
from eznas.statistics.units import Layer, advance, argument, layer_of

_CUTS: Final[frozenset[Any]] = frozenset(
    {torch.detach, torch.detach_, Tensor.detach, Tensor.detach_, Tensor.data.__get__}  # type: ignore[attr-defined]
)
"""Calls that let a value through but not its gradient."""


@dataclass(slots=True)
class Unit:
    """One unit, or what may become one, during one pass.

    Attributes:
        ordinal: its number among the units of the pass.
        shapes: of `wt`, `inp`, `pre`, `act`, as far as its layers have run.
        values: group to copied value, where the memory is not laid out yet.
        edges: group to the place in the backward pass whose gradient it is.
        relu_output: output of the ReLU that opens the unit: where it is zero, no gradient passes.
        end: the last layer's output in the backward pass.
        frozen: whether the convolution's weight does not require a gradient.
    """

    ordinal: int
    shapes: dict[str, Shape] = field(default_factory=dict)
    values: dict[str, Tensor] = field(default_factory=dict)
    edges: dict[str, GradientEdge] = field(default_factory=dict)
    relu_output: Tensor | None = None
    end: GradientEdge | None = None
    frozen: bool = False


class Recorder(TorchFunctionMode):
    """Sees every call of one forward pass, finds the units, and copies what is asked for.

    Args:
        name: the network, for messages.
        kind: the layers of a unit.
        addresses: group, such as `inp_grad`, to the address that this pass fills.
        memory: where to; None in the first pass, which only learns the shapes while it runs: see `settle`.
        randomness: told when the network draws random numbers.

    Attributes:
        units: the units found so far, in execution order.
        layers: the ReLU, conv2d and batch_norm calls so far.
        cut: whether the network let a value through without its gradient (detach, no_grad).
        needs_backward: whether this pass fills any gradient.
    """

    def __init__(
        self,
        name: str,
        kind: Sequence[Layer],
        addresses: Mapping[str, int],
        memory: Memory | None,
        randomness: PrivateRandomness,
    ) -> None:
        super().__init__()
        self.units: list[Unit] = []
        self.layers: list[Layer] = []
        self.cut = False
        self.needs_backward = any(group.endswith("_grad") for group in addresses)
        self._name = name
        self._kind = kind
        self._addresses = addresses
        self._memory = memory
        self._randomness = randomness
        self._matched = 0
        self._unit: Unit | None = None  # the one that is being matched

    def settle(self, memory: Memory) -> None:
        """Copy the values of the first pass, once it has run forward, into `memory`."""
        self._memory = memory
        for unit in self.units:
            for group, value in unit.values.items():
                if (slot := memory.slot(unit.ordinal, self._addresses[group], unit.shapes)) is not None:
                    slot.copy_(value)
            unit.values.clear()

    def backward(self, output: Tensor) -> None:
        """Run the backward pass from `output`, with gradient 1 for each of its numbers, and copy the gradients."""
        assert self._memory is not None
        places = [(unit, group, edge) for unit in self.units for group, edge in unit.edges.items()]
        gradients = torch.autograd.grad(
            output, [edge for _, _, edge in places], torch.ones_like(output), allow_unused=True
        )
        for (unit, group, _), gradient in zip(places, gradients, strict=True):
            slot = self._memory.slot(unit.ordinal, self._addresses[group], unit.shapes)
            if slot is None or gradient is None:
                continue  # of an auxiliary head, or of a unit on which the output does not depend
            if group == "inp_grad" and unit.relu_output is not None:
                torch.ops.aten.threshold_backward.grad_input(gradient.float(), unit.relu_output, 0, grad_input=slot)
            else:
                slot.copy_(gradient)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run `func`, and record it if it is a layer."""
        kwargs = kwargs or {}
        tensor = argument("input", 0, args, kwargs)
        if isinstance(tensor, Tensor) and tensor.requires_grad and (func in _CUTS or not torch.is_grad_enabled()):
            self.cut = True
        layer = layer_of(func, tensor)
        if layer is None:
            if func in RANDOM_FUNCTIONS:
                self._randomness.begin()
            return func(*args, **kwargs)
        self.layers.append(layer)
        self._matched = advance(self._kind, self._matched, layer)
        if self._matched == 0:
            self._unit = None
        elif self._matched == 1:
            self._unit = Unit(ordinal=len(self.units))
        if layer is Layer.CONVOLUTION:
            output = self._convolution(func, args, kwargs, tensor)
        elif layer is Layer.RELU and self._unit is not None:
            output = self._relu(self._unit, func, args, kwargs, tensor)
        else:
            output = func(*args, **kwargs)
        if self._matched == len(self._kind):
            self._close(output)
        return output

    def _relu(
        self, unit: Unit, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], tensor: Tensor
    ) -> Tensor:
        is_first = self._kind[0] is Layer.RELU
        if is_first:
            self._keep(unit, "inp", tensor)
        output: Tensor = func(*args, **kwargs)
        if self.needs_backward and not output.requires_grad and torch.is_grad_enabled():
            # Its input is a constant, such as the zeros of an empty edge; its gradients exist all the same.
            output = output.detach().requires_grad_()
        if is_first:
            unit.relu_output = output.detach()
            self._note(unit, "inp_grad", output)
        return output

    def _convolution(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], tensor: Tensor
    ) -> Tensor:
        unit = self._unit
        if unit is None:
            plain: Tensor = func(*args, **kwargs)
            return plain
        weight: Tensor = argument("weight", 1, args, kwargs)
        before, after = ("pre", None) if self._kind[0] is Layer.RELU else ("inp", "pre")
        unit.frozen = not weight.requires_grad
        self._keep(unit, "wt", weight)
        self._keep(unit, before, tensor)
        if self.needs_backward and torch.is_grad_enabled():
            tensor, weight = _alias(tensor), _alias(weight)
            self._note(unit, f"{before}_grad", tensor)
            self._note(unit, "wt_grad", weight)
            others = {name: value for name, value in kwargs.items() if name not in ("input", "weight")}
            output: Tensor = func(tensor, weight, *args[2:], **others)
        else:
            output = func(*args, **kwargs)
        if after is not None:
            self._keep(unit, after, output)
            self._note(unit, f"{after}_grad", output)
        return output

    def _close(self, output: Tensor) -> None:
        unit = self._unit
        assert unit is not None
        self._keep(unit, "act", output)
        self._note(unit, "act_grad", output)
        if self.needs_backward and not output.requires_grad:
            raise EznasError(
                f"{self._name} lacks a gradient: the output of unit {unit.ordinal}'s last layer does not require one. "
                "Let the network run its layers outside torch.no_grad()."
            )
        if self.needs_backward and unit.frozen:
            raise EznasError(
                f"{self._name} lacks a gradient: the weight of unit {unit.ordinal}'s convolution does not require one. "
                "Call network.requires_grad_(True) first."
            )
        if (most := max(map(len, unit.shapes.values()))) > MAXIMUM_AXES:
            raise EznasError(
                f"{self._name} has a tensor of {most} axes in unit {unit.ordinal}: "
                f"a statistic has {MAXIMUM_AXES} at most (batch, channels, height, width)."
            )
        unit.end = get_gradient_edge(output) if output.requires_grad else None
        self.units.append(unit)
        self._unit = None
        self._matched = 0

    def _keep(self, unit: Unit, group: str, tensor: Tensor) -> None:
        """Note the shape of `tensor`, and copy its values if they are asked for."""
        if tensor.is_complex():
            raise EznasError(
                f"{self._name} computes complex numbers in unit {unit.ordinal}, and statistics are real: leave the "
                "network out, or let its convolutions work on real and imaginary parts of their own."
            )
        unit.shapes[group] = tuple(tensor.shape)
        address = self._addresses.get(group)
        if address is None:
            return
        if self._memory is None:
            unit.values[group] = tensor.detach().clone()
        elif (slot := self._memory.slot(unit.ordinal, address, unit.shapes)) is not None:
            slot.copy_(tensor.detach())

    def _note(self, unit: Unit, group: str, tensor: Tensor) -> None:
        """Note that the gradient of `tensor` is to be copied, if it is asked for."""
        if group in self._addresses and tensor.requires_grad:
            unit.edges[group] = get_gradient_edge(tensor)


def _alias(tensor: Tensor) -> Tensor:
    return tensor.view_as(tensor) if tensor.requires_grad else tensor.detach().requires_grad_()
