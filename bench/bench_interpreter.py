"""How fast programs are evaluated, beside eager float32 PyTorch written as users of DEAP write it, in one thread each.

    python bench/bench_interpreter.py
    python bench/bench_interpreter.py --benchmark digits --networks 100      # the toy: PyTorch's cost of a call

Populations: `random` is a first generation of trees, `converged` the survivors of 15 generations on these very networks
and the next generation, `sequential` a first generation of sequences of instructions. For each, eager PyTorch
(`bench/eager.py`) runs every program on every unit by itself. The engine scores the networks with all programs, as
reports do; and as evolution does, which gives a program up when it lacks the score of a network. The last ways are
evolution with the options of `eznas run` that leave work out: `--units-per-shape 1`, and with it a race on a third of
the networks, after which a quarter of the programs goes on; there, fitness is part of the time.

Every program computes each of its distinct sub-expressions once, for both. A unit that a program cannot take costs
eager PyTorch nothing: one that PyTorch would refuse, or that gives a tensor beyond eznas's limit, is left out before.
Times are processor seconds of the process, so that other load on the machine counts as little as it can; ways take
turns, and the least and the greatest of `--repeats` stand beside the median. Compilation is not counted, but printed.
"""

from __future__ import annotations

import argparse
import json
import statistics as numbers
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final, get_args

import eager
import numpy as np
import torch
from torch import Tensor

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.plan import Plan
from eznas.ops.program import Program
from eznas.options import Preset
from eznas.runs.settings import RunSettings
from eznas.scoring.evaluator import Evaluator
from eznas.search.evolution import Evolution
from eznas.search.fitness import Fitness, RankedNetworks
from eznas.statistics.collect import collect, make_inputs
from eznas.statistics.settings import ALL
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics
from eznas.terminals import TERMINAL_COUNT

POPULATIONS: Final = ("random", "converged", "sequential")
GENERATIONS: Final = 15


