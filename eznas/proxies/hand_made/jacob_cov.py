"""Jacobian covariance: how differently a network answers to different images."""

from __future__ import annotations

import math
from typing import ClassVar, Final

import torch

from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe

_SMALL: Final = 1e-5


class JacobCov(HandMadeProxy):
    """-sum (log(v + k) + 1 / (v + k)) over the eigenvalues v of the correlation matrix of the Jacobian's rows."""

    name: ClassVar[str] = "jacob_cov"
    meaning: ClassVar[str] = "how little the Jacobians of different images correlate"
    source: ClassVar[str] = (
        "J. Mellor, J. Turner, A. Storkey, E. J. Crowley. Neural Architecture Search without Training. arXiv "
        "2006.04647v1, 2020; as a proxy M. S. Abdelfattah et al., ICLR 2021"
    )
    images = 64

    def measure(self, probe: Probe) -> float:
        """Return the score; NaN where the Jacobian of an image is constant."""
        correlations = torch.corrcoef(probe.jacobian())
        if not bool(correlations.isfinite().all()):
            return math.nan
        values = torch.linalg.eigvalsh(correlations) + _SMALL
        return -float((values.log() + 1 / values).sum())
