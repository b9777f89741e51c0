"""The models that a search learns from: their statistics, collected as for a score, and their accuracies."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eznas.errors import EznasError
from eznas.options import Weights
from eznas.scoring.candidate import Candidate
from eznas.statistics.collect import CollectionSettings, Inputs, collect
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics

_LEAST: int = 3


def checked_accuracies(accuracies: ArrayLike, models: int) -> NDArray[np.float64]:
    """Return accuracies as numbers, one for each model.

    Raises:
        EznasError: there are not as many, one is not finite, all are equal, or there are fewer than three.
    """
    try:
        values = np.asarray(accuracies, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise EznasError(f"The accuracies are no numbers ({error}): give one for each model.") from error
    if values.shape != (models,):
        raise EznasError(f"There are {models} models and accuracies of shape {values.shape}: give one for each model.")
    if not np.isfinite(values).all():
        place = int(np.argmin(np.isfinite(values)))
        raise EznasError(f"Accuracy {place} is {values[place]}: leave that model out, or give a finite number.")
    if models < _LEAST or np.ptp(values) == 0:
        raise EznasError(
            f"{models} models of {len(np.unique(values))} different accuracies can't be ranked: give at least {_LEAST} "
            "models, not all of one accuracy."
        )
    return values


def statistics_of(
    candidate: Candidate, inputs: Inputs, settings: CollectionSettings, weights: Weights
) -> NetworkStatistics:
    """Return the statistics of a model with `fresh` weights or its `own`; in any thread.

    Raises:
        EznasError: the model cannot be made or run; the sentence has its name.
    """
    return collect(
        candidate.build(),
        inputs,
        settings,
        candidate.weights_seed,
        candidate.name,
        copy=False,
        fresh=weights == "fresh",
    )


class TrainingNetworks:
    """Models of known accuracy, whose statistics are collected when they are first needed."""

    def __init__(
        self, candidates: Sequence[Candidate], inputs: Inputs, settings: CollectionSettings, weights: Weights
    ) -> None:
        """Collect nothing yet.

        Args:
            candidates: the models.
            inputs: what they see.
            settings: what to collect.
            weights: `fresh` ones, or each model's `own`.

        Raises:
            EznasError: the device is not there.
        """
        settings.check_device()
        self._candidates = candidates
        self._inputs = inputs
        self._settings = settings
        self._weights = weights
        self._lock = threading.Lock()
        self.failures: dict[int, str] = {}

    def store(self, memory_bytes: int, threads: int) -> StatisticsStore:
        """Return the statistics of the models, as a context manager."""
        return StatisticsStore(len(self._candidates), self._collect, memory_bytes, threads)

    def check(self) -> None:
        """Raise an `EznasError` if no model at all could be run, once all were."""
        if len(self.failures) == len(self._candidates):
            raise EznasError(f"None of the {len(self._candidates)} models can be scored. {self.failures[0]}")

    def _collect(self, position: int) -> NetworkStatistics:
        candidate = self._candidates[position]
        try:
            return statistics_of(candidate, self._inputs, self._settings, self._weights)
        except EznasError as error:
            with self._lock:
                self.failures[position] = str(error)
            return NetworkStatistics.without_tensors(candidate.name)
