"""What the tests and the table of docs/units.md know of an architecture."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Architecture:
    """A network of full size, a small one of the same layers for tests, and a batch for both.

    Attributes:
        make: makes the network, of full size or small.
        batch: from whether it is small to what the network takes.
    """

    make: Callable[[bool], nn.Module]
    batch: Callable[[bool], Any]


def images(batch=1, full=224, small=64):
    """Return the batch of an architecture of images."""
    return lambda is_small: torch.randn(
        batch, 3, *[small if is_small else full] * 2, generator=torch.Generator().manual_seed(0)
    )


def tokens(vocabulary, small_vocabulary=100, length=64):
    """Return the batch of an architecture of tokens."""
    return lambda is_small: torch.randint(
        small_vocabulary if is_small else vocabulary,
        (1, 12 if is_small else length),
        generator=torch.Generator().manual_seed(0),
    )
