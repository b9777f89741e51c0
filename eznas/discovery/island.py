"""An island: one population of formulas that evolves on its own, compiled as a whole.

A step draws two formulas by tournament, makes a child of them or of the first alone, evaluates it, and puts it in the
place of the oldest member. What was good is not lost: for every size the island remembers the best formulas that it
has seen. Selection is by fitness minus a penalty for every node. Replacing the oldest is regularised evolution: Real
et al., "Regularized evolution for image classifier architecture search", AAAI 2019; for formulas Cranmer, PySR (2023).
"""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.alphabet import Alphabet, alphabet_of
from eznas.discovery.chance import below, mixed, uniform
from eznas.discovery.codes import copy
from eznas.discovery.fitness import INVALID, Workspace, fitness_of, workspace_for
from eznas.discovery.limits import MAXIMUM_NODES
from eznas.discovery.problem import Arrays, NetworkGroup, arrays_of
from eznas.discovery.variation import cross, draw_fresh, mutate
from eznas.ops.jit import compile_for, compiled, compiled_part, written_out
from eznas.system.compilation import Part

KEPT_PER_SIZE: Final = 8
"""How many formulas of each size an island remembers."""

_KNOWN: Final = 1 << 16  # formulas whose fitness an island knows by heart; a newer one takes the place of an older
_ATTEMPTS: Final = 8


class Island(NamedTuple):
    """The state of an island: plain arrays, which a checkpoint writes as they are.

    Attributes:
        codes: int32 (members, MAXIMUM_NODES), formulas in postfix notation.
        lengths: int64 (members,).
        fitness: float64 (members,).
        kept_codes: int32 (MAXIMUM_NODES + 1, KEPT_PER_SIZE, MAXIMUM_NODES), the best formulas by size.
        kept_fitness: float64 (MAXIMUM_NODES + 1, KEPT_PER_SIZE), falling along a row; `INVALID` where there is none.
        known: uint64 (2, n): hashes of formulas, and the bits of their fitness.
        chance: uint64 (1,): the state of the random numbers.
        counts: int64 (4,): the oldest member; formulas made; formulas evaluated, which leaves out those whose fitness
            was known; formulas made when the best one was last improved.
    """

    codes: NDArray[np.int32]
    lengths: NDArray[np.int64]
    fitness: NDArray[np.float64]
    kept_codes: NDArray[np.int32]
    kept_fitness: NDArray[np.float64]
    known: NDArray[np.uint64]
    chance: NDArray[np.uint64]
    counts: NDArray[np.int64]


OLDEST: Final = 0
MADE: Final = 1
EVALUATED: Final = 2
IMPROVED: Final = 3


def new_island(members: int, rng: np.random.Generator) -> Island:
    """Return an island whose members are yet to be drawn, see `evolve`."""
    return Island(
        codes=np.zeros((members, MAXIMUM_NODES), np.int32),
        lengths=np.zeros(members, np.int64),
        fitness=np.full(members, INVALID),
        kept_codes=np.zeros((MAXIMUM_NODES + 1, KEPT_PER_SIZE, MAXIMUM_NODES), np.int32),
        kept_fitness=np.full((MAXIMUM_NODES + 1, KEPT_PER_SIZE), INVALID),
        known=np.zeros((2, _KNOWN), np.uint64),
        chance=rng.integers(2**64, size=1, dtype=np.uint64),
        counts=np.zeros(4, np.int64),
    )


@compiled
def _hash(codes: NDArray[np.int32], length: int) -> np.uint64:
    value = np.uint64(length)
    for place in range(length):
        value = mixed(value ^ np.uint64(np.int64(codes[place]) + np.int64(1 << 32)))
    return value


@compiled
def _remember(island: Island, codes: NDArray[np.int32], length: int, fitness: float) -> None:
    """Keep a formula among the best of its size; of several with the very same fitness only the first."""
    row = island.kept_fitness[length]
    if fitness <= row[KEPT_PER_SIZE - 1]:
        return
    place = 0
    while row[place] > fitness:
        place += 1
    if row[place] == fitness:
        return
    kept = island.kept_codes[length]
    for later in range(KEPT_PER_SIZE - 1, place, -1):
        row[later] = row[later - 1]
        copy(kept[later - 1], 0, length, kept[later], 0)
    row[place] = fitness
    copy(codes, 0, length, kept[place], 0)
    if place == 0:
        island.counts[IMPROVED] = island.counts[MADE]


@written_out
def _fitness(island: Island, codes: NDArray[np.int32], length: int, arrays: Arrays, work: Workspace) -> float:
    """The fitness of a formula, by heart or computed."""
    key = _hash(codes, length) | np.uint64(1)
    place = np.int64(key >> np.uint64(1)) & np.int64(_KNOWN - 1)
    if island.known[0, place] == key:
        return float(island.known[1, place : place + 1].view(np.float64)[0])
    fitness = fitness_of(codes, length, arrays, work)
    island.counts[EVALUATED] += 1
    island.known[0, place] = key
    island.known[1, place : place + 1].view(np.float64)[0] = fitness
    return fitness


