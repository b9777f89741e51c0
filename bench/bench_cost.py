"""What evaluation costs: against the number of networks, the size of programs, and threads; a table and a plot.

    python bench/bench_cost.py --plot docs/images/engine-cost

*Networks*: a first generation of 50 trees on 25, 50, 100 and 200 networks, as evolution evaluates it (a program that
cannot have a fitness is given up), on all units and on one of each shape. *Size*: 10 random programs of about so many
nodes that have a score on every network, on 25 networks. *Threads*: the first generation on 50 networks by one and by
two. Programs are evaluated by an evaluator that remembers nothing yet, on statistics that are collected before, in
memory as far as `--memory` allows, else on the disk.

Processor seconds of the process, and for threads also seconds on the clock, which other work on the machine lengthens.
The median of `--repeats` is shown, with the least and the greatest in the JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics as numbers
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import bench_interpreter
import numpy as np
import torch

from eznas import benchmarks
from eznas.experiments.plots import COLOURS, save_plot
from eznas.genomes import get
from eznas.genomes.tree import TreeSettings
from eznas.ops.program import Program
from eznas.runs.settings import parse_memory
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.kernel_loading import load_kernels
from eznas.statistics.collect import CollectionSettings
from eznas.statistics.store import StatisticsStore

NETWORKS: Final = (25, 50, 100, 200)
SIZES: Final = (5, 10, 20, 30, 40, 50)
OF_A_SIZE: Final = 10
THREADS: Final = (1, 2)
WAYS: Final = {"all units": 0, "one unit of a shape": 1}


def main() -> None:
    """Print the figures as JSON and as Markdown, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--preset", default="default", help="settings of the first generation")
    parser.add_argument("--networks", type=int, nargs="+", default=NETWORKS)
    parser.add_argument("--memory", default="8GB")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="path of the plot's files without their ending")
    options = parser.parse_args()
    torch.set_num_threads(1)
    load_kernels()
    programs = bench_interpreter.first_generation("tree", options)
    report: dict[str, Any] = {"benchmark": options.benchmark, "programs": len(programs)}
    with _collected(options) as statistics:
        report["collection"] = _collect(statistics)
        report["networks"] = {
            count: {
                way: _measured(lambda way=way, count=count: _evaluate(way, programs, statistics, count), options)
                for way in WAYS
            }
            for count in options.networks
        }
        least = min(options.networks)
        report["size"] = {}
        for size in SIZES:
            of_size = _programs_of_size(size, statistics, least, options.seed)
            report["size"][size] = {
                way: _measured(lambda way=way, of_size=of_size: _evaluate(way, of_size, statistics, least), options)
                for way in WAYS
            } | {"programs": len(of_size), "mean_size": float(np.mean([one.size for one in of_size]))}
        report["threads"] = {
            threads: _measured(
                lambda threads=threads: _evaluate("all units", programs, statistics, 2 * least, threads), options
            )
            for threads in THREADS
        }
    print(json.dumps(report, indent=2))
    print(_markdown(report))
    if options.plot:
        save_plot(lambda figure: _draw(figure, report), options.plot, width=9, height=3)


def _collected(options: argparse.Namespace) -> StatisticsStore:
    benchmark = benchmarks.load(options.benchmark)
    indices = benchmark.sample(max(options.networks), np.random.default_rng(options.seed))
    source = BenchmarkStatistics(benchmark, 1, options.seed, CollectionSettings())
    return StatisticsStore(
        len(indices), lambda network: source.collect(int(indices[network])), parse_memory(options.memory), workers=1
    )


def _collect(store: StatisticsStore) -> dict[str, float]:
    """Collect everything; processor seconds and megabytes of one network."""
    began = time.process_time()
    sizes = store.for_each(lambda _, statistics: statistics.nbytes)
    return {
        "processor_seconds": round((time.process_time() - began) / store.count, 3),
        "megabytes": round(float(np.mean(sizes)) / 1e6, 1),
    }


def _evaluate(
    way: str,
    programs: Sequence[Program],
    statistics: StatisticsStore,
    networks: int,
    threads: int = 1,
) -> None:
    # Nothing is kept by this store: what is kept, is kept below it.
    store = StatisticsStore(networks, statistics.get, memory_bytes=2**60, workers=threads, reuse=False)
    Evaluator(store, units_per_shape=WAYS[way]).scores(programs, only_complete=True)


