"""The skeleton of a network: its layers without their numbers, which tensors without numbers run through.

PyTorch's meta device has such tensors, but a network takes tens of milliseconds on it: a deep copy of its modules, each
with a dozen empty dictionaries, and operations whose shapes are worked out by rules for every case there is. So modules
are copied by what they consist of, and the common cases of the commonest operations have rules of their own here.
Whatever has none is run by PyTorch on the meta device.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_OF_EVERY_MODULE: Final = frozenset(nn.Module().__dict__)
_ATOMS: Final = (str, int, float, bool, type(None))


def skeleton(network: nn.Module) -> nn.Module:
    """Return a copy of `network` in evaluation mode without numbers, to be run inside of `ShapesAlone`.

    Its parameters and buffers are on the meta device, those of floating-point numbers float32. Hooks are shared with
    the network, so none may be registered; forward methods may be replaced.
    """
    twins: dict[int, Any] = {}  # by the id of what they are twins of, as `copy.deepcopy` remembers what it copied
    for layer in network.modules():
        twins[id(layer)] = object.__new__(type(layer))
        if not _has_rule(layer):
            twins.update((id(one), _like(one)) for one in _tensors(layer) if id(one) not in twins)
    for layer in network.modules():
        # Assigned past `nn.Module.__setattr__`, which would look for parameters and modules.
        state = vars(twins[id(layer)])
        state.update(vars(layer), training=False)
        if _has_rule(layer):
            state["forward"] = _by_rule(twins[id(layer)])
            continue
        for key in ("_parameters", "_buffers", "_modules"):
            state[key] = {name: one if one is None else twins[id(one)] for name, one in state[key].items()}
        for key in state.keys() - _OF_EVERY_MODULE:
            if not isinstance(state[key], _ATOMS):
                state[key] = copy.deepcopy(state[key], twins)
    result: nn.Module = twins[id(network)]
    return result


class ShapesAlone(TorchFunctionMode):
    """While it is entered, sums and concatenations of tensors on the meta device take the short way."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run a function."""
        rule = _FUNCTION_RULES.get(func)
        shape = None if rule is None or kwargs else rule(*args)
        return func(*args, **(kwargs or {})) if shape is None else _without_numbers(shape)


def _has_rule(layer: nn.Module) -> bool:
    return type(layer) in _LAYER_RULES and "forward" not in vars(layer)


def _tensors(layer: nn.Module) -> Iterator[Tensor]:
    return (one for one in (*layer._parameters.values(), *layer._buffers.values()) if one is not None)


def _like(tensor: Tensor) -> Tensor:
    twin = _without_numbers(tensor.shape, torch.float32 if tensor.is_floating_point() else tensor.dtype)
    return nn.Parameter(twin, requires_grad=False) if isinstance(tensor, nn.Parameter) else twin


def _without_numbers(shape: Sequence[int], kind: torch.dtype = torch.float32) -> Tensor:
    return torch.empty(shape, dtype=kind, device="meta")


def _by_rule(layer: nn.Module) -> Callable[[Tensor], Tensor]:
    rule = _LAYER_RULES[type(layer)]

    def forward(inputs: Tensor) -> Tensor:
        shape = rule(layer, tuple(inputs.shape))
        if shape is not None:
            return _without_numbers(shape)
        for tensors in ("_parameters", "_buffers"):
            vars(layer)[tensors] = {
                name: one if one is None else _like(one) for name, one in vars(layer)[tensors].items()
            }
        output: Tensor = type(layer).forward(layer, inputs)
        return output

    return forward


Shape: TypeAlias = tuple[int, ...]
LayerRule: TypeAlias = Callable[[Any, Shape], Shape | None]
"""From a layer and the shape of its input to that of its output; None for a case that the rule does not know."""


def _same(_layer: nn.Module, shape: Shape) -> Shape:
    return shape


def _normalised(layer: nn.BatchNorm2d, shape: Shape) -> Shape | None:
    return shape if len(shape) == 4 and shape[1] == layer.num_features else None


