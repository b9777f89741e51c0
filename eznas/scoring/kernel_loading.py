"""The compiled code that scoring needs, made ready before the first network: only so can a command say what it does."""

from __future__ import annotations

from typing import Final

import numpy as np

from eznas.ops.notation import parse_program
from eznas.ops.plan import Plan
from eznas.scoring.correlation import kendall_tau, of_resamples, spearman, top_decile_tau
from eznas.scoring.evaluator import scores_of_network
from eznas.scoring.ties import tied
from eznas.statistics.tensors import Layout, NetworkStatistics
from eznas.statistics.workers import run_in_threads

LOADING_KERNELS: Final = "loading the compiled kernels (made once on a machine, which takes about a minute)"
"""What the phase is called."""


def load_kernels() -> None:
    """Load all kernels from numba's cache, or compile them; the second time in a process it is done at once.

    It is done in a thread of its own, and Ctrl-C waits for its end: an exception in the midst of it would be raised in
    a callback of LLVM, which goes on without what the callback should have returned, and the process crashes.
    """
    run_in_threads(lambda _: _load(), count=1, threads=1, limit=lambda: 1)


def _load() -> None:
    program = parse_program("abs(wt)")
    layout = Layout.of([dict.fromkeys(("wt", "inp", "pre", "act"), ())], program.terminals)
    unit = NetworkStatistics("", np.zeros(layout.size, np.float32), layout.offsets, layout.shapes, layout.axes)
    scores_of_network(Plan.of([program]), unit, "mean", "mean")
    for count in (3, 200):  # few networks are ranked by other code than many
        numbers = np.arange(float(count))
        kendall_tau(tied(numbers), numbers)
        spearman(numbers, numbers)
        for statistic in (kendall_tau, spearman, top_decile_tau):
            of_resamples(statistic, numbers, numbers, np.zeros((1, count), np.int64))
