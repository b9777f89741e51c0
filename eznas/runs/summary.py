"""The final report of a run as data: what `summary.json` holds and `eznas.report.summary` prints.

It has the same form for one benchmark and for several: figures of a benchmark stand under its name in `benchmarks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas import proxies
from eznas.benchmarks.base import Benchmark
from eznas.observer import RunObserver
from eznas.ops.notation import format_program
from eznas.runs.directory import HALL_OF_FAME, HISTORY, SUMMARY, Checkpoint
from eznas.runs.proxy_argument import evolved_proxy
from eznas.runs.settings import RunSettings, departures_text
from eznas.scoring.held_out import COUNTS, Ranking, rank_held_out
from eznas.search.evaluated import Evaluated

BASELINE: Final = "eznas-a"
"""The published program that every report shows beside the evolved ones."""

_MEANINGS: Final = {"params": "number of parameters", "flops": "FLOPs of one image"}


def summarise(
    path: Path,
    settings: RunSettings,
    networks: Sequence[tuple[Benchmark, NDArray[np.int64]]],
    hall_of_fame: Sequence[Evaluated],
    checkpoint: Checkpoint,
    observer: RunObserver,
) -> dict[str, Any]:
    """Rank the held-out networks with the best programs and the baselines, and return the report.

    Args:
        path: the run directory.
        settings: of the run.
        networks: every benchmark that it evolved on, with the indices of its networks that evolution never saw, int64
            (h,); with none, their figures are missing.
        hall_of_fame: the best programs, best first.
        checkpoint: the last one.
        observer: is told of the networks that are done.
    """
    evolved = [
        evolved_proxy(settings, one.program, one.orientation, name=f"rank {rank}")
        for rank, one in enumerate(hall_of_fame, start=1)
    ]
    published = proxies.load(BASELINE)
    rankings: dict[str, list[Ranking]] = {}
    counts: dict[str, dict[str, Ranking]] = {}
    for benchmark, held_out in networks:
        name = benchmark.name
        rankings[name], counts[name] = rank_held_out([*evolved, published], benchmark, held_out, settings, observer)
    return {
        "run": str(path),
        "protocol": _protocol(settings, networks),
        "programs": [
            {
                "formula": format_program(one.program),
                "orientation": one.orientation,
                "size": one.program.size,
                "fitness": one.fitness,
                "benchmarks": {
                    name: {"tau_training": one.orientation * tau, **_figures(of_benchmark[position])}
                    for (name, of_benchmark), tau in zip(rankings.items(), one.taus, strict=True)
                },
            }
            for position, one in enumerate(hall_of_fame)
        ],
        "baselines": [
            {
                "name": published.name,
                "formula": published.formula,
                "orientation": published.orientation,
                "size": published.program.size,
                "benchmarks": {name: _figures(of_benchmark[-1]) for name, of_benchmark in rankings.items()},
            },
            *(
                {
                    "name": count,
                    "formula": _MEANINGS[count],
                    "orientation": 1,
                    "benchmarks": {name: _figures(of_benchmark[count]) for name, of_benchmark in counts.items()},
                }
                for count in COUNTS
            ),
        ],
        "evolution": _evolution(settings, checkpoint),
        "files": {
            "best programs": str(path / HALL_OF_FAME),
            "every generation": str(path / HISTORY),
            "this summary": str(path / SUMMARY),
        },
        "use": {
            "measure the best program": " && ".join(
                f"eznas evaluate {path} --benchmark {name}" for name in settings.benchmark
            ),
            "see it as LaTeX": f"eznas proxy show {path}",
        },
    }


def _figures(ranking: Ranking) -> dict[str, Any]:
    return {
        "tau_held_out": ranking.tau,
        "tau_held_out_interval": list(ranking.interval),
        "held_out_failed": ranking.failed,
    }


def _protocol(settings: RunSettings, networks: Sequence[tuple[Benchmark, NDArray[np.int64]]]) -> dict[str, Any]:
    return {
        "benchmarks": {
            benchmark.name: {
                "description": benchmark.description,
                "accuracy": benchmark.accuracy_label,
                "held_out": len(held_out),
            }
            for benchmark, held_out in networks
        },
        "networks": settings.networks,
        "combine": settings.combine,
        "fitness_samples": settings.fitness_samples,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "unit": settings.collection.unit,
        "third_pass": settings.collection.third_pass,
        "to_scalar": settings.to_scalar,
        "aggregation": settings.aggregation,
        "interval": "95 % percentile bootstrap over the held-out networks, 1,000 resamples",
        "device": settings.collection.device,
        "differs_from_paper": departures_text(settings.departures_from_paper()) or "nothing",
    }


def _evolution(settings: RunSettings, checkpoint: Checkpoint) -> dict[str, Any]:
    history, timing = checkpoint.history, checkpoint.timing
    individuals = sum(record["individuals"] for record in history)
    repeats = sum(record["repeats"] for record in history)
    live = sum(record["live_share"] * record["individuals"] for record in history)
    return {
        "genome": settings.genome,
        "generations": len(history) - 1,
        "individuals": individuals,
        "programs_evaluated": sum(record["evaluated"] for record in history),
        "share_of_repeats": repeats / individuals,
        "live_share": live / individuals,
        "seconds": sum(record["seconds"] for record in timing),
    }
