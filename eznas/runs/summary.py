"""The final report of a run as data: what `summary.json` holds and `eznas.report.summary` prints.

It has the same form for one benchmark and for several: figures of a benchmark stand under its name in `benchmarks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.base import Benchmark
from eznas.correlation.bootstrap import INTERVAL
from eznas.observer import RunObserver
from eznas.ops.notation import format_program
from eznas.ops.program import Program
from eznas.proxies import AnyProxy, Proxy, reference_and_baselines
from eznas.runs.beside import proxies_beside, seen_beside
from eznas.runs.directory import HALL_OF_FAME, HISTORY, SUMMARY, Checkpoint
from eznas.runs.proxy_argument import evolved_proxy
from eznas.runs.settings import RunSettings, departures_text
from eznas.scoring.detail_format import BEST
from eznas.scoring.ranking import RANKING_RULE, SECOND_DRAW_RULE, Ranking, leads, rank_networks
from eznas.scoring.rounding import ROUNDING_RULE
from eznas.scoring.scores import ScoreNetworks, score_networks
from eznas.scoring.settings import ScoringSettings
from eznas.search.evaluated import Evaluated
from eznas.search.race import stages


def scoring_settings(settings: RunSettings) -> ScoringSettings:
    """Return under what networks are scored for a run with these settings."""
    return ScoringSettings(
        settings.batch_size, settings.seed, settings.collection.device, settings.threads, settings.memory_bytes
    )


def summarise(
    path: Path,
    settings: RunSettings,
    networks: Sequence[tuple[Benchmark, NDArray[np.int64]]],
    hall_of_fame: Sequence[Evaluated],
    checkpoint: Checkpoint,
    observer: RunObserver,
    estimates: Mapping[Program, float],
    score: ScoreNetworks = score_networks,
) -> tuple[dict[str, Any], dict[str, dict[str, Ranking]]]:
    """Rank the held-out networks with the best programs and the baselines.

    Args:
        path: the run directory.
        settings: of the run.
        networks: every benchmark that it evolved on, with the indices of its networks that evolution never saw, int64
            (h,); with none, their figures are missing.
        hall_of_fame: the best programs, best first.
        checkpoint: the last one.
        observer: is told of the networks that are done.
        estimates: the fitness that evolution went by, where that is not the one that is reported.
        score: gives the scores of the networks.

    Returns:
        The report; and for each benchmark by name how the best program, called `BEST`, and the baselines rank its
        held-out networks.
    """
    evolved = [
        evolved_proxy(settings, one.program, one.orientation, name=f"rank {rank}")
        for rank, one in enumerate(hall_of_fame, start=1)
    ]
    beside = proxies_beside(settings.beside)
    compared = reference_and_baselines()
    rankings = {
        benchmark.name: rank_networks(
            [*evolved, *beside], benchmark, held_out, scoring_settings(settings), observer, score=score
        )
        for benchmark, held_out in networks
    }
    ahead = {
        benchmark.name: leads(
            rankings[benchmark.name][: len(evolved)],
            rankings[benchmark.name][len(evolved) :][: len(compared)],
            benchmark.accuracies[held_out],
            settings.seed,
        )
        for benchmark, held_out in networks
    }
    shown = {BEST: 0} if evolved else {}
    shown |= {proxy.name: row for row, proxy in enumerate(compared, start=len(evolved))}
    of_single_networks = {
        name: {called: of_benchmark[row] for called, row in shown.items()} for name, of_benchmark in rankings.items()
    }
    summary = {
        "run": str(path),
        "protocol": _protocol(settings, networks),
        "programs": [
            {
                "formula": format_program(one.program),
                "extensions": list(one.program.extensions),
                "orientation": one.orientation,
                "size": one.program.size,
                "fitness": one.fitness,
                **({"estimated_fitness": estimates[one.program]} if one.program in estimates else {}),
                "benchmarks": {
                    name: {
                        "tau_training": one.orientation * tau,
                        "held_out": of_benchmark[position].figures(),
                        "lead": {
                            other.name: lead.figures()
                            for other, lead in zip(compared, ahead[name][position], strict=True)
                        },
                    }
                    for (name, of_benchmark), tau in zip(rankings.items(), one.taus, strict=True)
                },
            }
            for position, one in enumerate(hall_of_fame)
        ],
        "baselines": [
            _baseline(proxy, {name: of_benchmark[position] for name, of_benchmark in rankings.items()})
            for position, proxy in enumerate(beside, start=len(evolved))
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
            "see it as a page": f"eznas report {path}",
        },
    }
    return summary, of_single_networks


def _baseline(proxy: AnyProxy, rankings: Mapping[str, Ranking]) -> dict[str, Any]:
    """Return a proxy beside the evolved programs, given its rankings by benchmark."""
    return {
        "name": proxy.name,
        **proxy.describe(),
        **({"size": proxy.size} if isinstance(proxy, Proxy) else {}),
        "benchmarks": {name: {"held_out": ranking.figures()} for name, ranking in rankings.items()},
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
        **less_work(settings),
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "unit": settings.collection.unit,
        "third_pass": settings.collection.third_pass,
        "to_scalar": settings.to_scalar,
        "aggregation": settings.aggregation,
        "ranking": RANKING_RULE,
        "interval": INTERVAL,
        "second_draw": SECOND_DRAW_RULE,
        "rounding": ROUNDING_RULE,
        "device": settings.collection.device,
        **({"beside": " ".join(flattered)} if (flattered := seen_beside(settings.beside, networks)) else {}),
        "differs_from_paper": departures_text(settings.departures_from_paper()) or "nothing",
    }


def less_work(settings: RunSettings) -> dict[str, str]:
    """Return in words what evolution left out by the options for less work, for protocols; {} for nothing."""
    words = {}
    if settings.samples_units:
        words["units_in_evolution"] = (
            f"at most {settings.units_per_shape} of the same shapes; the taus reported are of all units"
        )
    if settings.race_networks:
        counts = stages(settings.race_networks, settings.race_share, settings.networks)
        words["race"] = (
            f"new programs on {', then '.join(map(str, counts))} networks of each benchmark first, of which the best "
            f"{settings.race_share:.0%} went on each time"
        )
    return words


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
