"""Formulas that join others: after a search, the terms of its archive are added to or subtracted from each other.

A sum of terms evolves badly, since whatever changes one term changes the balance of all. Terms that evolved alone are
good already and err differently, so that a sum of them often ranks better than each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.archive import KEPT_PER_SIZE, Archive, Codes, Found
from eznas.discovery.arithmetic import settled, signed_log
from eznas.discovery.codes import ADDED, SUBTRACTED, is_join
from eznas.discovery.fitness import INVALID, Workspace, fitness_of_scores, judge, workspace_for
from eznas.discovery.problem import Arrays
from eznas.ops.jit import compiled
from eznas.statistics.workers import run_in_threads

_JOINED_AGAIN: Final = 4
"""How many joins of each size are joined with a further term: with all that the archive keeps it takes as long as the
search."""


@dataclass(frozen=True, eq=False)
class _Terms:
    """The formulas of one term that are joined, and the networks that joins are to rank.

    Attributes:
        codes: of each formula.
        orientations: int64 (terms,), +1 or -1.
        logarithms: float64 (terms, networks), the signed logarithms of their scores.
        problems: the problem under each weight of the top-weighted tau; the first is that of the fitness.
    """

    codes: Sequence[Codes]
    orientations: NDArray[np.int64]
    logarithms: NDArray[np.float64]
    problems: Sequence[Arrays]


@dataclass(frozen=True)
class _Join:
    """Some of the terms, in order: the first is added, the others so that all are turned alike."""

    members: tuple[int, ...]
    merits: tuple[float, ...]


def with_joins(archive: Archive, terms: int, arrays: Arrays, top_shares: Sequence[float], threads: int) -> Archive:
    """Return an archive that has also the best joins of each size: of all pairs, and of these with a further term.

    Args:
        archive: of a search; it is left as it is. Its formulas of several terms are not joined.
        terms: of a join, at most; 1 for none.
        arrays: the problem that fitness is of.
        top_shares: the weights of the top-weighted tau by which the archive keeps formulas.
        threads: the result does not depend on them.
    """
    joined = Archive()
    joined.add(archive.formulas)
    singles = _terms_of(archive, [arrays._replace(top_share=share) for share in top_shares])
    joins = [_Join((term,), ()) for term in range(len(singles.codes))]
    for _ in range(terms - 1 if joins else 0):
        merits = _merits_with_one_more(joins, singles, threads)
        joined.add(_found(join, singles) for join in _best_of_each_size(joins, merits, singles, KEPT_PER_SIZE))
        joins = _best_of_each_size(joins, merits, singles, _JOINED_AGAIN)
    return joined


def _terms_of(archive: Archive, problems: Sequence[Arrays]) -> _Terms:
    codes = [one.codes for one in archive.formulas if not is_join(one.codes[-1])]
    work = workspace_for(problems[0])
    orientations = np.zeros(len(codes), np.int64)
    logarithms = np.zeros((len(codes), len(work.scores)))
    for place, one in enumerate(codes):
        orientations[place] = judge(np.array(one, np.int32), problems[0], work).orientation
        _write_signed_logarithms(work.scores, logarithms[place])
    return _Terms(codes, orientations, logarithms, problems)


def _merits_with_one_more(joins: Sequence[_Join], singles: _Terms, threads: int) -> NDArray[np.float64]:
    """Return the merits of all joins of these with one term more; `INVALID` for those that are not wanted.

    Returns:
        float64 (joins, terms, merits).
    """
    places = np.arange(len(singles.codes))

    def merits_of(place: int) -> NDArray[np.float64]:
        members = joins[place].members
        turns = singles.orientations * singles.orientations[members[0]]
        sums, sizes = np.zeros(singles.logarithms.shape[1]), np.zeros(singles.logarithms.shape[1])
        for member in members:
            sums += turns[member] * singles.logarithms[member]
            sizes += np.abs(singles.logarithms[member])
        # Of a pair, the first term comes first, so that each comes once.
        wanted = places > members[0] if len(members) == 1 else ~np.isin(places, members)
        merits = np.full((len(singles.problems), len(places)), INVALID)
        for problem, row in zip(singles.problems, merits, strict=True):
            work = workspace_for(problem)
            _rank_joins(sums, sizes, singles.logarithms, np.where(wanted, turns, 0), problem, work, row)
        return merits.T

    return np.array(run_in_threads(merits_of, count=len(joins), threads=threads, limit=lambda: threads))


def _best_of_each_size(joins: Sequence[_Join], merits: NDArray[np.float64], singles: _Terms, count: int) -> list[_Join]:
    """Return the best of the joins with one term more, of each size by each of their merits, each set of terms once."""
    lengths = np.array([len(codes) for codes in singles.codes])
    sizes = np.add.outer([sum(lengths[list(join.members)]) for join in joins], lengths)
    sizes[~np.all(merits > INVALID, axis=2)] = 0
    best: dict[frozenset[int], _Join] = {}
    for size in np.unique(sizes[sizes > 0]):
        rows, columns = np.nonzero(sizes == size)
        for falling in -merits[rows, columns].T:
            kept: set[frozenset[int]] = set()
            for place in np.argsort(falling, kind="stable"):
                members = (*joins[rows[place]].members, int(columns[place]))
                if len(kept) < count and frozenset(members) not in kept:
                    kept.add(frozenset(members))
                    best.setdefault(
                        frozenset(members), _Join(members, tuple(merits[rows[place], columns[place]].tolist()))
                    )
                elif len(kept) == count:
                    break
    return list(best.values())


def _found(join: _Join, singles: _Terms) -> Found:
    first, *others = join.members
    codes = singles.codes[first]
    for other in others:
        turned_alike = singles.orientations[other] == singles.orientations[first]
        codes = (*codes, *singles.codes[other], ADDED if turned_alike else SUBTRACTED)
    fitness, *extremes = join.merits
    return Found(codes, fitness, tuple(extremes))


@compiled
def _write_signed_logarithms(scores: NDArray[np.float64], into: NDArray[np.float64]) -> None:
    for network in range(len(scores)):
        into[network] = signed_log(scores[network])


@compiled
def _rank_joins(
    sums: NDArray[np.float64],
    sizes: NDArray[np.float64],
    logarithms: NDArray[np.float64],
    signs: NDArray[np.int64],
    arrays: Arrays,
    work: Workspace,
    fitness: NDArray[np.float64],
) -> None:
    """Write the fitness of a formula joined with one more term: as `score_networks` and `fitness_of` do, to the bit.

    Args:
        sums: float64 (networks,), of the signed logarithms of the formula's terms.
        sizes: float64 (networks,), of their absolute values.
        logarithms: float64 (terms, networks), of all terms.
        signs: int64 (terms,): whether a term is added or subtracted; 0 for one that is not joined.
        arrays: the problem.
        work: overwritten.
        fitness: float64 (terms,), overwritten for the terms that are joined.
    """
    for term in range(len(signs)):
        if signs[term] == 0:
            continue
        for network in range(len(sums)):
            score = sums[network] + signs[term] * logarithms[term, network]
            size = sizes[network] + np.abs(logarithms[term, network])
            work.scores[network] = settled(score, size)
        fitness[term] = fitness_of_scores(arrays, work)
