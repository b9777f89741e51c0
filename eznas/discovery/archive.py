"""The hall of fame of a search for formulas: the best of every size, and the choice among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import ge
from typing import Final

import numpy as np

from eznas.discovery.fitness import INVALID, fitness_of, workspace_for
from eznas.discovery.island import Island
from eznas.discovery.problem import Arrays

KEPT_PER_SIZE: Final = 16
"""How many formulas of each size the archive keeps by each of their merits."""

Codes = tuple[int, ...]
"""A formula in postfix notation."""


@dataclass(frozen=True, slots=True)
class Found:
    """A formula of the archive.

    Attributes:
        codes: the formula.
        fitness: on the networks of the search.
        extremes: its fitness by tau alone and by the top-weighted tau alone, where both are the objective; else ().
    """

    codes: Codes
    fitness: float
    extremes: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """How many nodes the formula has."""
        return len(self.codes)

    @property
    def merits(self) -> tuple[float, ...]:
        """All numbers by which formulas of one size are better or worse."""
        return self.fitness, *self.extremes


@dataclass
class Archive:
    """The best formulas of each size by each of their merits, in one order whatever the order in which they came."""

    by_size: dict[int, list[Found]] = field(default_factory=dict)

    def add(self, found: Iterable[Found]) -> None:
        """Take in formulas; of several of one size and equal merits, which rank alike, the first by its codes stays."""
        for one in found:
            kept = self.by_size.setdefault(one.size, [])
            same = next((other for other in kept if other.merits == one.merits), None)
            if same is not None:
                if one.codes < same.codes:
                    kept[kept.index(same)] = one
                continue
            kept.append(one)
            kept.sort(key=lambda other: tuple(-merit for merit in other.merits))
            kept[:] = _best_by_any_merit(kept)

    @property
    def formulas(self) -> list[Found]:
        """All formulas, small ones first and among those of one size the best first."""
        return [found for size in sorted(self.by_size) for found in self.by_size[size]]

    @property
    def best(self) -> Found | None:
        """The formula of the highest fitness, the smallest one where several have it; None without formulas."""
        return max(self.formulas, key=lambda one: one.fitness, default=None)

    @property
    def front(self) -> list[Found]:
        """The formulas than which no formula of the same size or smaller is better, by rising size.

        Where the objective is both taus, better means not worse by either of them and better by one.
        """
        front: list[Found] = []
        for one in self.formulas:
            if not any(_is_as_good(other, one) for other in front):
                # Of one size, one that comes later may be better than it.
                front = [other for other in front if other.size < one.size or not _is_as_good(one, other)]
                front.append(one)
        return front


def _is_as_good(one: Found, other: Found) -> bool:
    return all(map(ge, one.extremes or (one.fitness,), other.extremes or (other.fitness,)))


def _best_by_any_merit(formulas: Sequence[Found]) -> list[Found]:
    """Return those that are among the best by one of the merits, in the same order; `formulas` fall in the first."""
    kept: set[int] = set()
    for falling in zip(*([-merit for merit in one.merits] for one in formulas), strict=True):
        kept.update(sorted(range(len(formulas)), key=falling.__getitem__)[:KEPT_PER_SIZE])
    return [formulas[place] for place in sorted(kept)]


def remembered(island: Island) -> list[Found]:
    """Return the formulas that an island remembers."""
    return [
        Found(tuple(island.kept_codes[size, place, :size].tolist()), float(island.kept_fitness[size, place]))
        for size, place in zip(*np.nonzero(island.kept_fitness > INVALID), strict=True)
    ]


def with_merits(formulas: Sequence[Found], arrays: Arrays, top_shares: Sequence[float]) -> list[Found]:
    """Return formulas with their merits on a problem under each of these weights of the top-weighted tau.

    Args:
        formulas: whose fitness may be of another weight.
        arrays: the problem.
        top_shares: that of the fitness first, then those of the extremes.
    """
    codes = [formula.codes for formula in formulas]
    merits = [fitness_on(codes, arrays._replace(top_share=share)) for share in top_shares]
    return [Found(one, fitness, tuple(more)) for one, fitness, *more in zip(codes, *merits, strict=True)]


def fitness_on(formulas: Sequence[Codes], arrays: Arrays) -> list[float]:
    """Return the fitness of formulas on other networks than those of the search, `INVALID` included."""
    work = workspace_for(arrays)
    return [fitness_of(np.array(codes, np.int32), len(codes), arrays, work) for codes in formulas]