@written_out
def _take_in(island: Island, codes: NDArray[np.int32], length: int, arrays: Arrays, work: Workspace) -> None:
    """Evaluate a formula and put it in the place of the oldest member."""
    fitness = _fitness(island, codes, length, arrays, work)
    island.counts[MADE] += 1
    if fitness > INVALID:
        _remember(island, codes, length, fitness)
    oldest = island.counts[OLDEST]
    copy(codes, 0, length, island.codes[oldest], 0)
    island.lengths[oldest] = length
    island.fitness[oldest] = fitness
    island.counts[OLDEST] = (oldest + 1) % len(island.lengths)


@compiled
def _tournament(island: Island, rounds: int, parsimony: float) -> int:
    best = below(island.chance, len(island.lengths))
    best_value = island.fitness[best] - parsimony * island.lengths[best]
    for _ in range(rounds - 1):
        other = below(island.chance, len(island.lengths))
        value = island.fitness[other] - parsimony * island.lengths[other]
        if value > best_value:
            best, best_value = other, value
    return best


@compiled
def child_of(
    island: Island,
    alphabet: Alphabet,
    rounds: int,
    parsimony: float,
    crossover: float,
    random_share: float,
    patch: NDArray[np.int32],
    child: NDArray[np.int32],
) -> int:
    """Write a child of one or two members, or a fresh formula; returns its length."""
    if random_share > 0.0 and uniform(island.chance) < random_share:
        return draw_fresh(island.chance, alphabet, child)
    first = _tournament(island, rounds, parsimony)
    for _ in range(_ATTEMPTS):
        if uniform(island.chance) < crossover:
            second = _tournament(island, rounds, parsimony)
            length = cross(
                island.chance,
                island.codes[first],
                island.lengths[first],
                island.codes[second],
                island.lengths[second],
                alphabet,
                child,
            )
        else:
            length = mutate(island.chance, island.codes[first], island.lengths[first], alphabet, patch, child)
        if 0 < length <= alphabet.most_nodes:
            return length
    return draw_fresh(island.chance, alphabet, child)


@compiled
def evolve(
    island: Island,
    arrays: Arrays,
    alphabet: Alphabet,
    work: Workspace,
    guests: NDArray[np.int32],
    guest_lengths: NDArray[np.int64],
    fresh: int,
    steps: int,
    rounds: int,
    parsimony: float,
    crossover: float,
    random_share: float,
) -> None:
    """Draw fresh formulas, take in some from elsewhere, and make children, in this order.

    One function does all three, because each that evaluates formulas takes long to compile.

    Args:
        island: changed in place.
        arrays: the problem.
        alphabet: what variation makes formulas of.
        work: of this thread.
        guests: int32 (formulas, MAXIMUM_NODES), in postfix notation.
        guest_lengths: int64 (formulas,), their numbers of nodes.
        fresh: how many random formulas; as many as there are members make a new population.
        steps: how many children.
        rounds: members that a tournament draws.
        parsimony: what a node costs in fitness.
        crossover: share of children of two parents.
        random_share: share of fresh formulas among the children.
    """
    child = np.zeros(MAXIMUM_NODES, np.int32)
    patch = np.zeros(MAXIMUM_NODES + 2, np.int32)
    for turn in range(len(guest_lengths) + fresh + steps):
        if turn < fresh:
            length = draw_fresh(island.chance, alphabet, child)
        elif turn < fresh + len(guest_lengths):
            length = guest_lengths[turn - fresh]
            copy(guests[turn - fresh], 0, length, child, 0)
        else:
            length = child_of(island, alphabet, rounds, parsimony, crossover, random_share, patch, child)
        _take_in(island, child, length, arrays, work)


def compiled_parts() -> list[Part]:
    """Return what of evolution can be compiled by itself; the last part has all of it, and the others are its parts."""
    none, feature = np.ones(1, np.int64), np.ones((1, 1), np.float32)
    group = NetworkGroup(none, feature, np.ones((1, 1), np.bool_), np.ones(1), np.empty((0, 1)))
    arrays, alphabet = arrays_of([group], "sum"), alphabet_of(none)
    work, island = workspace_for(arrays), new_island(1, np.random.default_rng(0))
    child, guests = np.zeros(MAXIMUM_NODES, np.int32), np.zeros((0, MAXIMUM_NODES), np.int32)
    of_child = (island, alphabet, 1, 0.0, 0.0, 0.0, child, child)
    of_evolution = (island, arrays, alphabet, work, guests, none, 1, 1, 1, 0.0, 0.0, 0.0)
    return [
        compiled_part("fitness", __file__, partial(compile_for, fitness_of, child, 1, arrays, work)),
        compiled_part("variation", __file__, partial(compile_for, child_of, *of_child)),
        compiled_part(
            "evolution", __file__, partial(compile_for, evolve, *of_evolution), needs=("fitness", "variation")
        ),
    ]
