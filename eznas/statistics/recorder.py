"""One pass through a network, with every unit's tensors copied out: what is the same for all unit kinds.

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
from torch import Tensor, nn
from torch.autograd.graph import GradientEdge, Node, get_gradient_edge
from torch.overrides import TorchFunctionMode

from eznas.errors import EznasError
from eznas.statistics.isolation import RANDOM_FUNCTIONS, PrivateRandomness
from eznas.statistics.layers import EMBEDDINGS, parameters_of
from eznas.statistics.memory import Memory
from eznas.statistics.tensors import MAXIMUM_AXES, Shape

_CUTS: Final[frozenset[Any]] = frozenset(
    {torch.detach, torch.detach_, Tensor.detach, Tensor.detach_, Tensor.data.__get__}  # type: ignore[attr-defined]
)
"""Calls that let a value through but not its gradient."""

NOTABLE: Final[frozenset[Any]] = _CUTS | RANDOM_FUNCTIONS | EMBEDDINGS
"""Calls that any recorder has to do something about, though they are no layers."""

_RELU_GRADIENT: Final = torch.ops.aten.threshold_backward.grad_input

Place = GradientEdge | Tensor
"""A place in the backward pass whose gradient is wanted; a leaf of its graph is one itself."""


@dataclass(frozen=True, slots=True)
class RecordedLayer:
    """One layer of a unit, as the first pass saw it.

    Attributes:
        function: what it computes, such as `conv2d`.
        parameters: the network's parameters that it has.
    """

    function: str
    parameters: tuple[Tensor, ...]


@dataclass(slots=True)
class Unit:
    """One unit, or what may become one, during one pass.

    Attributes:
        ordinal: its number among the units of the pass.
        shapes: of `wt`, `inp`, `pre`, `act`, as far as its layers have run.
        values: group to copied value, where the memory is not laid out yet.
        places: group to the place in the backward pass whose gradient it is.
        layers: those that it is made of, in execution order; known of the first pass.
        relu_output: output of the ReLU that opens the unit: where it is zero, no gradient passes.
        rows: for the weight and its gradient, from the form that the layer has them in to the form of a statistic.
        end: the last layer's output in the backward pass; known of the first pass.
        frozen: whether the convolution's weight does not require a gradient.
    """

    ordinal: int
    shapes: dict[str, Shape] = field(default_factory=dict)
    values: dict[str, Tensor] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    layers: tuple[RecordedLayer, ...] = ()
    relu_output: Tensor | None = None
    rows: Callable[[Tensor], Tensor] | None = None
    end: Node | None = None
    frozen: bool = False


class Recorder(TorchFunctionMode):
    """Sees every call of one forward pass, finds the units, and copies what is asked for.

    Args:
        name: the network, for messages.
        addresses: group, such as `inp_grad`, to the address that this pass fills.
        memory: where to; None in the first pass, which only learns the shapes while it runs: see `settle`.
        randomness: told when the network draws random numbers.
        embedded: from what an embedding of the network's integers gives to what the network goes on with; None where
            it goes on with the same.

    Attributes:
        units: the units found so far, in execution order.
        cut: whether the network let a value through without its gradient (detach, no_grad).
        needs_backward: whether this pass fills any gradient.
    """

    def __init__(
        self,
        name: str,
        addresses: Mapping[str, int],
        memory: Memory | None,
        randomness: PrivateRandomness,
        embedded: Callable[[Tensor, Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.units: list[Unit] = []
        self.cut = False
        self.needs_backward = any(group.endswith("_grad") for group in addresses)
        self._name = name
        self._addresses = addresses
        self._memory = memory
        self._randomness = randomness
        self._embedded = embedded
        self._shapes: dict[Shape, Shape] = {}  # each that was seen, as the one object that stands for it in all units

    def seen(self) -> str:
        """Return which layers ran, for a message about a network that has no unit."""
        raise NotImplementedError

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
        # PyTorch takes places of both kinds together, though its types speak of one kind.
        places: list[Any] = [place for unit in self.units for place in unit.places.values()]
        # A product's gradient is a tensor of ones; PyTorch takes half a second to import sympy if it is given that one.
        total = (output * torch.ones_like(output)).sum()
        gradients = iter(torch.autograd.grad(total, places, allow_unused=True))
        for unit in self.units:
            for group in unit.places:
                gradient = next(gradients)
                slot = self._memory.slot(unit.ordinal, self._addresses[group], unit.shapes)
                if slot is None or gradient is None:
                    continue  # of an auxiliary head, or of a unit on which the output does not depend
                if group == "inp_grad" and unit.relu_output is not None:
                    _RELU_GRADIENT(gradient.float(), unit.relu_output, 0, grad_input=slot)
                else:
                    slot.copy_(self._arranged(unit, group, gradient))

    def _plain_call(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], tensor: object
    ) -> Any:
        """Run a call that is no layer of a unit."""
        if func in RANDOM_FUNCTIONS:
            self._randomness.begin()
        if self._embedded is not None and func in EMBEDDINGS and isinstance(tensor, Tensor):
            indices = args[1] if func is torch.embedding or func is torch.embedding_bag else tensor
            return self._embedded(indices, func(*args, **kwargs))
        return func(*args, **kwargs)

    def _notice_cut(self, func: Callable[..., Any], tensor: object) -> None:
        if (func in _CUTS or not torch.is_grad_enabled()) and isinstance(tensor, Tensor) and tensor.requires_grad:
            self.cut = True

    def _layer(
        self, function: str, args: Sequence[Any], kwargs: Mapping[str, Any], tensor: object
    ) -> RecordedLayer | None:
        """Return what is known of a layer; None in all passes but the first, which need not know it again."""
        if self._memory is not None:
            return None
        others = [value for value in args if value is not tensor]
        named = {name: value for name, value in kwargs.items() if value is not tensor}
        return RecordedLayer(function, tuple(parameters_of(others, named)))

    def _end(self, unit: Unit, output: Tensor) -> None:
        """Take `output` as that of the unit's last layer so far.

        Raises:
            EznasError: a statistic of the unit cannot be had.
        """
        self._keep(unit, "act", output)
        self._note(unit, "act_grad", output)
        self._check_unit(unit, output)
        if self._memory is None:
            unit.end = (output.grad_fn or get_gradient_edge(output).node) if output.requires_grad else None

    def _check_unit(self, unit: Unit, output: Tensor) -> None:
        """Raise an `EznasError` if a statistic of a unit that is complete cannot be had."""
        if self.needs_backward and not output.requires_grad:
            raise EznasError(
                f"{self._name} lacks a gradient: the output of unit {unit.ordinal}'s last layer does not require one. "
                "Let the network run its layers outside torch.no_grad(), and checkpoints with use_reentrant=False."
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

    def _keep(self, unit: Unit, group: str, tensor: Tensor) -> None:
        """Note the shape of `tensor`, and copy its values if they are asked for."""
        if tensor.is_complex():
            raise EznasError(
                f"{self._name} computes complex numbers in unit {unit.ordinal}, and statistics are real: leave the "
                "network out, or let its convolutions work on real and imaginary parts of their own."
            )
        tensor = self._arranged(unit, group, tensor)
        unit.shapes[group] = self._shapes.setdefault(tensor.shape, tensor.shape)
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
            unit.places[group] = place_of(tensor)

    def _arranged(self, unit: Unit, group: str, tensor: Tensor) -> Tensor:  # noqa: ARG002 (unit kinds differ)
        """Return `tensor`, or its gradient, in the form of the statistic."""
        return tensor


def place_of(tensor: Tensor) -> Place:
    """Return the place of a tensor's gradient, which stays what it is when the tensor is changed in place."""
    node = tensor.grad_fn
    if node is None:
        return tensor
    if isinstance(node, torch._C._FunctionBase):  # of a function that is written in Python
        return get_gradient_edge(tensor)
    return GradientEdge(node, tensor.output_nr)  # the same, found more quickly


def alias(tensor: Tensor) -> Tensor:
    """Return the same numbers as a place of its own in the backward pass."""
    if tensor.requires_grad and type(tensor) is not nn.Parameter:
        return tensor.view_as(tensor)
    return tensor.detach().requires_grad_()  # nothing is behind it whose gradient could be wanted
