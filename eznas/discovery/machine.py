"""What a search for formulas may use of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from eznas.features.computation import OpenComputation, OwnComputation
from eznas.features.table import DEFAULT_MEMORY_BYTES
from eznas.scoring.scores import ScoreNetworks, score_networks
from eznas.scoring.settings import ScoringSettings
from eznas.statistics.workers import checked_threads


class Drawn(Protocol):
    """Settings that say what networks see: those of a discovery, or of an enumeration."""

    @property
    def batch_size(self) -> int:
        """Images that every network sees."""

    @property
    def seed(self) -> int:
        """Of everything that is drawn."""


@dataclass(frozen=True)
class Machine:
    """What a discovery may use; its result depends on the device alone.

    Attributes:
        threads: for networks and for islands; None for one per core.
        memory_bytes: for the statistics of networks in work.
        device: where networks run.
        tables: the folder of the feature tables; None for the user's cache folder.
        open_computation: gives what computes the features of networks; the numbers are the same.
        score: gives the scores of networks by whole proxies; likewise.
    """

    threads: int | None = None
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    device: str = "cpu"
    tables: Path | None = None
    open_computation: OpenComputation = OwnComputation
    score: ScoreNetworks = score_networks

    @property
    def workers(self) -> int:
        """How many threads to use."""
        return checked_threads(self.threads)

    def scoring(self, settings: Drawn) -> ScoringSettings:
        """Return under what networks are scored by whole proxies."""
        return ScoringSettings(settings.batch_size, settings.seed, self.device, self.workers, self.memory_bytes)
