"""How close the evolving search comes to the best formula that there is, and after how many evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from eznas import seeds
from eznas.discovery.alphabet import alphabet_of
from eznas.discovery.enumeration.enumeration import Enumeration
from eznas.discovery.enumeration.formulas import AGGREGATIONS, MAXIMUM_SIZE
from eznas.discovery.search import FormulaSearch
from eznas.discovery.search_settings import SearchSettings
from eznas.observer import RunObserver, SilentObserver

_CHILDREN: Final = 500  # of an island between two looks, so that evaluations are counted finely
_DEFAULT: Final = SearchSettings()
_ROUNDING: Final = 1e-9  # two taus of so many networks differ by more, or not at all


@dataclass(frozen=True)
class ComparisonSettings:
    """How the search is compared.

    Attributes:
        searches: how many, each with a seed of its own, for each aggregation.
        evaluations: the search is given up after so many.
    """

    searches: int = 5
    evaluations: int = 500_000


def compare_search(
    enumeration: Enumeration, settings: ComparisonSettings, observer: RunObserver | None = None
) -> list[dict[str, Any]]:
    """Let the search look for the best formula of up to `MAXIMUM_SIZE` nodes on the same features and networks.

    Its settings are the default ones, but for the size of formulas, and for shorter epochs with as much patience.

    Returns:
        For each search its `aggregation` and `seed`; the `best` |tau| that there is; the `found` one; whether it was
        `reached`; and how many formulas were `evaluated` until the one found came up, to the epoch.
    """
    observer = observer or SilentObserver()
    observer.phase("searches for the best formula", len(AGGREGATIONS) * settings.searches)
    rows = []
    for place, aggregation in enumerate(AGGREGATIONS):
        best = float(enumeration.leaders.taus[:, place, 0].max())
        for seed in range(settings.searches):
            rows.append(
                {"aggregation": aggregation, "seed": seed, "best": best}
                | _search(enumeration, place, best, seed, settings)
            )
            observer.advance()
    return rows


def _search(
    enumeration: Enumeration, aggregation: int, best: float, seed: int, settings: ComparisonSettings
) -> dict[str, Any]:
    arrays = enumeration.arrays._replace(use_mean=AGGREGATIONS[aggregation] == "mean")
    evolving = SearchSettings(children=_CHILDREN, restart_after=_DEFAULT.restart_after * _DEFAULT.children // _CHILDREN)
    alphabet = alphabet_of(np.arange(len(enumeration.features)), nodes=MAXIMUM_SIZE)
    search = FormulaSearch(arrays, alphabet, evolving, seeds.generator(seed, "formulas"))
    found, evaluated = 0.0, 0
    while found < best - _ROUNDING and search.evaluated < settings.evaluations:
        search.advance(enumeration.machine.workers)
        fitness = max((formula.fitness for formula in search.archive.formulas), default=0.0)
        if fitness > found:
            found, evaluated = fitness, search.evaluated
    return {"found": found, "reached": found >= best - _ROUNDING, "evaluated": evaluated}
