"""Which activations are on: the binary code that a network gives to each of its inputs."""

from __future__ import annotations

from torch import Tensor

from eznas.proxies.hand_made.layers import LayerKind, LayerWatcher


class ActivationCodes(LayerWatcher):
    """Keeps where the inputs of activations are positive, which is where a ReLU is on.

    Attributes:
        codes: one tensor for each call of an activation, bool (batch, places).
    """

    def __init__(self) -> None:
        super().__init__()
        self.codes: list[Tensor] = []

    def before(self, kind: LayerKind, function: object, inputs: Tensor) -> None:  # noqa: ARG002
        """Keep the signs: the activation may work in place."""
        if kind is LayerKind.ACTIVATION:
            self.codes.append((inputs.detach() > 0).flatten(1))