def main() -> None:
    """Print the times and their ratios as JSON, population by population."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--preset", choices=get_args(Preset), default="default", help="settings of the populations")
    parser.add_argument("--populations", nargs="+", choices=POPULATIONS, default=POPULATIONS)
    parser.add_argument("--networks", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=1, help="images")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-eager", action="store_true", help="leave the yardstick out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", r"std\(\): degrees of freedom")

    benchmark = benchmarks.load(options.benchmark)
    indices = benchmark.sample(options.networks, np.random.default_rng(options.seed))
    networks = collect_networks(benchmark, indices, options)
    began = time.process_time()
    evaluator_of(networks[:1]).scores(first_generation("tree", options))
    report: dict[str, Any] = {
        "benchmark": options.benchmark,
        "networks": len(networks),
        "units": sum(network.units for network in networks),
        "megabytes": round(sum(network.values.nbytes for network in networks) / 1e6),
        "first_call_seconds": round(time.process_time() - began, 2),
    }
    for name in options.populations:
        programs = population(name, evaluator_of(networks), benchmark.accuracies[indices], options)
        report[name] = _compare(programs, networks, benchmark.accuracies[indices], options)
    print(json.dumps(report, indent=2))


def collect_networks(
    benchmark: Benchmark, indices: Sequence[int], options: argparse.Namespace
) -> list[NetworkStatistics]:
    """Return the statistics of these networks of a benchmark."""
    rng = np.random.default_rng(options.seed)
    inputs = make_inputs(torch.from_numpy(benchmark.image_batch(options.batch_size, rng)), options.seed)
    return [
        collect(benchmark.build(int(index)), inputs, seed=options.seed, name=str(index), copy=False)
        for index in indices
    ]


def first_generation(genome: str, options: argparse.Namespace) -> tuple[Program, ...]:
    """Return the programs of the first generation of an evolution that can be run."""
    return tuple(program for program in evolution_of(genome, options).ask() if program.is_well_formed)


def evolution_of(genome: str, options: argparse.Namespace) -> Evolution:
    """Return an evolution before its first generation."""
    settings = RunSettings.from_mapping({"preset": options.preset, "genome": genome})
    return Evolution(settings.evolution, settings.genome_settings_object(), np.random.default_rng(options.seed))


def population(
    name: str, evaluator: Evaluator, accuracies: np.ndarray, options: argparse.Namespace
) -> tuple[Program, ...]:
    """Return the programs of one of the populations; the converged one evolves on the networks of an evaluator."""
    if name != "converged":
        return first_generation("sequential" if name == "sequential" else "tree", options)
    evolution = evolution_of("tree", options)
    fitness = Fitness(evaluator, [RankedNetworks.of(accuracies)])
    while evolution.generation < GENERATIONS:
        evolution.tell(fitness.of(evolution.ask()))
    survivors = [one.program for one in evolution.population if one.is_valid]
    return tuple(dict.fromkeys([*survivors, *(one for one in evolution.ask() if one.is_well_formed)]))


def evaluator_of(networks: Sequence[NetworkStatistics], units_per_shape: int = ALL) -> Evaluator:
    """Return an evaluator in one thread that remembers nothing yet."""
    store = StatisticsStore(len(networks), networks.__getitem__, memory_bytes=2**40, workers=1)
    return Evaluator(store, units_per_shape=units_per_shape)


def _compare(
    programs: Sequence[Program],
    networks: Sequence[NetworkStatistics],
    accuracies: np.ndarray,
    options: argparse.Namespace,
) -> dict[str, Any]:
    plan = Plan.of(programs)
    ways: dict[str, Callable[[], object]] = {
        "engine, as reports": lambda: evaluator_of(networks).scores(programs),
        "engine, as evolution": lambda: evaluator_of(networks).scores(programs, only_complete=True),
        "a unit of each shape": lambda: evaluator_of(networks, 1).scores(programs, only_complete=True),
        "a unit of each shape, and a race": lambda: Fitness(
            evaluator_of(networks, 1),
            [RankedNetworks.of(accuracies)],
            race_networks=max(3, len(networks) // 3),
            race_share=0.25,
        ).of(programs),
    }
    if not options.without_eager:
        tensors = [[_unit(network, unit) for unit in range(network.units)] for network in networks]
        taken = [_taken(plan, network) for network in networks]
        ways = {"eager PyTorch": lambda: _run_eagerly(programs, tensors, taken), **ways}
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(options.repeats):
        for way, function in ways.items():
            began = time.process_time()
            function()
            times[way].append(time.process_time() - began)
    medians = {way: numbers.median(seconds) for way, seconds in times.items()}
    report: dict[str, Any] = {
        "programs": len(programs),
        "nodes": sum(program.size for program in programs),
        "distinct_nodes": plan.size,
        "processor_seconds": {
            way: {"median": round(medians[way], 3), "least": round(min(seconds), 3), "greatest": round(max(seconds), 3)}
            for way, seconds in times.items()
        },
        "microseconds_per_program_and_network": {
            way: round(1e6 * median / len(programs) / len(networks)) for way, median in medians.items()
        },
    }
    if not options.without_eager:
        baseline = medians.pop("eager PyTorch")
        report["times_faster_than_eager"] = {way: round(baseline / median, 2) for way, median in medians.items()}
    return report


def _unit(network: NetworkStatistics, unit: int) -> list[Tensor]:
    return [torch.from_numpy(network.tensor(unit, address)) for address in range(TERMINAL_COUNT)]


def _taken(plan: Plan, network: NetworkStatistics) -> np.ndarray:
    """Which units each program can take: bool (units, programs)."""
    results = evaluate_plan(plan, network.values, network.offsets, network.shapes, network.axes, "mean")
    return results.valid[:, plan.root_columns]


def _run_eagerly(
    programs: Sequence[Program], networks: Sequence[Sequence[Sequence[Tensor]]], taken: Sequence[np.ndarray]
) -> None:
    for units, taken_units in zip(networks, taken, strict=True):
        for tensors, takes in zip(units, taken_units, strict=True):
            for program, is_taken in zip(programs, takes, strict=True):
                if is_taken:
                    eager.number(program, tensors)


if __name__ == "__main__":
    main()
