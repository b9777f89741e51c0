"""What evaluation costs by the number of networks, the size of programs and the number of threads, as a plot.

    python bench/cost_study.py --output docs/images

Programs are first generations of trees, or random trees of a given number of distinct operations, on networks of
NAS-Bench-201; times are processor seconds of the process, in `engine-cost.json` beside the plot `engine-cost.svg`.
Networks are collected, scored and forgotten one by one, so that their number costs no memory.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import bench_interpreter
import numpy as np
import torch

from eznas import benchmarks, genomes
from eznas.experiments.plots import COLOURS, save_plot
from eznas.genomes.tree import TreeSettings
from eznas.ops.plan import Plan
from eznas.ops.program import Program
from eznas.scoring.evaluator import Evaluator, scores_of_network
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics

NETWORKS: Final = (25, 50, 100, 200)
SIZES: Final = (5, 10, 20, 30, 40, 50)
THREADS: Final = (1, 2)
NETWORKS_OF_SIZES: Final = 4


def main() -> None:
    """Measure, print the numbers as JSON, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--batch-size", type=int, default=1, help="images")
    parser.add_argument("--programs", type=int, default=20, help="of each size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True, help="folder for the plot and the numbers")
    options = parser.parse_args()
    torch.set_num_threads(1)
    benchmark = benchmarks.load(options.benchmark)
    indices = benchmark.sample(max(NETWORKS), np.random.default_rng(options.seed))
    networks = bench_interpreter.collect_networks(benchmark, indices[:NETWORKS_OF_SIZES], options)
    programs = bench_interpreter.first_generation("tree", options)
    bench_interpreter.evaluator_of(networks[:1]).scores(programs)  # compiles
    report = {
        "benchmark": options.benchmark,
        "programs": len(programs),
        "sizes": _by_size(networks, options),
        "threads": _by_threads(networks, programs),
        "networks": _by_networks(benchmark, indices, programs, options),
    }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "engine-cost.json").write_text(json.dumps(report, indent=2) + "\n")
    save_plot(lambda figure: _draw(figure, report), options.output / "engine-cost", 9, 3)
    print(json.dumps(report, indent=2))


def _by_networks(
    benchmark: Any, indices: Sequence[int], programs: Sequence[Program], options: argparse.Namespace
) -> list[dict[str, float]]:
    plan = Plan.of(programs)
    collecting, evaluating = 0.0, 0.0
    found = []
    for number, index in enumerate(indices, 1):
        began = time.process_time()
        (network,) = bench_interpreter.collect_networks(benchmark, [index], options)
        collected = time.process_time()
        scores_of_network(plan, network, "mean", "mean")
        collecting += collected - began
        evaluating += time.process_time() - collected
        if number in NETWORKS:
            found.append({"networks": number, "collecting": round(collecting, 2), "evaluating": round(evaluating, 2)})
    return found


def _by_size(networks: Sequence[NetworkStatistics], options: argparse.Namespace) -> list[dict[str, float]]:
    found = []
    for size in SIZES:
        plan = Plan.of(_programs_of_size(size, options))
        began = time.process_time()
        for network in networks:
            scores_of_network(plan, network, "mean", "mean")
        seconds = time.process_time() - began
        found.append({"size": size, "milliseconds": round(1e3 * seconds / len(networks) / options.programs, 3)})
    return found


def _programs_of_size(size: int, options: argparse.Namespace) -> list[Program]:
    rng = np.random.default_rng(options.seed)
    kind = genomes.get("tree").genome
    settings = TreeSettings(maximum_depth=12, initial_maximum_depth=10)
    programs: list[Program] = []
    while len(programs) < options.programs:
        program = kind.random(rng, settings).compile()
        if program.is_well_formed and abs(program.size - size) <= size // 10:
            programs.append(program)
    return programs


def _by_threads(networks: Sequence[NetworkStatistics], programs: Sequence[Program]) -> list[dict[str, float]]:
    found = []
    for threads in THREADS:
        store = StatisticsStore(len(networks), networks.__getitem__, memory_bytes=2**40, workers=threads)
        began, clock = time.process_time(), time.perf_counter()
        Evaluator(store).scores(programs)
        found.append(
            {
                "threads": threads,
                "processor": round(time.process_time() - began, 2),
                "wall": round(time.perf_counter() - clock, 2),
            }
        )
    return found


def _draw(figure: Any, report: dict[str, Any]) -> None:
    by_networks, by_size, by_threads = figure.subplots(1, 3)
    numbers = [one["networks"] for one in report["networks"]]
    for kind, colour in zip(("collecting", "evaluating"), COLOURS, strict=False):
        by_networks.plot(numbers, [one[kind] for one in report["networks"]], "o-", color=colour, label=kind)
    by_networks.set(xlabel=f"networks ({report['programs']} programs)", ylabel="processor seconds", ylim=(0, None))
    by_networks.legend()
    sizes = [one["size"] for one in report["sizes"]]
    by_size.plot(sizes, [one["milliseconds"] for one in report["sizes"]], "o-", color=COLOURS[0])
    by_size.set(xlabel="operations of a program", ylabel="ms for a program and network", ylim=(0, None))
    threads = [str(one["threads"]) for one in report["threads"]]
    for shift, kind in enumerate(("processor", "wall")):
        places = [place + 0.4 * shift - 0.2 for place in range(len(threads))]
        seconds = [one[kind] for one in report["threads"]]
        by_threads.bar(places, seconds, width=0.38, color=COLOURS[shift], label=kind)
    by_threads.set_xticks(range(len(threads)), threads)
    by_threads.set(xlabel="threads", ylabel="seconds")
    by_threads.legend()


if __name__ == "__main__":
    main()
