"""R-C-B and C-B-R: units of a ReLU, a Conv2d and a BatchNorm2d that run one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor

from eznas.statistics.recorder import NOTABLE, Recorder, Unit, alias
from eznas.statistics.units import LAYERS, Layer, advance, argument, layer_of

_LAYER_NAMES: Final = {Layer.RELU: "ReLU", Layer.CONVOLUTION: "Conv2d", Layer.BATCH_NORM: "BatchNorm2d"}
_FUNCTIONS: Final = {Layer.RELU: "relu", Layer.CONVOLUTION: "conv2d", Layer.BATCH_NORM: "batch_norm"}
_LAYERS_SHOWN: Final = 12
_NOTED: Final = NOTABLE | LAYERS.keys()


class SequenceRecorder(Recorder):
    """Finds units as three consecutive layers, whatever else runs between them.

    Args:
        kind: the layers of a unit.
        more: as a `Recorder` takes it.
    """

    def __init__(self, kind: Sequence[Layer], *more: Any) -> None:
        super().__init__(*more)
        self._layers: list[Layer] = []
        self._kind = kind
        self._begins_with_relu = kind[0] is Layer.RELU
        # The convolution's input, and its gradient, by the names that this kind has for them.
        self._into = ("pre", "pre_grad") if self._begins_with_relu else ("inp", "inp_grad")
        self._matched = 0
        self._unit: Unit | None = None  # the one that is being matched

    def seen(self) -> str:
        """Return how many layers of each kind ran, and the first in their order."""
        counts = ", ".join(f"{self._layers.count(layer)} {name}" for layer, name in _LAYER_NAMES.items())
        order = "-".join(layer.value for layer in self._layers[:_LAYERS_SHOWN])
        more = "-..." if len(self._layers) > _LAYERS_SHOWN else ""
        return f"{counts} calls" + (f", in the order {order}{more}" if self._layers else "")

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run `func`, and record it if it is a layer."""
        kwargs = kwargs or {}
        if func not in _NOTED and torch.is_grad_enabled():  # as most calls are
            return func(*args, **kwargs)
        tensor = argument("input", 0, args, kwargs)
        self._notice_cut(func, tensor)
        layer = layer_of(func, tensor)
        if layer is None:
            return self._plain_call(func, args, kwargs, tensor)
        self._layers.append(layer)
        self._matched = advance(self._kind, self._matched, layer)
        if self._matched == 0:
            self._unit = None
        elif self._matched == 1:
            self._unit = Unit(ordinal=len(self.units))
        if self._unit is not None:
            self._describe(self._unit, layer, args, kwargs, tensor)
        if layer is Layer.CONVOLUTION:
            output = self._convolution(func, args, kwargs, tensor)
        elif layer is Layer.RELU and self._unit is not None:
            output = self._relu(self._unit, func, args, kwargs, tensor)
        else:
            output = func(*args, **kwargs)
        if self._matched == len(self._kind):
            self._close(output)
        return output

    def _describe(
        self, unit: Unit, layer: Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any], tensor: Tensor
    ) -> None:
        if (recorded := self._layer(_FUNCTIONS[layer], args, kwargs, tensor)) is not None:
            # The last of several convolutions is the unit's.
            unit.layers = (*unit.layers[: self._matched - 1], recorded)

    def _relu(
        self, unit: Unit, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], tensor: Tensor
    ) -> Tensor:
        if self._begins_with_relu:
            self._keep(unit, "inp", tensor)
        output: Tensor = func(*args, **kwargs)
        if self.needs_backward and not output.requires_grad and torch.is_grad_enabled():
            # Its input is a constant, such as the zeros of an empty edge; its gradients exist all the same.
            output = output.detach().requires_grad_()
        if self._begins_with_relu:
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
        before, before_gradient = self._into
        unit.frozen = not weight.requires_grad
        self._keep(unit, "wt", weight)
        self._keep(unit, before, tensor)
        if self.needs_backward and torch.is_grad_enabled():
            tensor, weight = alias(tensor), alias(weight)
            self._note(unit, before_gradient, tensor)
            self._note(unit, "wt_grad", weight)
            others = {name: value for name, value in kwargs.items() if name not in ("input", "weight")}
            output: Tensor = func(tensor, weight, *args[2:], **others)
        else:
            output = func(*args, **kwargs)
        if not self._begins_with_relu:
            self._keep(unit, "pre", output)
            self._note(unit, "pre_grad", output)
        return output

    def _close(self, output: Tensor) -> None:
        unit = self._unit
        assert unit is not None
        self._end(unit, output)
        self.units.append(unit)
        self._unit = None
        self._matched = 0
