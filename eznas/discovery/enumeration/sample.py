"""A sample of units on which programs are compared: those that agree there are taken for one.

That is *observational equivalence*: evidence, not proof, but the units of a few networks with real images tell apart
what differs in anything but rounding. Their numbers are not enough for it: the mean of a tensor says little of what
can be made of the tensor. So a program that is to grow is observed by several numbers of its tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.enumeration.shapes import Shapes
from eznas.features.feature import append_program, as_feature
from eznas.ops.catalogue import BY_NAME
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.plan import Plan
from eznas.ops.program import Program, ProgramBuilder
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.workers import run_in_threads

# What a tensor is told from others by, beside its mean. The share above zero tells it from its negative, and the mean
# of sigmoids is finite where there are infinities.
_FURTHER: Final = (
    ("l1_norm",),
    ("frobenius_norm",),
    ("heaviside", "normalized_sum"),
    ("sigmoid", "normalized_sum"),
)


class UnitSample:
    """The statistics of a few networks.

    Attributes:
        units: how many units they have together.
        ends: int64 (networks,), where the units of each network end.
    """

    def __init__(self, networks: Sequence[NetworkStatistics], threads: int) -> None:
        """Take the networks; each is worked on in a thread of its own."""
        self._networks = networks
        self._threads = threads
        self.ends = np.cumsum([network.units for network in networks])
        self.units = int(self.ends[-1])

    def observe(self, programs: Sequence[Program], *, closely: bool) -> NDArray[np.float32]:
        """Return what the sample shows of programs, float32 (programs, units, numbers).

        Args:
            programs: of any shape; where a program is invalid its numbers are 0.
            closely: whether to tell tensors apart, not only the numbers that they are as features. The first number
                is that of the feature in any case, and the only one of a program that gives one number.
        """
        aspects = [_aspects(program) if closely else [as_feature(program)] for program in programs]
        plan = Plan.of([aspect for one in aspects for aspect in one])

        def observe(position: int) -> NDArray[np.float32]:
            network = self._networks[position]
            shapes = (network.offsets, network.shapes, network.axes)
            numbers = evaluate_plan(plan, network.values, *shapes, "mean").numbers
            return numbers[:, plan.root_columns].T

        parts = run_in_threads(observe, count=len(self._networks), threads=self._threads, limit=lambda: self._threads)
        rows = np.concatenate(parts, axis=1)
        made = np.zeros((len(programs), self.units, 1 + len(_FURTHER) if closely else 1), np.float32)
        start = 0
        for place, one in enumerate(aspects):
            made[place, :, : len(one)] = rows[start : start + len(one)].T
            start += len(one)
        return made

    def terminal_shapes(self, address: int) -> Shapes:
        """Return the shapes of a terminal on all units."""
        return Shapes(
            np.concatenate([network.shapes[:, address] for network in self._networks]),
            np.concatenate([network.axes[:, address] for network in self._networks]),
        )


def _aspects(program: Program) -> list[Program]:
    if program.gives_scalar:
        return [program]
    return [as_feature(program), *(_followed_by(program, names) for names in _FURTHER)]


def _followed_by(program: Program, names: Sequence[str]) -> Program:
    builder = ProgramBuilder()
    ref = append_program(builder, program)
    for name in names:
        ref = builder.apply(BY_NAME[name].id, ref)
    return builder.build(ref)
