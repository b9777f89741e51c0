"""The best programs of an evolution that computed some of the units only, measured on all of them."""

from __future__ import annotations

from collections.abc import Sequence

from eznas.observer import RunObserver
from eznas.runs.inputs import RunInputs
from eznas.runs.settings import RunSettings
from eznas.search.evaluated import Evaluated
from eznas.search.fitness import Fitness, ProgramEvaluator


def rescored(
    settings: RunSettings, inputs: RunInputs, exact: ProgramEvaluator, best: Sequence[Evaluated], observer: RunObserver
) -> tuple[Evaluated, ...]:
    """Measure programs on all units of the training networks.

    Args:
        settings: of the run.
        inputs: of the run.
        exact: evaluates on all units.
        best: programs as evolution saw them.
        observer: is told of the networks that are done.

    Returns:
        Those that are valid, best first.
    """
    observer.phase("scoring the best programs with all units", inputs.training_count)
    fitness = Fitness(exact, inputs.ranked_networks(), settings.combine, lambda _done, _count: observer.advance())
    told = sorted(fitness.of([one.program for one in best]), key=Evaluated.rank_key)
    return tuple(one for one in told if one.is_valid)
