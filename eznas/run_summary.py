"""The final report of a run as data: what `summary.json` holds and `eznas.report.summary` prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas import proxies
from eznas.benchmarks.base import Benchmark
from eznas.fitness import Evaluated
from eznas.held_out import COUNTS, Ranking, rank_held_out
from eznas.ops.notation import format_program
from eznas.proxy_argument import evolved_proxy
from eznas.report.live import RunObserver
from eznas.run_directory import HALL_OF_FAME, HISTORY, SUMMARY, Checkpoint
from eznas.run_settings import RunSettings

BASELINE: Final = "eznas-a"
"""The published program that every report shows beside the evolved ones."""

_MEANINGS: Final = {"params": "number of parameters", "flops": "FLOPs of one image"}


def summarise(
    path: Path,
    settings: RunSettings,
    benchmark: Benchmark,
    held_out: NDArray[np.int64],
    hall_of_fame: Sequence[Evaluated],
    checkpoint: Checkpoint,
    observer: RunObserver,
) -> dict[str, Any]:
    """Rank the held-out networks with the best programs and the baselines, and return the report.

    Args:
        path: the run directory.
        settings: of the run.
        benchmark: that it evolved on.
        held_out: int64 (h,), indices of the networks that evolution never saw; with none, their figures are missing.
        hall_of_fame: the best programs, best first.
        checkpoint: the last one.
        observer: is told of the networks that are done.
    """
    evolved = [
        evolved_proxy(settings, one.program, one.orientation, name=f"rank {rank}")
        for rank, one in enumerate(hall_of_fame, start=1)
    ]
    published = proxies.load(BASELINE)
    rankings, counts = rank_held_out([*evolved, published], benchmark, held_out, settings, observer)
    return {
        "run": str(path),
        "protocol": _protocol(settings, benchmark, len(held_out)),
        "programs": [
            {
                "formula": format_program(one.program),
                "orientation": one.orientation,
                "size": one.program.size,
                "tau_training": one.fitness,
                **_figures(ranking),
            }
            for one, ranking in zip(hall_of_fame, rankings, strict=False)
        ],
        "baselines": [
            {
                "name": published.name,
                "formula": published.formula,
                "orientation": published.orientation,
                "size": published.program.size,
                **_figures(rankings[-1]),
            },
            *(
                {"name": name, "formula": _MEANINGS[name], "orientation": 1, **_figures(counts[name])}
                for name in COUNTS
            ),
        ],
        "evolution": _evolution(settings, checkpoint),
        "files": {
            "best programs": str(path / HALL_OF_FAME),
            "every generation": str(path / HISTORY),
            "this summary": str(path / SUMMARY),
        },
        "use": {
            "measure the best program": f"eznas evaluate {path} --benchmark {settings.benchmark}",
            "see it as LaTeX": f"eznas proxy show {path}",
        },
    }


def _figures(ranking: Ranking) -> dict[str, Any]:
    return {
        "tau_held_out": ranking.tau,
        "tau_held_out_interval": list(ranking.interval),
        "held_out_failed": ranking.failed,
    }


def _protocol(settings: RunSettings, benchmark: Benchmark, held_out: int) -> dict[str, Any]:
    return {
        "benchmark": benchmark.name,
        "description": benchmark.description,
        "accuracy": f"{benchmark.accuracy_split}, after {benchmark.epochs} epochs",
        "networks": settings.networks,
        "held_out": held_out,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "unit": settings.unit,
        "third_pass": settings.third_pass,
        "to_scalar": settings.to_scalar,
        "aggregation": settings.aggregation,
        "interval": "95 % percentile bootstrap over the held-out networks, 1,000 resamples",
        "device": settings.device,
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
