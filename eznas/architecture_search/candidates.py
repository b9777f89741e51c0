"""Where a search finds architectures: in a whole space, or among the networks of a table alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

import numpy as np

from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError, in_users_code, shown
from eznas.spaces.base import Space, canonical_text

_TRIED: Final = 100
"""Networks of a table that are asked for neighbours before it counts as one without any."""

_LARGEST_RING: Final = 4_000
"""The most architectures that are looked at to find the neighbours of one at two steps' distance in a table."""


class Candidates(ABC):
    """The architectures that a search may propose."""

    @abstractmethod
    def random(self, rng: np.random.Generator) -> str:
        """Return the text of one architecture."""

    @abstractmethod
    def neighbours(self, architecture: str) -> list[str]:
        """Return the texts of those that are near it, always in the same order; there may be none."""

    def mutate(self, architecture: str, rng: np.random.Generator) -> str:
        """Return one of the neighbours, each equally likely, or a random architecture where there is none."""
        neighbours = self.neighbours(architecture)
        return neighbours[rng.integers(len(neighbours))] if neighbours else self.random(rng)

    @abstractmethod
    def check_neighbours(self, rng: np.random.Generator) -> None:
        """Raise an `EznasError` that says why no search can go from one architecture to the next."""


class SpaceCandidates(Candidates):
    """All architectures of a space."""

    def __init__(self, space: Space) -> None:
        self._space = space

    def random(self, rng: np.random.Generator) -> str:
        """Return what the space draws.

        Raises:
            EznasError: the space draws no networks; the sentence says what it lacks, or what its `random` does wrong.
        """
        with in_users_code(f"The space {self._space.name} could not draw a network", "correct its `random`"):
            text: object = self._space.random(rng)
        if not isinstance(text, str):
            raise EznasError(
                f"`random` of the space {self._space.name} returned {shown(text)}: let it return the text of an "
                "architecture."
            )
        return canonical_text(self._space, text)

    def neighbours(self, architecture: str) -> list[str]:
        """Return the neighbours that the space knows.

        Raises:
            EznasError: the space varies no networks; the sentence says what it lacks.
        """
        return _neighbours(self._space, architecture)

    def check_neighbours(self, rng: np.random.Generator) -> None:
        """Ask for the neighbours of a random architecture."""
        self.neighbours(self.random(rng))


class TableCandidates(Candidates):
    """The networks of a benchmark: those whose accuracy is known.

    The neighbours of a network are those of the table at one step's distance in the space, and where the table, as a
    sample of the space, has none of these, those at two steps' distance.
    """

    def __init__(self, benchmark: Benchmark) -> None:
        self._benchmark = benchmark
        self._known = frozenset(benchmark.architectures)
        self._neighbours: dict[str, list[str]] = {}

    def random(self, rng: np.random.Generator) -> str:
        """Return a network of the table, each equally likely."""
        return self._benchmark.architectures[rng.integers(len(self._benchmark))]

    def neighbours(self, architecture: str) -> list[str]:
        """Return the networks of the table that are nearest, at two steps' distance at most.

        Raises:
            EznasError: the space varies no networks; the sentence says what it lacks.
        """
        if architecture not in self._neighbours:
            self._neighbours[architecture] = self._nearest(architecture)
        return self._neighbours[architecture]

    def check_neighbours(self, rng: np.random.Generator) -> None:  # noqa: ARG002
        """Look for neighbours of the first networks."""
        if not any(map(self.neighbours, self._benchmark.architectures[:_TRIED])):
            raise EznasError(
                f"No two networks of {self._benchmark.name} are near each other in the space "
                f"{self._benchmark.space.name}, of which the table is a small sample: take --strategy random, or "
                "search the space itself with --beyond-table."
            )

    def _nearest(self, architecture: str) -> list[str]:
        ring = _neighbours(self._benchmark.space, architecture)
        near = [one for one in ring if one in self._known]
        if near or len(ring) ** 2 > _LARGEST_RING:
            return near
        further = {other: None for one in ring for other in _neighbours(self._benchmark.space, one)}
        return [one for one in further if one in self._known and one != architecture]


def _neighbours(space: Space, architecture: str) -> list[str]:
    """Return the canonical texts of the neighbours that a space knows, which may be the user's own code."""
    with in_users_code(
        f"The space {space.name} could not vary the network {architecture:.120}", "correct its `neighbours`"
    ):
        found: object = space.neighbours(architecture)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise EznasError(
            f"`neighbours` of the space {space.name} returned {shown(found)} for {architecture:.120}: let it return "
            "the texts of architectures."
        )
    return [canonical_text(space, one) for one in found]
