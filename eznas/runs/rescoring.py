"""The best programs of an evolution that computed some of the units only, measured on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eznas.observer import RunObserver
from eznas.runs.inputs import RunInputs
from eznas.runs.settings import RunSettings
from eznas.scoring.evaluator import Evaluator
from eznas.search.evaluated import Evaluated
from eznas.search.fitness import Fitness
from eznas.statistics.store import StatisticsStore
from eznas.statistics.unit_sample import ALL


def rescored(
    settings: RunSettings, inputs: RunInputs, best: Sequence[Evaluated], observer: RunObserver
) -> tuple[tuple[Evaluated, ...], NDArray[np.float64]]:
    """Measure programs on all units of the training networks, and sort them by that.

    Args:
        settings: of the run.
        inputs: of the run.
        best: programs as evolution saw them.
        observer: is told of the networks that are done.

    Returns:
        Those that are valid, best first; and the scores that the first gives the training networks of all benchmarks,
        float64 (networks,), as computed; (0,) where none is valid.
    """
    if not best:
        return (), np.empty(0)
    terminals = frozenset[int]().union(*(one.program.terminals for one in best))
    collection = replace(settings.collection, units_per_shape=ALL, terminals=terminals)
    inputs = inputs.with_statistics(settings, collection)
    observer.phase("scoring the best programs with all units", inputs.training_count)
    with StatisticsStore(
        inputs.training_count, inputs.collect, memory_bytes=settings.memory_bytes, workers=settings.threads
    ) as store:
        evaluator = Evaluator(store, settings.to_scalar, settings.aggregation)
        fitness = Fitness(
            evaluator, inputs.ranked_networks(), settings.combine, lambda _done, _count: observer.advance()
        )
        told = sorted(fitness.of([one.program for one in best]), key=Evaluated.rank_key)
        valid = tuple(one for one in told if one.is_valid)
        scores = evaluator.scores([one.program for one in valid[:1]])
    return valid, scores.reshape(-1)
