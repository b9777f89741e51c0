"""How several proxies rank the test networks of a benchmark: every network is run once for all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.proxies import AnyProxy
from eznas.runs.settings import RunSettings
from eznas.runs.split import Split
from eznas.runs.summary import scoring_settings
from eznas.scoring.ranking import Ranking, rank_networks


def load(settings: RunSettings) -> Benchmark:
    """Return the one benchmark of `settings` after checking that its table, its images and enough networks are there.

    Raises:
        EznasError: one of them is missing; the sentence says what would help.
    """
    (name,) = settings.benchmark
    benchmark = benchmarks.load(name, settings.chosen_split)
    split = Split.of(benchmark, settings)
    if len(split.held_out) < 3 <= settings.held_out:
        raise EznasError(
            f"{benchmark.name} has {len(benchmark)} networks and evolution uses {settings.networks} of them: "
            "let it use fewer, so that at least 3 are left to test on."
        )
    if len(benchmark.images) < settings.batch_size:
        raise EznasError(
            f"{benchmark.name} has {len(benchmark.images)} images, fewer than a batch of {settings.batch_size}."
        )
    return benchmark


def rank_test_networks(
    benchmark: Benchmark, proxies: Mapping[str, AnyProxy], settings: RunSettings
) -> dict[str, dict[str, Any]]:
    """Rank the networks that evolution with these settings never saw.

    Args:
        benchmark: of the networks.
        proxies: by name.
        settings: `networks` and `held_out` say which networks, `seed` and `batch_size` what they see.

    Returns:
        A piece for each proxy: what `piece` returns, and the `seconds` that the whole measurement took.
    """
    started = time.perf_counter()
    indices = Split.of(benchmark, settings).held_out
    rankings = rank_networks(list(proxies.values()), benchmark, indices, scoring_settings(settings), second_draw=False)
    seconds = time.perf_counter() - started
    return {
        name: {**piece(proxy, benchmark, ranking), "seconds": seconds}
        for (name, proxy), ranking in zip(proxies.items(), rankings, strict=True)
    }


def is_of(piece: Mapping[str, Any] | None, proxy: AnyProxy) -> bool:
    """Return whether a stored piece is there and was measured with this proxy."""
    return piece is not None and all(piece.get(key) == value for key, value in proxy.describe().items())


def piece(proxy: AnyProxy, benchmark: Benchmark, ranking: Ranking) -> dict[str, Any]:
    """Return a measurement as plain data.

    Returns:
        What the proxy is computed from (`formula`, or `score` of a hand-made one, and so on), the figures of the
        ranking, the numbers of `networks` and of `unscored` ones among them, and the benchmark's `description`.
    """
    return {
        **proxy.describe(),
        **ranking.figures(),
        "networks": len(ranking.scores),
        "unscored": len(ranking.unscored),
        "description": benchmark.description,
    }
