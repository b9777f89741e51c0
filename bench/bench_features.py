"""What the standard bank of features costs: its parts for a few networks, and a whole table.

    python bench/bench_features.py --networks 10 --table 300

The parts are processor seconds of one thread, so that other work on the machine counts little: for the collection of a
network's statistics, and for the bank computed from them. The table is built anew in a temporary folder, and read.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

from eznas import benchmarks, seeds
from eznas.benchmarks.base import Benchmark
from eznas.features.bank import standard_bank
from eznas.features.source import BenchmarkSource
from eznas.features.table import FeatureTable
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.plan import Plan
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.workers import available_cores


def evaluate(plan: Plan, statistics: NetworkStatistics) -> None:
    """Compute the features of one network."""
    evaluate_plan(plan, statistics.values, statistics.offsets, statistics.shapes, statistics.axes, "mean")


def measure_parts(benchmark: Benchmark, networks: int, plan: Plan) -> tuple[float, float]:
    """Return the processor seconds of one network: for its statistics, and for the features."""
    source = BenchmarkStatistics(benchmark, 1, 0, CollectionSettings())
    indices = benchmark.sample(networks, seeds.generator(0, "networks"))
    evaluate(plan, source.collect(int(indices[0])))  # compiles, or reads the compiled code
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    collecting, computing = 0.0, 0.0
    for index in indices:
        begun = time.process_time()
        statistics = source.collect(int(index))
        collected = time.process_time()
        evaluate(plan, statistics)
        collecting += collected - begun
        computing += time.process_time() - collected
    torch.set_num_threads(threads)
    return collecting / networks, computing / networks


def measure_table(benchmark: Benchmark, networks: int, threads: int) -> None:
    """Build a table, read it, and print what that took."""
    indices = benchmark.sample(networks, seeds.generator(0, "networks"))
    with tempfile.TemporaryDirectory() as folder:
        table = FeatureTable(BenchmarkSource(benchmark), indices, Path(folder))
        begun, cpu_begun = time.perf_counter(), time.process_time()
        table.compute(standard_bank(), threads=threads)
        seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu_begun
        nbytes = sum(file.stat().st_size for file in table.path.iterdir())
        begun = time.perf_counter()
        values = table.read(standard_bank())
        reading = time.perf_counter() - begun
    print(f"table of {networks} networks, {values.units.sum()} units, {nbytes / 1e6:.0f} MB")
    print(f"  built in {seconds:.0f} s, {cpu_seconds:.0f} s of processor time, by {threads} threads")
    print(f"  read in {reading:.2f} s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--networks", type=int, default=10, help="for the parts")
    parser.add_argument("--table", type=int, default=300, help="networks of the table; 0 for none")
    parser.add_argument("--threads", type=int, default=available_cores(), help="for the table")
    given = parser.parse_args()
    benchmark = benchmarks.load(given.benchmark)
    plan = Plan.of(standard_bank())
    collecting, computing = measure_parts(benchmark, given.networks, plan)
    print(f"{len(standard_bank())} features in {plan.size} operations, {given.networks} networks of {benchmark.name}")
    print(f"  statistics {collecting:.3f} s of processor time a network")
    print(f"  features   {computing:.3f} s of processor time a network")
    if given.table:
        measure_table(benchmark, given.table, given.threads)


if __name__ == "__main__":
    main()
