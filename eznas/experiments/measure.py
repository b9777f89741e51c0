"""How several programs rank the test networks of a benchmark: every network is run once for all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.observer import SilentObserver
from eznas.proxies import Proxy
from eznas.runs.settings import RunSettings
from eznas.runs.split import Split
from eznas.scoring.held_out import Ranking, rank_held_out


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
    benchmark: Benchmark, programs: Mapping[str, Proxy], settings: RunSettings
) -> dict[str, dict[str, Any]]:
    """Rank the networks that evolution with these settings never saw, with programs and with plain counts.

    Args:
        benchmark: of the networks.
        programs: by name, at least one.
        settings: `networks` and `held_out` say which networks, `seed` and `batch_size` what they see.

    Returns:
        A piece for each program and for `params` and `flops`: `tau`, its 95 % `interval`, the numbers of `networks`
        and of `failed` ones among them, `formula`, the benchmark's `description`, and the `seconds` that the whole
        measurement took.
    """
    started = time.perf_counter()
    indices = Split.of(benchmark, settings).held_out
    rankings, counts = rank_held_out(list(programs.values()), benchmark, indices, settings, SilentObserver())
    measured = {**dict(zip(programs, rankings, strict=True)), **counts}
    seconds = time.perf_counter() - started
    return {
        name: {
            **ranking_piece(ranking, len(indices)),
            "formula": programs[name].formula if name in programs else "",
            "description": benchmark.description,
            "seconds": seconds,
        }
        for name, ranking in measured.items()
    }


def ranking_piece(ranking: Ranking, networks: int) -> dict[str, Any]:
    """Return a ranking of so many networks as plain data."""
    return {
        "tau": ranking.tau,
        "interval": list(ranking.interval),
        "networks": networks,
        "failed": ranking.failed,
    }
