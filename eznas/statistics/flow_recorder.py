"""A-L-N: a unit for every linear map, with the activation before it and the normalisation after it, if there are any.

What is before and after a layer is read from the graph of the backward pass: from a layer's input back to the outputs
of those layers that it is computed from, through anything that is no layer itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import Node

from eznas.errors import EznasError
from eznas.statistics.layers import (
    ACTIVATIONS,
    NORMALISATIONS,
    RECURRENT,
    LinearMap,
    changes_input,
    linear_map,
    opened,
)
from eznas.statistics.recorder import Place, RecordedLayer, Recorder, Unit, alias, place_of
from eznas.statistics.tensors import MAXIMUM_AXES
from eznas.statistics.units import argument


@dataclass(frozen=True, slots=True)
class _Activation:
    """An activation that ran: what a unit needs of it when a linear map uses its output."""

    input: Tensor
    place: Place | None
    layer: RecordedLayer | None


@dataclass(slots=True)
class _Map:
    """A linear map that ran: its unit, its activation, and whether nothing has used its output yet."""

    unit: Unit
    activation: _Activation | None
    is_unused: bool = True


class FlowRecorder(Recorder):
    """Makes a unit of every linear map; see docs/units.md for the rule."""

    def __init__(self, *more: Any) -> None:
        super().__init__(*more)
        self._layers: dict[Node, _Activation | _Map | None] = {}  # by output; None is a normalisation
        self._calls: Counter[str] = Counter()

    def seen(self) -> str:
        """Return how often each kind of layer ran."""
        if not self._calls:
            return "no activation, linear map or normalisation"
        return ", ".join(f"{count} {name}" for name, count in self._calls.most_common()) + " calls"

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
        self._notice_cut(func, tensor)
        if isinstance(tensor, Tensor):
            if (name := ACTIVATIONS.get(func)) is not None:
                return self._activation(name, func, args, kwargs, tensor)
            if (name := NORMALISATIONS.get(func)) is not None:
                return self._normalisation(name, func, args, kwargs, tensor)
            if (found := linear_map(func, args, kwargs)) is not None:
                return self._linear_map(found, func, args, kwargs)
            if func in RECURRENT:
                raise EznasError(
                    f"{self._name} runs {func.__name__}, whose linear maps nobody can see from outside: a network with "
                    "recurrent layers of this kind has no units. Leave it out, or score its other parts as modules."
                )
            if (function := opened(func)) is not None:
                with self:
                    return function(*args, **kwargs)
        return self._plain_call(func, args, kwargs, tensor)

    def _activation(
        self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], tensor: Tensor
    ) -> Any:
        self._calls[name] += 1
        for one in self._sources(tensor):
            if isinstance(one, _Map):
                one.is_unused = False
        layer = self._layer(name, args, kwargs, tensor)
        value = tensor.detach().clone() if "inp" in self._addresses else tensor.detach()
        in_place = changes_input(func, args, kwargs)
        place = None
        given = tensor
        if self.needs_backward and torch.is_grad_enabled():
            given = alias(tensor)
            place = place_of(given)
        if in_place:
            # On a copy, so that the alias keeps its place in the backward pass; then over the input, as it was meant.
            output = tensor.copy_(_with_input(func, args, kwargs, given.clone()))
        else:
            output = _with_input(func, args, kwargs, given)
        self._remember(output, _Activation(value, place, layer))
        return output

    def _normalisation(
        self, name: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], tensor: Tensor
    ) -> Any:
        self._calls[name] += 1
        before = [one for one in self._sources(tensor) if isinstance(one, _Map) and one.is_unused]
        layer = self._layer(name, args, kwargs, tensor)
        output = func(*args, **kwargs)
        for one in before:
            one.is_unused = False
            if layer is not None:
                one.unit.layers = (*one.unit.layers, layer)
            self._end(one.unit, output)
        self._remember(output, None)
        return output

    def _linear_map(
        self, found: LinearMap, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        self._calls[found.name] += 1
        tensor, weight = found.input.of(args, kwargs), found.weight.of(args, kwargs)
        activation = self._activation_before(tensor)
        unit = Unit(ordinal=len(self.units), rows=found.rows)
        layer = self._layer(found.name, args, kwargs, tensor)
        if layer is not None:
            before = [activation.layer] if activation is not None and activation.layer is not None else []
            unit.layers = (*before, layer)
        self._keep(unit, "wt", weight)
        self._keep(unit, "inp", tensor if activation is None else activation.input)
        self._keep(unit, "pre", tensor)
        if self.needs_backward and torch.is_grad_enabled():
            tensor, weight = alias(tensor), alias(weight)
            self._note(unit, "wt_grad", weight)
            self._note(unit, "pre_grad", tensor)
            if activation is None:
                self._note(unit, "inp_grad", tensor)
            elif activation.place is not None and "inp_grad" in self._addresses:
                unit.places["inp_grad"] = activation.place
            positional, named = list(args), dict(kwargs)
            found.input.put(tensor, positional, named)
            found.weight.put(weight, positional, named)
            output = func(*positional, **named)
        else:
            output = func(*args, **kwargs)
        self._end(unit, output)
        self.units.append(unit)
        self._remember(output, _Map(unit, activation))
        return output

    def _activation_before(self, tensor: Tensor) -> _Activation | None:
        """Return the activation that a map of `tensor` reads: of several, the one with most numbers.

        Several linear maps in a row, as in a separable convolution, share the activation before them. The input of a
        gated layer or of squeeze-and-excitation is a product of several activations.
        """
        candidates = []
        for one in self._sources(tensor):
            if isinstance(one, _Map):
                one.is_unused = False
                candidates.append(one.activation)
            else:
                candidates.append(one)
        return max(filter(None, candidates), key=lambda one: one.input.numel(), default=None)

    def _remember(self, output: Tensor, layer: _Activation | _Map | None) -> None:
        if output.grad_fn is not None:
            self._layers[output.grad_fn] = layer

    def _sources(self, tensor: Tensor) -> Iterator[_Activation | _Map | None]:
        """Yield the layers that `tensor` is computed from with no other layer between, the latest first."""
        waiting = [tensor.grad_fn]
        seen: set[Node] = set()
        while waiting:
            node = waiting.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            if node in self._layers:
                yield self._layers[node]
            else:
                waiting.extend(following for following, _ in node.next_functions)

    def _arranged(self, unit: Unit, group: str, tensor: Tensor) -> Tensor:
        if unit.rows is not None and group in ("wt", "wt_grad"):
            tensor = unit.rows(tensor)
        if tensor.dim() <= MAXIMUM_AXES:
            return tensor
        return tensor.reshape(*tensor.shape[:2], -1, tensor.shape[-1])


def _with_input(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], tensor: Tensor) -> Tensor:
    """Call `func` with another input."""
    output: Tensor = func(tensor, *args[1:], **kwargs) if args else func(**{**kwargs, "input": tensor})
    return output
