"""MeCo: how independent the channels of each layer are, from one random image."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.layers import LayerKind, LayerWatcher
from eznas.proxies.hand_made.probe import Probe


class MeCo(HandMadeProxy):
    """The least eigenvalue of the correlation matrix of a layer's channels, summed over layers.

    A layer is a linear map, a normalisation or an activation; a channel that does not vary correlates with none.
    """

    name: ClassVar[str] = "meco"
    meaning: ClassVar[str] = "sum over layers of the least eigenvalue of their channels' correlations"
    source: ClassVar[str] = (
        "T. Jiang, H. Wang, R. Bie. MeCo: Zero-Shot NAS with One Data and Single Forward Pass via Minimum Eigenvalue "
        "of Correlation. NeurIPS 2023"
    )

    def measure(self, probe: Probe) -> float:
        """Return the sum of eigenvalues."""
        watcher = _LeastEigenvalues()
        with torch.no_grad():
            probe.forward(probe.normal(probe.images()[:1]), watcher=watcher)
        return sum(watcher.values)


class _LeastEigenvalues(LayerWatcher):
    def __init__(self) -> None:
        super().__init__()
        self.values: list[float] = []

    def after(self, kind: LayerKind, function: object, output: Tensor) -> None:  # noqa: ARG002
        # Channels are rows; tokens have theirs last. Features without places do not vary over places.
        if output.dim() < 3:
            return
        channels = output[0].flatten(1) if output.dim() > 3 else output[0].T
        if len(channels) < 2:
            return
        correlations = torch.corrcoef(channels.double()).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
        self.values.append(float(torch.linalg.eigvalsh(correlations)[0]))
