"""Which features of a table a search can use, and for what reason it cannot use the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.features.table import FeatureValues

REASONS: Final = (
    "invalid on too many units",
    "not finite",
    "constant",
    "undetermined in float32",
    "a repeat of an earlier one",
)
"""Why a feature is dropped, in the order in which that is tested."""

_EQUAL: Final = 1e-5  # relative to the largest value: what two ways to compute one number in float32 may differ by


@dataclass(frozen=True)
class SelectionSettings:
    """What makes a feature useless.

    Attributes:
        invalid_share: the largest share of all units on which a feature may be invalid; every network must have a
            valid one besides.
        roundoff: the largest effect of rounding errors in the statistics, as a share of the feature's standard
            deviation over the units; see `FeatureValues.roundoff`.
    """

    invalid_share: float = 0.05
    roundoff: float = 0.01


DEFAULT_SELECTION: Final = SelectionSettings()


@dataclass(frozen=True)
class Selection:
    """What became of each feature.

    Attributes:
        kept: int64 (k,): rows of the useful features, rising.
        reasons: by row, why the other features are dropped: one of `REASONS`.
    """

    kept: NDArray[np.int64]
    reasons: dict[int, str]

    @property
    def counts(self) -> dict[str, int]:
        """How many features were dropped for each reason."""
        counted = Counter(self.reasons.values())
        return {reason: counted[reason] for reason in REASONS}


def select(*tables: FeatureValues, settings: SelectionSettings = DEFAULT_SELECTION) -> Selection:
    """Find the features that are useful in every one of these tables.

    Args:
        tables: of the same features, one or more. A feature that is useless in one of them is dropped for the reason
            there; a repeat is one that equals the earlier feature in all of them.
        settings: what makes a feature useless.
    """
    reasons: dict[int, str] = {}
    kept: list[int] = []
    for row in range(len(tables[0].features)):
        found = (reason for table in tables for reason, is_true in _TESTS.items() if is_true(table, row, settings))
        reason = next(found, None)
        if reason is None:
            kept.append(row)
        else:
            reasons[row] = reason
    repeats = _repeats(tables, kept)
    reasons.update(dict.fromkeys(repeats, REASONS[-1]))
    return Selection(np.array([row for row in kept if row not in repeats], np.int64), dict(sorted(reasons.items())))


def _is_often_invalid(table: FeatureValues, row: int, settings: SelectionSettings) -> bool:
    valid = table.valid[row]
    starts = np.cumsum(table.units) - table.units
    return bool((~valid).mean() > settings.invalid_share or (np.add.reduceat(valid, starts, dtype=np.int64) == 0).any())


def _is_not_finite(table: FeatureValues, row: int, _settings: SelectionSettings) -> bool:
    return not np.isfinite(table.values[row]).all()  # 0 where invalid


def _is_constant(table: FeatureValues, row: int, _settings: SelectionSettings) -> bool:
    values = table.values[row][table.valid[row]]
    return bool(np.ptp(values) <= _EQUAL * np.abs(values).max())


def _is_undetermined(table: FeatureValues, row: int, settings: SelectionSettings) -> bool:
    deviation = table.values[row][table.valid[row]].std(dtype=np.float64)
    return bool(table.roundoff[row] > settings.roundoff * deviation)


_TESTS: Final[dict[str, Callable[[FeatureValues, int, SelectionSettings], bool]]] = dict(
    zip(REASONS, (_is_often_invalid, _is_not_finite, _is_constant, _is_undetermined), strict=False)
)


def _repeats(tables: Sequence[FeatureValues], rows: list[int]) -> set[int]:
    """The rows that equal an earlier one within rounding: only rows of nearly the same sum are compared."""
    table = tables[0]
    sums = {row: float(table.values[row].sum(dtype=np.float64)) for row in rows}
    scales = {row: float(np.abs(table.values[row]).max()) for row in rows}
    width = int(table.units.sum())
    ordered = sorted(rows, key=lambda row: (sums[row], row))
    repeats: set[int] = set()
    for position, row in enumerate(ordered):
        for other in ordered[position + 1 :]:
            if sums[other] - sums[row] > _EQUAL * width * max(scales[row], scales[other]):
                break
            if all(_are_equal(each, row, other) for each in tables):
                repeats.add(max(row, other))
    return repeats


def _are_equal(table: FeatureValues, row: int, other: int) -> bool:
    one, another = table.values[row], table.values[other]
    tolerance = _EQUAL * max(float(np.abs(one).max()), float(np.abs(another).max()))
    same_units = bool((table.valid[row] == table.valid[other]).all())
    return same_units and bool((np.abs(one - another) <= tolerance).all())
