"""What the options for less work change: seconds, fitness, which programs win, and how well those do on other networks.

    python bench/search_options.py --networks 50 --held-out 200 --options units=1 units=2 race=25:0.25

Every option is a run of its own, from the same seed on the same networks as the run without any: evolution, and for a
sample of units the exact fitness of the best programs at the end, are timed together with the statistics, in processor
seconds of the process. `race=N:S` is `--race-networks N --race-share S`, `units=K` is `--units-per-shape K`, options
joined by `+` are used together.

For every option, over seeds: processor seconds; tau of the best program on the training networks, all units; on
held-out networks, which the runs do not see; how many of the best programs are also among those of the exact run. And
over the valid programs of the exact run, one of each ranking of its networks, the rank correlation between their
fitness and what the option makes of it (the estimate from a sample of units, or the fitness on the networks of the
race): of all, and of the best quarter.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch

from eznas import benchmarks
from eznas.correlation.rank_correlation import kendall_tau
from eznas.ops.notation import parse_program
from eznas.runs.directory import RunDirectory
from eznas.runs.inputs import RunInputs
from eznas.runs.proxy_argument import evolved_proxy
from eznas.runs.run import Run
from eznas.runs.settings import RunSettings
from eznas.runs.split import Split
from eznas.runs.summary import scoring_settings
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.kernel_loading import load_kernels
from eznas.scoring.scores import score_networks
from eznas.scoring.ties import rankable
from eznas.search.evaluated import Evaluated
from eznas.search.evolution import Evolution
from eznas.search.fitness import Fitness
from eznas.statistics.store import StatisticsStore

EXACT = "exact"


def main() -> None:
    """Print the figures as JSON, option by option, after each seed those so far."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--genome", default="tree")
    parser.add_argument("--networks", type=int, default=50)
    parser.add_argument("--held-out", type=int, default=200)
    parser.add_argument("--generations", type=int, default=15)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--options", nargs="*", default=["units=1", "units=2", "race=25:0.25"])
    parser.add_argument("--memory", default="6GB")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    load_kernels()
    rows: list[dict[str, Any]] = []
    for seed in arguments.seeds:
        rows += _of_seed(seed, arguments)
        print(json.dumps({"seeds": seed, "options": _means(rows)}, indent=2), flush=True)


def _of_seed(seed: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    rows, best = [], {}
    with tempfile.TemporaryDirectory() as folder:
        known: list[Evaluated] = []
        for option in (EXACT, *arguments.options):
            settings = settings_of(option, seed, arguments)
            path = Path(folder) / option
            began = time.process_time()
            with Run.start(settings, path) as run:
                summary = run.execute()
            row = {"option": option, "seed": seed, "processor_seconds": time.process_time() - began}
            rows.append(row)
            best[option] = summary["programs"]
            if option == EXACT:
                known = _valid_programs(path, settings)
            else:
                row |= _agreement(known, settings)
    held_out = _held_out([one for programs in best.values() for one in programs[:1]], seed, arguments)
    exact = {one["formula"] for one in best[EXACT]}
    for row in rows:
        programs = best[row["option"]]
        row["tau_training"] = programs[0]["fitness"]
        row["tau_held_out"] = held_out[programs[0]["formula"]]
        row["shared_best"] = len(exact & {one["formula"] for one in programs})
    return rows


def settings_of(option: str, seed: int, arguments: argparse.Namespace) -> RunSettings:
    """Return the settings of a run with an option such as `units=1+race=25:0.25`."""
    chosen = {
        "preset": arguments.preset,
        "benchmark": arguments.benchmark,
        "genome": arguments.genome,
        "networks": arguments.networks,
        "held_out": 0,
        "generations": arguments.generations,
        "seed": seed,
        "threads": 1,
        "memory": arguments.memory,
    }
    for part in option.split("+"):
        name, _, value = part.partition("=")
        if name == "units":
            chosen["units_per_shape"] = int(value)
        elif name == "race":
            networks, _, share = value.partition(":")
            chosen |= {"race_networks": int(networks), "race_share": float(share)}
    return RunSettings.from_mapping(chosen)


def _valid_programs(path: Path, settings: RunSettings) -> list[Evaluated]:
    with RunDirectory.open(path) as directory:
        checkpoint = directory.checkpoint()
    assert checkpoint is not None
    evolution = Evolution.decode(checkpoint.evolution, settings.evolution, settings.genome_settings_object())
    # One of each ranking of the networks: copies and near-copies would only say that they stay what they are.
    return list({one.ranking: one for one in evolution._known.values() if one.is_valid}.values())


def _agreement(known: Sequence[Evaluated], settings: RunSettings) -> dict[str, float]:
    """How the fitness of programs agrees with what an option makes of it."""
    if settings.race_networks:  # the networks of the race are those of a smaller run
        settings = settings.changed({"networks": settings.race_networks, "race_networks": 0})
    inputs = RunInputs.of(settings)
    with StatisticsStore(inputs.training_count, inputs.collect, settings.memory_bytes, workers=1) as store:
        evaluator = Evaluator(store, settings.to_scalar, settings.aggregation, units_per_shape=settings.units_per_shape)
        fitness = Fitness(evaluator, inputs.ranked_networks(), settings.combine)
        told = fitness.of([one.program for one in known])
    exact, estimates = (np.array([one.fitness for one in results]) for results in (known, told))
    best = exact >= np.quantile(exact, 0.75)
    return {
        "fitness_tau": kendall_tau(estimates, exact),
        "fitness_tau_best_quarter": kendall_tau(estimates[best], exact[best]),
        "fitness_difference": float(np.mean(np.abs(estimates - exact))),
    }


def _held_out(programs: Sequence[Mapping[str, Any]], seed: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Tau of programs on networks that no run saw, by formula."""
    settings = settings_of(EXACT, seed, arguments).changed({"held_out": arguments.held_out})
    benchmark = benchmarks.load(arguments.benchmark)
    chosen = Split.of(benchmark, settings).held_out
    by_formula = {one["formula"]: one for one in programs}
    proxies = [
        evolved_proxy(settings, parse_program(formula), one["orientation"], formula)
        for formula, one in by_formula.items()
    ]
    scores = score_networks(proxies, benchmark, chosen, scoring_settings(settings)).values
    return {
        proxy.name: kendall_tau(rankable(row, proxy.orientation), benchmark.accuracies[chosen])
        for proxy, row in zip(proxies, scores, strict=True)
    }


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The mean over seeds of every figure, by option, beside its values."""
    by_option: dict[str, Any] = {}
    for row in rows:
        for name, value in row.items():
            if name not in ("option", "seed"):
                by_option.setdefault(row["option"], {}).setdefault(name, []).append(round(value, 3))
    return {
        option: {name: {"mean": round(mean(values), 3), "by_seed": values} for name, values in figures.items()}
        for option, figures in by_option.items()
    }


if __name__ == "__main__":
    main()
