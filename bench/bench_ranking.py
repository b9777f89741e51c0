"""How fast ties and Kendall's tau are, scipy's tau beside ours: `python bench/bench_ranking.py`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy import stats

from eznas.correlation.bootstrap import bootstrap_intervals
from eznas.correlation.rank_correlation import kendall_tau
from eznas.scoring.ties import tied


def best_microseconds(function: Callable[[], object], rounds: int = 7) -> float:
    """Return the shortest mean time of one call over several rounds of about 20 ms."""
    function()
    started = time.perf_counter()
    function()
    calls = max(1, int(0.02 / (time.perf_counter() - started)))
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(calls):
            function()
        best = min(best, (time.perf_counter() - started) / calls)
    return best * 1e6


def main() -> None:
    """Print a table for several numbers of networks, and the time of a bootstrap."""
    rng = np.random.default_rng(0)
    print(f"{'networks':>8} {'ties us':>9} {'tau us':>9} {'scipy us':>9} {'ratio':>7}")
    for count in (20, 50, 100, 128, 129, 300, 1000, 15_625):
        accuracies = rng.normal(size=count)
        scores = accuracies + rng.normal(size=count)
        ties = best_microseconds(lambda x=scores: tied(x))
        ours = best_microseconds(lambda x=scores, y=accuracies: kendall_tau(x, y))
        scipys = best_microseconds(lambda x=scores, y=accuracies: stats.kendalltau(x, y).statistic)
        print(f"{count:>8} {ties:>9.1f} {ours:>9.1f} {scipys:>9.1f} {scipys / ours:>7.1f}")
    scores, accuracies = rng.normal(size=(2, 1000))
    started = time.perf_counter()
    bootstrap_intervals(scores, accuracies, [kendall_tau], rng)
    print(f"bootstrap of tau, 1,000 resamples of 1,000 networks: {time.perf_counter() - started:.3f} s")


if __name__ == "__main__":
    main()
