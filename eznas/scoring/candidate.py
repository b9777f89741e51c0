"""A network that is to be scored, and what is known of it beside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from eznas.options import Unit
from eznas.spaces.base import Size
from eznas.statistics.collect import Loss


@dataclass(frozen=True)
class Candidate:
    """A network that is to be scored.

    Attributes:
        name: as messages call it.
        build: makes it; called in any thread.
        weights_seed: decides its fresh weights, and the random choices of layers such as dropout.
        size: None where it is not known without the network.
    """

    name: str
    build: Callable[[], nn.Module]
    weights_seed: int
    size: Size | None = None


@dataclass(frozen=True)
class GivenNetworks:
    """What is known of a user's own networks beside their inputs.

    Attributes:
        unit: the kind of unit that all programs take; None for each program's own.
        targets: of the inputs, for hand-made proxies that need them.
        loss: where the backward passes of programs start; None for the output.
    """

    unit: Unit | None = None
    targets: Tensor | None = None
    loss: Loss | None = None
