"""The compiled code that scoring needs, made ready before the first network: only so can a command say what it does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from eznas.correlation.rank_correlation import kendall_tau, of_resamples, spearman, top_decile_tau
from eznas.ops.interpreter import compiled_parts
from eznas.ops.jit import JIT_DISABLED, compiled_part
from eznas.ops.kernels.execute import call_kernel
from eznas.ops.notation import parse_program
from eznas.ops.plan import Plan
from eznas.scoring.evaluator import scores_of_network
from eznas.scoring.ties import tied
from eznas.statistics.tensors import Layout, NetworkStatistics
from eznas.statistics.workers import available_cores, run_in_threads
from eznas.system.compilation import Part, make_beside, make_parts, missing_parts
from eznas.system.garbage import pass_over_what_is_there
from eznas.system.processes import processes_are_allowed

LOADING_KERNELS: Final = "loading the compiled kernels (made once, in a minute)"
"""What the phase is called."""


def load_kernels() -> None:
    """Load all kernels from numba's cache, or compile them; the second time in a process it is done at once.

    It is done in a thread of its own, and Ctrl-C waits for its end: an exception in the midst of it would be raised in
    a callback of LLVM, which goes on without what the callback should have returned, and the process crashes.
    """
    begin(engine_parts(), "eznas.scoring.kernel_loading:make_engine")
    run_in_threads(lambda _: _load(), count=1, threads=1, limit=lambda: 1)
    if processes_are_allowed():  # the process is eznas's own, and all that long work needs is loaded
        pass_over_what_is_there()


def begin(parts: Sequence[Part], make_all: str) -> None:
    """Let another process make parts if some are missing and there is a core for it; see `make_beside`."""
    if available_cores() > 1 and are_missing(parts):
        make_beside(make_all)


def are_missing(parts: Sequence[Part]) -> bool:
    """Whether some of the parts are yet to be made."""
    return not JIT_DISABLED and bool(missing_parts(parts, _folder()))


def make(parts: Sequence[Part]) -> None:
    """Make parts, or wait until others have, in this thread."""
    if not JIT_DISABLED:
        make_parts(parts, _folder())


def engine_parts() -> list[Part]:
    """Return the parts of what `load_kernels` loads; the last one has all of the interpreter."""
    return [
        *compiled_parts(),
        compiled_part("correlations", __file__, _load_correlations),
        compiled_part("interpreter", __file__, _load_interpreter, needs=("kernels", "streams")),
    ]


def make_engine() -> None:
    """Make what `load_kernels` loads."""
    make(engine_parts())


def _folder() -> Path:
    # Where numba keeps what it compiles: whoever removes that removes this, too.
    return Path(cast("Any", call_kernel).stats.cache_path)


def _load() -> None:
    make_engine()
    _load_interpreter()
    _load_correlations()


def _load_interpreter() -> None:
    program = parse_program("abs(wt)")
    layout = Layout.of([dict.fromkeys(("wt", "inp", "pre", "act"), ())], program.terminals)
    unit = NetworkStatistics("", np.zeros(layout.size, np.float32), layout.offsets, layout.shapes, layout.axes)
    scores_of_network(Plan.of([program]), unit, "mean", "mean")


def _load_correlations() -> None:
    for count in (3, 200):  # few networks are ranked by other code than many
        numbers = np.arange(float(count))
        kendall_tau(tied(numbers), numbers)
        spearman(numbers, numbers)
        for statistic in (kendall_tau, spearman, top_decile_tau):
            of_resamples(statistic, numbers, numbers, np.zeros((1, count), np.int64))
