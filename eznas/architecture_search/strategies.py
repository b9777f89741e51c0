"""How a search goes from one architecture to the next.

A strategy is a generator that yields the text of an architecture and is sent its score, higher for a better one; minus
infinity where it has none, and None where it may not be taken. It may yield one again, which costs nothing. It ends
when whoever drives it stops asking.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Final, TypeAlias

import numpy as np

from eznas.architecture_search.candidates import Candidates
from eznas.options import Strategy
from eznas.scoring.ties import agree

Steps: TypeAlias = Generator[str, float | None, None]

POPULATION: Final = 20
"""Living members of regularised evolution."""

TOURNAMENT: Final = 5
"""Members of which the best becomes a parent."""

_FURTHER_MUTATIONS: Final = 20


def random_search(candidates: Candidates, rng: np.random.Generator) -> Steps:
    """Draw architectures independently."""
    while True:
        yield candidates.random(rng)


def regularised_evolution(candidates: Candidates, rng: np.random.Generator) -> Steps:
    """Replace the oldest member by a mutation of the best of some (Real et al., AAAI 2019).

    A child that was met before is mutated further, so that a population around an optimum looks beyond it; where that
    leads to nothing new, a random architecture takes its place.
    """
    met: set[str] = set()
    members: deque[tuple[str, float]] = deque()
    while len(members) < POPULATION:
        architecture = candidates.random(rng)
        met.add(architecture)
        score = yield architecture
        if score is not None:
            members.append((architecture, score))
    while True:
        chosen = rng.choice(len(members), size=TOURNAMENT, replace=False)
        parent, _ = max((members[index] for index in chosen), key=lambda member: member[1])
        child = candidates.mutate(parent, rng)
        for _ in range(_FURTHER_MUTATIONS):
            if child not in met:
                break
            child = candidates.mutate(child, rng)
        else:
            child = candidates.random(rng)
        met.add(child)
        score = yield child
        if score is not None:
            members.append((child, score))
            members.popleft()


def local_search(candidates: Candidates, rng: np.random.Generator) -> Steps:
    """Go to the first better neighbour in random order, and begin anew where there is none (White et al., UAI 2021).

    A neighbour whose score differs by less than the error of computing it is no better one.
    """
    while True:
        current = candidates.random(rng)
        score = yield current
        if score is None:
            continue
        better: str | None = current
        while better is not None:
            current, better = better, None
            neighbours = candidates.neighbours(current)
            for index in rng.permutation(len(neighbours)).tolist():
                other = yield neighbours[index]
                if other is not None and other > score and not agree(other, score):
                    better, score = neighbours[index], other
                    break


STRATEGIES: Final[dict[Strategy, Callable[[Candidates, np.random.Generator], Steps]]] = {
    "random": random_search,
    "evolution": regularised_evolution,
    "local": local_search,
}
"""The strategies by name."""
