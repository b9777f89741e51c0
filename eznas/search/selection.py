"""Selection: who breeds, and who survives. Two schemes behind one interface, in which tournaments select the one or
the other.

Source of the second: DEAP 1.4, `algorithms.eaMuPlusLambda` with `algorithms.varOr` and `tools.selTournament`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from eznas.genomes.base import Genome
from eznas.options import Distinct
from eznas.options import Selection as SelectionName
from eznas.search.evaluated import Evaluated
from eznas.search.settings import EvolutionSettings


@dataclass(frozen=True, slots=True)
class Individual:
    """A genome, and what its program is worth."""

    genome: Genome
    evaluated: Evaluated


class Selection(ABC):
    """Who breeds, and who survives. Every random choice comes from the generator that is passed in."""

    def __init__(self, settings: EvolutionSettings) -> None:
        """Select as `settings` say; their `selection` names the class, see `of`."""
        self._tournament = settings.tournament
        self._mu = settings.mu
        self._distinct = settings.distinct

    @staticmethod
    def of(settings: EvolutionSettings) -> Selection:
        """Return the scheme that the settings name."""
        return _SCHEMES[settings.selection](settings)

    def initial(self, created: Sequence[Individual]) -> tuple[Individual, ...]:
        """Return those of the initial population that may breed: all, or the simplest of each kind; best first."""
        return tuple(_simplest_of_each_kind(created, self._distinct))

    @abstractmethod
    def parents(self, population: Sequence[Individual], count: int, rng: np.random.Generator) -> tuple[Individual, ...]:
        """Return one or two parents of one offspring.

        Args:
            population: at least one individual, as `initial` or `survivors` returned it.
            count: how many parents the offspring has.
            rng: makes the choice.
        """

    @abstractmethod
    def survivors(
        self, parents: Sequence[Individual], offspring: Sequence[Individual], rng: np.random.Generator
    ) -> tuple[Individual, ...]:
        """Return the next population, `mu` individuals or all that may survive."""


class SelectParents(Selection):
    """Parents win a tournament; the best `mu` of parents and offspring survive."""

    def parents(self, population: Sequence[Individual], count: int, rng: np.random.Generator) -> tuple[Individual, ...]:
        """Let the fittest of so many contestants, drawn with replacement, be a parent; one parent may win twice."""
        # The population is sorted, so the lowest index is the fittest.
        return tuple(population[int(rng.integers(len(population), size=self._tournament).min())] for _ in range(count))

    def survivors(
        self,
        parents: Sequence[Individual],
        offspring: Sequence[Individual],
        rng: np.random.Generator,  # noqa: ARG002  nothing is left to chance
    ) -> tuple[Individual, ...]:
        """Return the best, best first."""
        return tuple(_simplest_of_each_kind([*parents, *offspring], self._distinct)[: self._mu])


class SelectSurvivors(Selection):
    """Parents are drawn uniformly; `mu` tournaments among parents and offspring decide who survives."""

    def parents(self, population: Sequence[Individual], count: int, rng: np.random.Generator) -> tuple[Individual, ...]:
        """Draw different individuals, or the same where there is but one."""
        chosen = rng.choice(len(population), size=count, replace=count > len(population))
        return tuple(population[int(index)] for index in chosen)

    def survivors(
        self, parents: Sequence[Individual], offspring: Sequence[Individual], rng: np.random.Generator
    ) -> tuple[Individual, ...]:
        """Let the fittest of contestants drawn with replacement survive; of equals the one that was drawn first.

        So an individual may survive as several copies; but where repeats must not survive, a winner leaves the ring.
        """
        ring = _simplest_of_each_kind([*parents, *offspring], self._distinct)
        winners: list[Individual] = []
        while ring and len(winners) < self._mu:
            contestants = rng.integers(len(ring), size=self._tournament).tolist()
            winner = max(contestants, key=lambda index: ring[index].evaluated.merit())
            winners.append(ring[winner] if self._distinct == "none" else ring.pop(winner))
        return tuple(winners)


_SCHEMES: Final[dict[SelectionName, type[Selection]]] = {"parents": SelectParents, "survivors": SelectSurvivors}


def _simplest_of_each_kind(individuals: Sequence[Individual], distinct: Distinct) -> list[Individual]:
    """Return individuals sorted best first, and of those that `distinct` calls repeats of each other the simplest."""
    ranked = sorted(individuals, key=lambda individual: individual.evaluated.rank_key())
    if distinct == "none":
        return ranked
    kinds: dict[object, Individual] = {}
    for individual in ranked:
        # Sorted, so that the simplest of each kind comes first and stays.
        kinds.setdefault(_kind(individual.evaluated, distinct), individual)
    return list(kinds.values())


def _kind(evaluated: Evaluated, distinct: Distinct) -> object:
    """Return what two copies of one individual have in common; invalid programs are told apart by their nodes."""
    return evaluated.ranking if distinct == "ranking" and evaluated.is_valid else evaluated.program
