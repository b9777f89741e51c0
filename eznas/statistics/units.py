"""Which layers of a running network form units.

A network is seen as the sequence of its ReLU, conv2d and batch_norm calls in execution order, whatever module or
functional call makes them. Everything else (pooling, sums, Linear layers, other activations) is not in the sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import Tensor


class Layer(Enum):
    """The layers that units are made of; the value is the letter in the name of a unit kind."""

    RELU = "R"
    CONVOLUTION = "C"
    BATCH_NORM = "B"


UNIT_KINDS: Final = MappingProxyType(
    {
        "R-C-B": (Layer.RELU, Layer.CONVOLUTION, Layer.BATCH_NORM),
        "C-B-R": (Layer.CONVOLUTION, Layer.BATCH_NORM, Layer.RELU),
    }
)
"""The unit kinds and the layers of each in execution order."""

# The functions as a TorchFunctionMode sees them: each call of a layer, by module or by function, is one of these once.
LAYERS: Final[Mapping[object, Layer]] = {
    F.relu: Layer.RELU,
    torch.relu: Layer.RELU,
    torch.relu_: Layer.RELU,
    Tensor.relu: Layer.RELU,
    Tensor.relu_: Layer.RELU,
    F.conv2d: Layer.CONVOLUTION,
    F.batch_norm: Layer.BATCH_NORM,
    torch.batch_norm: Layer.BATCH_NORM,
}
"""The layers by function."""

BATCH_NORM_2D_AXES: Final = 4


def layer_of(function: Callable[..., Any], tensor: object) -> Layer | None:
    """Return which layer a call of `function` on the input `tensor` is, or None for any other call."""
    layer = LAYERS.get(function)
    if layer is Layer.BATCH_NORM and not (isinstance(tensor, Tensor) and tensor.dim() == BATCH_NORM_2D_AXES):
        return None  # BatchNorm1d and BatchNorm3d call the same function
    return layer


def argument(name: str, position: int, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return an argument of a call, given by position or by name; None where it is absent."""
    return args[position] if len(args) > position else kwargs.get(name)


def advance(kind: Sequence[Layer], matched: int, layer: Layer) -> int:
    """Return how many leading layers of `kind` are matched once `layer` has run.

    Consecutive convolutions count as one (the last of them is the unit's): separable and factorised convolutions
    run several between the ReLU and the BatchNorm.

    Args:
        kind: the layers of the unit kind.
        matched: how many were matched before, less than `len(kind)`.
        layer: the layer that runs now.
    """
    if layer is kind[matched]:
        return matched + 1
    if layer is Layer.CONVOLUTION and matched > 0 and kind[matched - 1] is Layer.CONVOLUTION:
        return matched
    return 1 if layer is kind[0] else 0
