"""Under what networks are scored."""

from __future__ import annotations

from dataclasses import dataclass, field

from eznas.options import Weights
from eznas.statistics.workers import available_cores


@dataclass(frozen=True)
class ScoringSettings:
    """Under what networks are scored.

    Attributes:
        batch_size: images in the batch that programs see; hand-made proxies see as many as their papers say.
        seed: of the images, the noise and the weights.
        device: where networks run: `cpu`, `cuda` or `cuda:N`.
        threads: each has a network of its own; no score depends on it.
        memory_bytes: for the statistics that the threads hold, 0 for no bound; no score depends on it.
        weights: `fresh` ones from the seed, or the network's `own`.
        rounded_up: whether programs are computed a second time, passes of the network included, with every operation
            rounded up, see `eznas.scoring.rounding`.
    """

    batch_size: int = 1
    seed: int = 0
    device: str = "cpu"
    threads: int = field(default_factory=available_cores)
    memory_bytes: int = 0
    weights: Weights = "fresh"
    rounded_up: bool = False
