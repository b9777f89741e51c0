"""What computes the scores of a run: this process, unless it is given another way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from eznas.runs.inputs import RunInputs
from eznas.runs.settings import RunSettings
from eznas.scoring.batched_evaluator import evaluator_on
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.scores import ScoreNetworks, score_networks
from eznas.search.fitness import ProgramEvaluator
from eznas.statistics.store import StatisticsStore

OpenEvaluator: TypeAlias = Callable[[RunSettings, RunInputs], AbstractContextManager[ProgramEvaluator]]
"""Opens what scores the training networks of a run, at the positions by which `RunInputs.collect` knows them."""


@contextmanager
def own_evaluator(settings: RunSettings, inputs: RunInputs) -> Iterator[ProgramEvaluator]:
    """Open an evaluator of this process, with a store of its own."""
    with StatisticsStore(
        inputs.training_count,
        inputs.collect,
        memory_bytes=settings.memory_bytes,
        workers=settings.threads,
        reuse=settings.collection.device == "cpu",  # any other device takes the statistics to itself
    ) as store:
        yield evaluator_of(store, settings)


def evaluator_of(store: StatisticsStore, settings: RunSettings) -> Evaluator:
    """Return the evaluator that a run with these settings has of the networks of a store."""
    device, threads = settings.collection.device, settings.threads
    return evaluator_on(device, store, settings.to_scalar, settings.aggregation, threads)


@dataclass(frozen=True)
class Backend:
    """Where the scores of a run are computed; they are the same everywhere.

    Attributes:
        open_evaluator: gives what scores the training networks while programs evolve.
        score_networks: scores the held-out networks for the report.
    """

    open_evaluator: OpenEvaluator = own_evaluator
    score_networks: ScoreNetworks = score_networks
