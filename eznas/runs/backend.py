"""What computes the scores of a run: this process, unless it is given another way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from eznas.runs.inputs import RunInputs
from eznas.runs.settings import RunSettings
from eznas.scoring.batched_evaluator import evaluator_on
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.scores import ScoreNetworks, score_networks
from eznas.search.fitness import ProgramEvaluator
from eznas.statistics.settings import ALL
from eznas.statistics.store import StatisticsStore


class Evaluators(NamedTuple):
    """What scores the training networks of a run, at the positions by which `RunInputs.collect` knows them.

    Attributes:
        exact: computes all units.
        searching: what evolution goes by; the same, unless the settings sample units.
    """

    exact: ProgramEvaluator
    searching: ProgramEvaluator


OpenEvaluators: TypeAlias = Callable[[RunSettings, RunInputs], AbstractContextManager[Evaluators]]
"""Opens the evaluators of a run."""


@contextmanager
def own_evaluators(settings: RunSettings, inputs: RunInputs) -> Iterator[Evaluators]:
    """Open evaluators of this process, with a store of their own."""
    with StatisticsStore(
        inputs.training_count,
        inputs.collect,
        memory_bytes=settings.memory_bytes,
        workers=settings.threads,
        reuse=settings.collection.device == "cpu",  # any other device takes the statistics to itself
    ) as store:
        yield evaluators_of(store, settings)


def evaluators_of(store: StatisticsStore, settings: RunSettings) -> Evaluators:
    """Return the evaluators that a run with these settings has of the networks of a store."""
    exact = evaluator_of(store, settings)
    return Evaluators(
        exact, evaluator_of(store, settings, settings.units_per_shape) if settings.samples_units else exact
    )


def evaluator_of(store: StatisticsStore, settings: RunSettings, units_per_shape: int = ALL) -> Evaluator:
    """Return an evaluator as a run with these settings has it of the networks of a store."""
    device, threads = settings.collection.device, settings.threads
    return evaluator_on(device, store, settings.to_scalar, settings.aggregation, threads, units_per_shape)


@dataclass(frozen=True)
class Backend:
    """Where the scores of a run are computed; they are the same everywhere.

    Attributes:
        open_evaluators: gives what scores the training networks while programs evolve.
        score_networks: scores the held-out networks for the report.
    """

    open_evaluators: OpenEvaluators = own_evaluators
    score_networks: ScoreNetworks = score_networks
