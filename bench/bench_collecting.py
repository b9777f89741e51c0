"""Seconds on the clock to collect the statistics of real networks: in one thread, in several, and with helpers.

    python bench/bench_collecting.py --threads 2

Threads of one process share Python's lock, which the thousands of short calls of a network's passes need; helpers are
processes beside it (`eznas/system/helpers.py`), as the program `eznas` starts them. Each way has other networks, the
first with helpers also waits for them to start. Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from eznas import benchmarks
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.helping import HELPERS
from eznas.statistics.collect import CollectionSettings
from eznas.statistics.workers import available_cores, run_in_threads
from eznas.system.processes import allow_processes


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--networks", type=int, default=60, help="for each way")
    parser.add_argument("--threads", type=int, default=available_cores())
    arguments = parser.parse_args()
    benchmark = benchmarks.load(arguments.benchmark)
    source = BenchmarkStatistics(benchmark, 1, 0, CollectionSettings())
    indices = benchmark.sample(5 * arguments.networks + 1, np.random.default_rng(0)).tolist()
    source.collect(indices.pop())  # the first one pays for what all others find ready

    def collect(way: str, threads: int) -> None:
        own = [indices.pop() for _ in range(arguments.networks)]
        processor: list[float] = []
        began = time.perf_counter()
        run_in_threads(
            lambda place: processor.append(source.collect_timed(own[place]).seconds),
            count=len(own),
            threads=threads,
            limit=lambda: threads,
        )
        seconds = (time.perf_counter() - began) / len(own)
        print(f"{way:40} {seconds:.3f} s a network, {np.mean(processor):.3f} s of processor time in its passes")

    collect("one thread", 1)
    collect(f"{arguments.threads} threads", arguments.threads)
    allow_processes()
    collect(f"{arguments.threads} threads, helpers start", arguments.threads)
    collect(f"{arguments.threads} threads and helpers", arguments.threads)
    collect(f"{arguments.threads} threads and helpers", arguments.threads)
    print(f"helpers: {HELPERS.count}")


if __name__ == "__main__":
    main()
