"""Zen-score: how expressive a network with Gaussian weights is."""

from __future__ import annotations

import math
from typing import ClassVar, Final

import torch
from torch import Tensor

from eznas.errors import EznasError
from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.layers import BATCH_NORMS, LayerKind, LayerWatcher
from eznas.proxies.hand_made.probe import Probe

_STEP: Final = 0.01


class ZenFeatures(LayerWatcher):
    """Keeps the last features before pooling, and by what normalisations divide."""

    def __init__(self) -> None:
        super().__init__()
        self.logarithms: list[float] = []
        self._with_places: Tensor | None = None
        self._before_linear: Tensor | None = None

    @property
    def features(self) -> Tensor:
        """The last features before pooling.

        Raises:
            EznasError: no layer has run.
        """
        found = self._with_places if self._with_places is not None else self._before_linear
        if found is None:
            raise EznasError("The network runs no layer of its own, and the Zen-score is of the last one's features.")
        return found

    @staticmethod
    def variance(by_channel: Tensor) -> float:
        """Return the square of what a normalisation divides by, given the variance of each channel."""
        return float(by_channel.mean())

    def before(self, kind: LayerKind, function: object, inputs: Tensor) -> None:
        """Keep what a normalisation divides by, and what a linear map is about to work on."""
        if kind is LayerKind.NORMALISATION:
            axes = [axis for axis in range(inputs.dim()) if axis != 1]
            variance = inputs.var(axes, correction=0) if function in BATCH_NORMS else inputs.var(correction=0)
            self.logarithms.append(0.5 * math.log(max(self.variance(variance), 1e-30)))
        elif kind is LayerKind.LINEAR_MAP:
            self._before_linear = inputs.clone()

    def after(self, kind: LayerKind, function: object, output: Tensor) -> None:  # noqa: ARG002
        """Keep the features of a layer that have places."""
        if output.dim() > 3 and output[0, 0].numel() > 1:
            self._with_places = output.clone()


class Zen(HandMadeProxy):
    """log E||f(x) - f(x + 0.01 e)|| plus the logarithms of what each normalisation divides by.

    Weights, images x and steps e are standard normal; f are the features before the last pooling: the last ones with
    places, else the input of the last linear layer. The paper removes residual connections, which is a matter of each
    search space: networks are taken as they are.
    """

    name: ClassVar[str] = "zen"
    meaning: ClassVar[str] = "log of the features' sensitivity to noise, normalisation undone"
    source: ClassVar[str] = (
        "M. Lin, P. Wang, Z. Sun, H. Chen, X. Sun, Q. Qian, H. Li, R. Jin. Zen-NAS: A Zero-Shot NAS for "
        "High-Performance Image Recognition. ICCV 2021"
    )
    images = 16
    watcher: ClassVar[type[ZenFeatures]] = ZenFeatures

    def measure(self, probe: Probe) -> float:
        """Return the score; minus infinity where the features do not move."""
        images = probe.normal(probe.images())
        moved = images + _STEP * probe.normal(images)
        weights = {name: probe.normal(one) for name, one in probe.weights.items()}
        parameters = {**{name: one.detach() for name, one in probe.parameters.items()}, **weights}
        watcher, second = self.watcher(), self.watcher()
        with torch.no_grad():
            probe.forward(images, parameters=parameters, watcher=watcher)
            probe.forward(moved, parameters=parameters, watcher=second)
        change = float((watcher.features - second.features).flatten(1).norm(dim=1).mean())
        return (math.log(change) if change > 0 else -math.inf) + sum(watcher.logarithms)
