"""What a search found: programs with how well they rank the networks, and the front of size against that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eznas.proxies import Proxy


@dataclass(frozen=True)
class FoundProxy:
    """A proxy that a search found.

    Attributes:
        proxy: turned so that `eznas.score` is higher for a better network.
        fitness: Kendall's |tau| between its scores and the accuracies that it was found with.
        size: how many operations it computes.
    """

    proxy: Proxy
    fitness: float
    size: int

    @property
    def formula(self) -> str:
        """The proxy as text."""
        return self.proxy.formula


def pareto_front(found: Iterable[FoundProxy]) -> list[FoundProxy]:
    """Return those that are better than all that are not larger, smallest first; of equal ones the first."""
    front: list[FoundProxy] = []
    for one in sorted(found, key=lambda one: (one.size, -one.fitness)):
        if not front or one.fitness > front[-1].fitness:
            front.append(one)
    return front