def _programs_of_size(size: int, store: StatisticsStore, networks: int, seed: int) -> list[Program]:
    """Draw programs of about this size until enough have a score on all of these networks."""
    kind, rng = get("tree").genome, np.random.default_rng([seed, size])
    settings = TreeSettings(minimum_depth=2, maximum_depth=10, initial_maximum_depth=10)
    found: list[Program] = []
    while len(found) < OF_A_SIZE:
        drawn = (kind.random(rng, settings).compile() for _ in range(400))
        close = [one for one in drawn if one.is_well_formed and abs(one.size - size) <= 0.1 * size]
        view = StatisticsStore(networks, store.get, memory_bytes=2**60, workers=1, reuse=False)
        scores = Evaluator(view).scores(close, only_complete=True)
        found += [one for one, row in zip(close, scores, strict=True) if np.isfinite(row).all()]
    return found[:OF_A_SIZE]


def _measured(work: Callable[[], None], options: argparse.Namespace) -> dict[str, float]:
    processor, clock = [], []
    for _ in range(options.repeats):
        began, began_on_clock = time.process_time(), time.perf_counter()
        work()
        processor.append(time.process_time() - began)
        clock.append(time.perf_counter() - began_on_clock)
    return {
        "processor_seconds": round(numbers.median(processor), 3),
        "least": round(min(processor), 3),
        "greatest": round(max(processor), 3),
        "seconds": round(numbers.median(clock), 3),
    }


def _markdown(report: dict[str, Any]) -> str:
    lines = [f"| networks | {' | '.join(WAYS)} |", "|---|" + "---|" * len(WAYS)]
    for count, ways in report["networks"].items():
        lines.append(f"| {count} | {' | '.join(str(ways[way]['processor_seconds']) for way in WAYS)} |")
    lines += ["", f"| nodes | {' | '.join(WAYS)} |", "|---|" + "---|" * len(WAYS)]
    for size, ways in report["size"].items():
        lines.append(f"| {size} | {' | '.join(str(ways[way]['processor_seconds']) for way in WAYS)} |")
    lines += ["", "| threads | processor seconds | seconds |", "|---|---|---|"]
    for threads, one in report["threads"].items():
        lines.append(f"| {threads} | {one['processor_seconds']} | {one['seconds']} |")
    return "\n".join(lines)


def _draw(figure: Any, report: dict[str, Any]) -> None:
    by_networks, by_size, by_threads = figure.subplots(1, 3)
    for way, colour in zip(WAYS, COLOURS, strict=False):
        counts = list(report["networks"])
        by_networks.plot(
            counts,
            [report["networks"][count][way]["processor_seconds"] for count in counts],
            marker="o",
            color=colour,
            label=way,
        )
        sizes = list(report["size"])
        by_size.plot(
            [report["size"][size]["mean_size"] for size in sizes],
            [report["size"][size][way]["processor_seconds"] for size in sizes],
            marker="o",
            color=colour,
        )
    for axes, label in ((by_networks, "networks"), (by_size, "nodes of a program")):
        axes.set(xlabel=label, ylabel="processor seconds", ylim=(0, None))
    by_networks.legend(fontsize=7)
    by_networks.set_title(f"{report['programs']} programs of a first generation", fontsize=8)
    by_size.set_title(f"{OF_A_SIZE} programs on {min(report['networks'])} networks", fontsize=8)
    threads = list(report["threads"])
    places = np.arange(len(threads))
    for shift, figure_name, colour in ((-0.2, "processor_seconds", COLOURS[0]), (0.2, "seconds", COLOURS[3])):
        by_threads.bar(
            places + shift,
            [report["threads"][count][figure_name] for count in threads],
            0.4,
            color=colour,
            label=figure_name.replace("_", " "),
        )
    by_threads.set_xticks(places, [str(count) for count in threads])
    by_threads.set(xlabel="threads", ylabel="seconds")
    by_threads.set_title(f"first generation on {2 * min(report['networks'])} networks", fontsize=8)
    by_threads.legend(fontsize=7)


if __name__ == "__main__":
    main()