def _convolved(layer: nn.Conv2d, shape: Shape) -> Shape | None:
    if len(shape) != 4 or shape[1] != layer.in_channels or isinstance(layer.padding, str):
        return None
    return _windows(shape, layer.out_channels, layer.kernel_size, layer.stride, layer.padding, layer.dilation)


def _averaged(layer: nn.AvgPool2d, shape: Shape) -> Shape | None:
    if len(shape) != 4 or layer.ceil_mode:
        return None
    return _windows(shape, shape[1], layer.kernel_size, layer.stride, layer.padding)


def _maximised(layer: nn.MaxPool2d, shape: Shape) -> Shape | None:
    if len(shape) != 4 or layer.ceil_mode or layer.return_indices:
        return None
    return _windows(shape, shape[1], layer.kernel_size, layer.stride, layer.padding, layer.dilation)


def _mapped(layer: nn.Linear, shape: Shape) -> Shape | None:
    return (*shape[:-1], layer.out_features) if shape and shape[-1] == layer.in_features else None


def _adapted(layer: nn.AdaptiveAvgPool2d, shape: Shape) -> Shape | None:
    if len(shape) != 4 or min(shape) < 1:
        return None
    sizes = layer.output_size if isinstance(layer.output_size, tuple) else (layer.output_size, layer.output_size)
    return (*shape[:2], *(side if size is None else size for side, size in zip(shape[2:], sizes, strict=True)))


_OfSides: TypeAlias = int | tuple[int, ...]


def _windows(
    shape: Shape, channels: int, kernel: _OfSides, stride: _OfSides, padding: _OfSides, dilation: _OfSides = 1
) -> Shape | None:
    """Return the shape of one number for every place of a window."""
    sides = [
        (side + 2 * before - spread * (width - 1) - 1) // step + 1
        for side, width, step, before, spread in zip(
            shape[2:], _both(kernel), _both(stride), _both(padding), _both(dilation), strict=True
        )
    ]
    # What does not fit is for PyTorch to refuse.
    return (shape[0], channels, *sides) if min(sides) > 0 else None


def _both(sides: _OfSides) -> tuple[int, ...]:
    return (sides, sides) if isinstance(sides, int) else sides


# Means and matrix products on the meta device would import PyTorch's compiler, which takes a second.
_LAYER_RULES: Final[dict[type[nn.Module], LayerRule]] = {
    nn.Conv2d: _convolved,
    nn.BatchNorm2d: _normalised,
    nn.Linear: _mapped,
    nn.AdaptiveAvgPool2d: _adapted,
    nn.AvgPool2d: _averaged,
    nn.MaxPool2d: _maximised,
    **dict.fromkeys((nn.ReLU, nn.ReLU6, nn.ELU, nn.LeakyReLU, nn.SiLU, nn.Tanh, nn.Sigmoid), _same),
}


def _summed(first: object, second: object) -> Shape | None:
    if not isinstance(first, Tensor) or not isinstance(second, Tensor) or not _alike([first, second]):
        return None
    return tuple(first.shape) if first.shape == second.shape else None


def _joined(tensors: object, axis: int = 0) -> Shape | None:
    if not isinstance(tensors, (list, tuple)) or not tensors or not _alike(tensors):
        return None
    shapes = [list(tensor.shape) for tensor in tensors]
    if not -len(shapes[0]) <= axis < len(shapes[0]) or len({len(shape) for shape in shapes}) > 1:
        return None
    lengths = [shape[axis] for shape in shapes]
    for shape in shapes:
        shape[axis] = sum(lengths)
    return tuple(shapes[0]) if all(shape == shapes[0] for shape in shapes) else None


def _alike(tensors: Sequence[Tensor]) -> bool:
    return all(one.is_meta and one.dtype == torch.float32 for one in tensors)


_FUNCTION_RULES: Final[dict[object, Callable[..., Shape | None]]] = {
    Tensor.add: _summed,
    torch.add: _summed,
    torch.cat: _joined,
}
