"""EPE-NAS: how alike a network's answers are to images of one class."""

from __future__ import annotations

import math
from typing import ClassVar, Final

import torch
from torch import Tensor

from eznas.errors import EznasError
from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.hand_made.probe import Probe

_SMALL: Final = 1e-5
_FEW_CLASSES: Final = 100


class EPENAS(HandMadeProxy):
    """The correlations of the Jacobians of images of each class: e_c = sum log(|r| + k) over its correlation matrix.

    With up to 100 classes in the batch the score is sum |e_c|; with more, each e_c is divided by the number of its
    correlations, and the score is the sum of |e_c - e_d| over pairs of classes, divided by the number of classes.
    """

    name: ClassVar[str] = "epe_nas"
    meaning: ClassVar[str] = "how the Jacobians of images of one class correlate"
    source: ClassVar[str] = (
        "V. Lopes, S. Alirezazadeh, L. A. Alexandre. EPE-NAS: Efficient Performance Estimation Without Training for "
        "Neural Architecture Search. ICANN 2021; with the 64 images of NAS-Bench-Suite-Zero, A. Krishnakumar et al., "
        "NeurIPS 2022"
    )
    images = 64

    def measure(self, probe: Probe) -> float:
        """Return the score.

        Raises:
            EznasError: the classes of the images are not known.
        """
        if probe.given_targets is None:
            raise EznasError("EPE-NAS compares images of one class: give the targets, or choose jacob_cov.")
        rows, classes = probe.jacobian(), probe.given_targets.reshape(-1)
        groups = [rows[classes == one] for one in sorted(set(classes.tolist()))]
        if len(groups) <= _FEW_CLASSES:
            return float(sum(_evenness(group).sum().abs() for group in groups))
        means = torch.stack([_evenness(group).mean() for group in groups])
        return float((means[:, None] - means).abs().triu().sum()) / len(groups)


def _evenness(group: Tensor) -> Tensor:
    """Return log(|r| + k) for the correlations of the rows of one class; a single row correlates with itself."""
    if len(group) == 1:
        return torch.full((1,), math.log1p(_SMALL), dtype=group.dtype, device=group.device)
    return (torch.corrcoef(group).abs() + _SMALL).log()
