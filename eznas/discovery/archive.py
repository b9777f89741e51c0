"""The hall of fame of a search for formulas: the best of every size, and the choice among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from eznas.discovery.fitness import fitness_of, workspace_for
from eznas.discovery.island import Island
from eznas.discovery.problem import Arrays

KEPT_PER_SIZE: Final = 16
"""How many formulas of each size the archive keeps."""

Codes = tuple[int, ...]
"""A formula in postfix notation."""


@dataclass(frozen=True, slots=True)
class Found:
    """A formula of the archive.

    Attributes:
        codes: the formula.
        fitness: on the networks of the search.
    """

    codes: Codes
    fitness: float

    @property
    def size(self) -> int:
        """How many nodes the formula has."""
        return len(self.codes)


@dataclass
class Archive:
    """The best formulas of each size, in one order whatever the order in which they came."""

    by_size: dict[int, list[Found]] = field(default_factory=dict)

    def add(self, found: Iterable[Found]) -> None:
        """Take in formulas; of several of one size and fitness, which rank alike, the first by its codes stays."""
        for one in found:
            kept = self.by_size.setdefault(one.size, [])
            same = next((other for other in kept if other.fitness == one.fitness), None)
            if same is not None:
                if one.codes < same.codes:
                    kept[kept.index(same)] = one
                continue
            kept.append(one)
            kept.sort(key=lambda other: -other.fitness)
            del kept[KEPT_PER_SIZE:]

    @property
    def formulas(self) -> list[Found]:
        """All formulas, small ones first and among those of one size the best first."""
        return [found for size in sorted(self.by_size) for found in self.by_size[size]]

    @property
    def front(self) -> list[Found]:
        """The formulas than which no formula of the same size or smaller is better, by rising size."""
        front: list[Found] = []
        for size in sorted(self.by_size):
            best = self.by_size[size][0]
            if not front or best.fitness > front[-1].fitness:
                front.append(best)
        return front


def remembered(island: Island) -> list[Found]:
    """Return the formulas that an island remembers."""
    return [
        Found(tuple(island.kept_codes[size, place, :size].tolist()), float(island.kept_fitness[size, place]))
        for size, place in zip(*np.nonzero(island.kept_fitness > 0), strict=True)
    ]


def fitness_on(formulas: Sequence[Codes], arrays: Arrays) -> list[float]:
    """Return the fitness of formulas on other networks than those of the search; -1 for one that ranks none."""
    work = workspace_for(arrays)
    return [fitness_of(np.array(codes, np.int32), len(codes), arrays, work) for codes in formulas]
