"""Which calls of a running network are activations, linear maps and normalisations, for units of any network.

A `TorchFunctionMode` sees every call of a layer once, whether a module or a function makes it. Each of them is known
here by the function that it sees; everything else (pooling, sums, reshaping, attention scores, softmax) is no layer.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import Tensor, nn

from eznas.statistics.units import argument

Function = Callable[..., Any]


def _found(*names: str) -> dict[Any, str]:
    """Return the functions of these names, in place or not, wherever PyTorch has them, with their plain names."""
    homes = (F, torch, Tensor)
    return {
        getattr(home, written): name
        for name in names
        for written in (name, f"{name}_")
        for home in homes
        if hasattr(home, written)
    }


ACTIVATIONS: Final[Mapping[Any, str]] = {
    **_found(
        *("celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu"),
        *("logsigmoid", "mish", "prelu", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu", "softplus"),
        *("softshrink", "softsign", "tanh", "tanhshrink", "threshold"),
    ),
    vars(F)["_threshold"]: "threshold",
}
"""Activations, gated ones too, by function."""

NORMALISATIONS: Final[Mapping[Any, str]] = _found(
    "batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"
)
"""Normalisations by function."""

RECURRENT: Final = frozenset(
    _found("lstm", "lstm_cell", "gru", "gru_cell", "rnn_tanh", "rnn_tanh_cell", "rnn_relu", "rnn_relu_cell")
)
"""Layers whose many linear maps run inside one call, where nobody sees them."""

EMBEDDINGS: Final = frozenset({F.embedding, torch.embedding, F.embedding_bag, torch.embedding_bag})
"""Look-ups of integers in a table: where a network of tokens starts."""

_THRESHOLD: Final = vars(F)["_threshold"]  # what nn.Threshold and F.threshold call

_IN_PLACE_POSITION: Final[Mapping[Any, int]] = {
    **dict.fromkeys((F.relu, F.relu6, F.selu, F.silu, F.mish, F.hardswish, F.hardsigmoid), 1),
    **dict.fromkeys((F.elu, F.celu, F.leaky_relu), 2),
    **dict.fromkeys((F.hardtanh, F.threshold, _THRESHOLD), 3),
    F.rrelu: 4,
}


def changes_input(function: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Return whether a call of an activation writes its result over its input."""
    if getattr(function, "__name__", "").endswith("_"):
        return True
    position = _IN_PLACE_POSITION.get(function)
    return position is not None and bool(argument("inplace", position, args, kwargs))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an argument of a call stands: its position and its name."""

    position: int
    name: str

    def of(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Return the argument, or None where it is absent."""
        return argument(self.name, self.position, args, kwargs)

    def put(self, value: object, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Replace the argument."""
        if len(args) > self.position:
            args[self.position] = value
        else:
            kwargs[self.name] = value


@dataclass(frozen=True, slots=True)
class LinearMap:
    """How a call applies a weight to an input.

    Attributes:
        name: of the map.
        input: where its input stands.
        weight: where its weight stands.
        rows: from a tensor of the weight's form to the same with a row for each output, as Linear and Conv2d have it.
    """

    name: str
    input: Place
    weight: Place
    rows: Callable[[Tensor], Tensor]


def linear_map(function: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> LinearMap | None:
    """Return how a call maps its input linearly by a weight, or None for a call that does not.

    A matrix product is one where exactly one of its two factors is a parameter, or a view of one.
    """
    if (name := _DIRECT.get(function)) is not None:
        return LinearMap(name, _INPUT, _WEIGHT, _same)
    if (name := _TRANSPOSED.get(function)) is not None:
        groups = argument("groups", 6, args, kwargs) or 1
        return LinearMap(name, _INPUT, _WEIGHT, lambda weight: _transposed_rows(weight, groups))
    if (places := _PRODUCTS.get(function)) is not None:
        first, second = (_is_weight(place.of(args, kwargs)) for place in places)
        if first != second:
            weight, other = places if first else places[::-1]
            return LinearMap("matmul", other, weight, _same if first else _flipped)
    return None


def parameters_of(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[Tensor]:
    """Yield the parameters that the tensors among a layer's arguments are, or are computed from."""
    waiting: list[Any] = []
    for value in (*args, *kwargs.values()):
        if not isinstance(value, Tensor):  # asked first: of a parameter, PyTorch takes longer to answer
            continue
        if isinstance(value, nn.Parameter):
            yield value
        elif value.grad_fn is not None:
            waiting.append(value.grad_fn)
    seen = set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if isinstance(leaf := getattr(node, "variable", None), nn.Parameter):
            yield leaf
        waiting.extend(following for following, _ in node.next_functions)


def opened(function: Function) -> Function | None:
    """Return a Python function whose calls of layers are to be seen, to be run in the place of `function`.

    PyTorch hands a call of it to whoever watches as a whole. This runs the same code, and lets every call be seen.
    """
    return _OPENED.get(function)


def _flipped(weight: Tensor) -> Tensor:
    return weight.mT


def _same(weight: Tensor) -> Tensor:
    return weight


def _transposed_rows(weight: Tensor, groups: int) -> Tensor:
    """Bring (inputs, outputs / groups, ...) to (outputs, inputs / groups, ...)."""
    inputs, outputs, *kernel = weight.shape
    grouped = weight.reshape(groups, inputs // groups, outputs, *kernel).transpose(1, 2)
    return grouped.reshape(groups * outputs, inputs // groups, *kernel)


def _is_weight(value: object) -> bool:
    if not isinstance(value, Tensor) or value.dim() < 2:
        return False
    return isinstance(value, nn.Parameter) or isinstance(value._base, nn.Parameter)


_INPUT, _WEIGHT = Place(0, "input"), Place(1, "weight")
_DIRECT: Final[Mapping[Any, str]] = _found("conv1d", "conv2d", "conv3d", "linear")
_TRANSPOSED: Final[Mapping[Any, str]] = _found("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
_PRODUCTS: Final[Mapping[Any, tuple[Place, Place]]] = {
    **{one: (Place(0, "input"), Place(1, "other")) for one in (torch.matmul, Tensor.matmul, Tensor.__matmul__)},
    **{one: (Place(0, "input"), Place(1, "mat2")) for one in (torch.mm, Tensor.mm, torch.bmm, Tensor.bmm)},
    **{one: (Place(1, "mat1"), Place(2, "mat2")) for one in (torch.addmm, Tensor.addmm)},
}
_OPENED: Final = {
    function: types.FunctionType(
        function.__code__,
        {**vars(F), "has_torch_function": lambda _: False},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    for function in (F.multi_head_attention_forward,)
}
