"""The programs of one evaluation, and which of them are still worth computing."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eznas.ops.plan import Plan
from eznas.ops.shared_programs import SharedPrograms


class Contenders:
    """Programs that are computed network by network, until they lack the score of one if that is all they need.

    Networks may be computed in many threads at once. Which programs are left in the end does not depend on their order.

    Attributes:
        cached: the column of what is remembered, by its digest.
    """

    def __init__(
        self, programs: SharedPrograms, cached: Mapping[bytes, int], *, keeps_tensors: bool, only_complete: bool
    ) -> None:
        """Begin with all programs.

        Args:
            programs: any number of them.
            cached: see `Plan.of_shared`.
            keeps_tensors: see `Plan.of_shared`.
            only_complete: whether a program without a score on some network is given up.
        """
        self.cached = cached
        self._only_complete = only_complete
        self._lock = threading.Lock()
        self._left = np.arange(len(programs.refs))
        self._planned = self._left
        self._plan = Plan.of_shared(programs, cached, keeps_tensors=keeps_tensors)

    @property
    def left(self) -> NDArray[np.int64]:
        """The positions of the programs that are left, increasing."""
        return self._left

    @property
    def plan(self) -> tuple[NDArray[np.int64], Plan]:
        """The positions of the programs that are left, and the plan of them."""
        with self._lock:
            if len(self._planned) > len(self._left):
                self._plan = self._plan.of_programs(np.searchsorted(self._planned, self._left))
                self._planned = self._left
            return self._left, self._plan

    def scored(self, positions: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
        """Take the scores of a network that has any, NaN for a program that has none.

        Args:
            positions: int64 (computed,), of the programs that were computed.
            scores: float64 (computed,).
        """
        failed = positions[np.isnan(scores)]
        if self._only_complete and failed.size > 0:
            with self._lock:
                self._left = np.setdiff1d(self._left, failed)

    def keep(self, positions: NDArray[np.int64]) -> None:
        """Leave only these of the programs that are left: int64, increasing."""
        with self._lock:
            self._left = positions
