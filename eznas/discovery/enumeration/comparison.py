"""How close the evolving search comes to the best formula that there is, and after how many evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from eznas import seeds
from eznas.discovery.alphabet import alphabet_of
from eznas.discovery.archive import Codes
from eznas.discovery.enumeration.enumeration import Enumeration
from eznas.discovery.enumeration.formulas import AGGREGATIONS, MAXIMUM_SIZE, tau_of_formula
from eznas.discovery.search import FormulaSearch, SearchSettings
from eznas.observer import RunObserver, SilentObserver

_CHILDREN: Final = 500  # of an island between two looks, so that evaluations are counted finely
_DEFAULT: Final = SearchSettings()


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
    known: dict[Codes, float] = {}
    found, evaluated = 0.0, 0
    while found < best and search.evaluated < settings.evaluations:
        search.advance(enumeration.threads)
        for formula in search.archive.formulas:
            if formula.codes not in known:
                known[formula.codes] = abs(tau_of_formula(formula.codes, arrays)[aggregation])
            if known[formula.codes] > found:
                found, evaluated = known[formula.codes], search.evaluated
    return {"found": found, "reached": found >= best, "evaluated": evaluated}
