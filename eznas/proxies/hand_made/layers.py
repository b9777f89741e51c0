"""The layers that a network runs, whether modules or functions call them, seen one by one in execution order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import Tensor
from torch.overrides import TorchFunctionMode

from eznas.statistics.isolation import RANDOM_FUNCTIONS, PrivateRandomness
from eznas.statistics.layers import ACTIVATIONS, NORMALISATIONS, linear_map
from eznas.statistics.units import argument


class LayerKind(Enum):
    """What a layer does: a linear map with weights, a normalisation, or an activation."""

    LINEAR_MAP = "linear map"
    NORMALISATION = "normalisation"
    ACTIVATION = "activation"


BATCH_NORMS: Final = frozenset({F.batch_norm, torch.batch_norm})


class LayerWatcher(TorchFunctionMode):
    """Sees the layers of one forward pass. This one only keeps random layers apart from the user's random state."""

    randomness: PrivateRandomness | None = None

    def before(self, kind: LayerKind, function: object, inputs: Tensor) -> None:
        """See what a layer is about to work on; it may change it in place."""

    def after(self, kind: LayerKind, function: object, output: Tensor) -> None:
        """See what a layer gave; later ones may change it in place."""

    def skips(self, kind: LayerKind) -> bool:  # noqa: ARG002
        """Return whether layers of this kind are left out, as if they gave back their input."""
        return False

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run `func`, and show it if it is a layer."""
        kwargs = kwargs or {}
        if func in RANDOM_FUNCTIONS and self.randomness is not None:
            self.randomness.begin()
        kind = _kind_of(func, args, kwargs)
        if kind is None:
            return func(*args, **kwargs)
        inputs: Tensor = argument("input", 0, args, kwargs)
        if self.skips(kind):
            return inputs
        self.before(kind, func, inputs)
        output: Tensor = func(*args, **kwargs)
        self.after(kind, func, output)
        return output


def _kind_of(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> LayerKind | None:
    if function in ACTIVATIONS:
        return LayerKind.ACTIVATION
    if function in NORMALISATIONS:
        return LayerKind.NORMALISATION
    return None if linear_map(function, args, kwargs) is None else LayerKind.LINEAR_MAP
