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


class LayerKind(Enum):
    """What a layer does: a linear map with weights, a normalisation, or an activation."""

    LINEAR_MAP = "linear map"
    NORMALISATION = "normalisation"
    ACTIVATION = "activation"


BATCH_NORMS: Final = frozenset({F.batch_norm, torch.batch_norm})

_LINEAR_MAPS: Final = (
    *(F.linear, F.conv1d, F.conv2d, F.conv3d, F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d),
    *(torch.conv1d, torch.conv2d, torch.conv3d),
)
_NORMALISATIONS: Final = (
    *(F.batch_norm, torch.batch_norm, F.layer_norm, torch.layer_norm, F.group_norm, torch.group_norm),
    *(F.instance_norm, torch.instance_norm, F.rms_norm, torch.rms_norm),
)
_ACTIVATIONS: Final = (
    *(F.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_, F.relu6, F.hardtanh, F.leaky_relu, F.elu, F.selu),
    *(F.celu, F.prelu, torch.prelu, F.gelu, F.silu, F.mish, F.hardswish, F.softplus, torch.tanh, Tensor.tanh),
)
_KINDS: Final[Mapping[object, LayerKind]] = {
    **dict.fromkeys(_LINEAR_MAPS, LayerKind.LINEAR_MAP),
    **dict.fromkeys(_NORMALISATIONS, LayerKind.NORMALISATION),
    **dict.fromkeys(_ACTIVATIONS, LayerKind.ACTIVATION),
}


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
        kind = _KINDS.get(func)
        if kind is None:
            return func(*args, **kwargs)
        inputs: Tensor = args[0] if args else kwargs["input"]
        if self.skips(kind):
            return inputs
        self.before(kind, func, inputs)
        output: Tensor = func(*args, **kwargs)
        self.after(kind, func, output)
        return output
