"""Races: programs are judged on a few of the networks, and only the best go on to more.

Source: successive halving (Jamieson and Talwalkar, AISTATS 2016), with halvings of any size.

Those that lose keep what they are worth on the networks of their last race, but no more than the least fit of those
that went on: so they rank among each other, and below every program that was measured against them on more networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from eznas.ops.program import Program
from eznas.search.evaluated import Evaluated

Judge = Callable[[Program, NDArray[np.float64]], Evaluated]
"""From a program and its scores of the networks of the race, float64 (networks,), to what it is worth on them."""


def stages(first: int, share: float, most: int) -> list[int]:
    """Return on how many networks the races are: every one on as many times more as fewer programs are left.

    A further race is held only if the one after it, or else the judgement on all networks, is on that many times more,
    too. So `stages(6, 0.25, 100)` is [6, 24] and `stages(25, 0.25, 100)` is [25].

    Args:
        first: networks of the first race; 0 for no race.
        share: of the programs, that goes on.
        most: all networks.
    """
    counts: list[int] = []
    count = first
    while 0 < count < most and (not counts or counts[-1] < count <= share * most):
        counts.append(count)
        count = math.ceil(count / share)
    return counts


@dataclass
class FitnessRace:
    """One race, as an evaluator runs it.

    Attributes:
        programs: those that are evaluated.
        networks: int64 (networks,), which networks it is run on, increasing.
        share: of the programs with a fitness on these, which go on; at least one does.
        judge: says what programs are worth.
        lost: what the others are worth there, by program.
    """

    programs: Sequence[Program]
    networks: NDArray[np.int64]
    share: float
    judge: Judge
    lost: dict[Program, Evaluated] = field(default_factory=dict)

    def choose(self, programs: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which programs go on, see `eznas.scoring.evaluator.Race`."""
        told = [
            self.judge(self.programs[position], row) for position, row in zip(programs.tolist(), scores, strict=True)
        ]
        ranked = sorted(told, key=Evaluated.rank_key)
        valid = sum(one.is_valid for one in ranked)
        self.lost = {one.program: one for one in ranked[math.ceil(self.share * valid) :]}
        return np.array([one.program not in self.lost for one in told], np.bool_)

    def results(self, finished: Sequence[Evaluated]) -> list[Evaluated]:
        """Return what all programs are worth, in their order; of several races the last one is asked first.

        Args:
            finished: of each program what it is worth on more networks; of those that lost, what it is does not matter.
        """
        floor = min((one.fitness for one in finished if one.is_valid), default=math.inf)
        return [
            replace(lost, taus=(), fitness=min(lost.fitness, floor), lost=True)
            if (lost := self.lost.get(one.program)) is not None and lost.is_valid
            else one
            for one in finished
        ]
