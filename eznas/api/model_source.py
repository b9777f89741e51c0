"""A user's models as what a feature table has its networks from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eznas.api.training_networks import statistics_of
from eznas.features.key import digest
from eznas.options import Weights
from eznas.scoring.candidate import Candidate
from eznas.statistics.collect import CollectionSettings, Inputs
from eznas.statistics.tensors import NetworkStatistics


@dataclass(frozen=True)
class ModelSource:
    """Models under fixed settings. Nothing tells them from others of these names: their tables are for one search.

    Attributes:
        candidates: the models.
        inputs: what they see in the three passes.
        settings: what to collect; its `terminals` are not used.
        weights: `fresh` ones, or each model's `own`.
    """

    candidates: Sequence[Candidate]
    inputs: Inputs
    settings: CollectionSettings
    weights: Weights

    def about(self) -> dict[str, Any]:
        """Return the settings.

        Raises:
            EznasError: the device is not there.
        """
        self.settings.check_device()
        return {"unit": self.settings.unit, "third_pass": self.settings.third_pass, "device": self.settings.device}

    def digest(self, index: int) -> str:
        """Return a digest of the name of a model."""
        return digest(self.candidates[index].name.encode())

    def collector(self, terminals: frozenset[int] | None) -> Callable[[int], NetworkStatistics]:
        """Return what gives the statistics of a model."""
        settings = replace(self.settings, terminals=terminals)
        return lambda index: statistics_of(self.candidates[index], self.inputs, settings, self.weights)
