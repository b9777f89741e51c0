"""How fast the interpreter is beside eager PyTorch, on the same programs and statistics, in one thread each.

    python bench/bench_interpreter.py --benchmark nasbench201-cifar10 --programs 100 --networks 2

Three ways to get one number per program and unit: the PyTorch reference program by program (as a straightforward
implementation would), the interpreter with one program per plan (the kernels alone), and the interpreter with all
programs in one plan (each distinct sub-expression once). Times are processor seconds of the process, so that other
load on the machine does not count; each is the least of `--repeats`. Compilation is not counted, but printed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
import torch

from eznas import benchmarks, genomes
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.plan import Plan
from eznas.ops.program import Program
from eznas.ops.reference import run_program
from eznas.statistics.collect import collect, make_inputs
from eznas.statistics.tensors import NetworkStatistics
from eznas.terminals import TERMINAL_COUNT


def main() -> None:
    """Print the times and their ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="digits")
    parser.add_argument("--genome", choices=genomes.names(), default="tree")
    parser.add_argument("--programs", type=int, default=100)
    parser.add_argument("--networks", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=1, help="images")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)

    rng = np.random.default_rng(options.seed)
    kind = genomes.get(options.genome)
    programs = [kind.genome.random(rng, kind.settings()).compile() for _ in range(options.programs)]
    networks = _collect(options, rng)

    together = [Plan.of(programs)]
    alone = [Plan.of([program]) for program in programs]
    began = time.process_time()
    _interpret(together, networks[:1])
    first_call = time.process_time() - began

    seconds = {
        "eager PyTorch, program by program": _least(options.repeats, lambda: _eager(programs, networks)),
        "interpreter, one program per plan": _least(options.repeats, lambda: _interpret(alone, networks)),
        "interpreter, one plan": _least(options.repeats, lambda: _interpret(together, networks)),
    }
    eager = seconds["eager PyTorch, program by program"]
    report = {
        "benchmark": options.benchmark,
        "genome": options.genome,
        "programs": len(programs),
        "nodes": sum(program.size for program in programs),
        "distinct_nodes": together[0].size,
        "networks": len(networks),
        "units": sum(statistics.units for statistics in networks),
        "first_call_seconds": round(first_call, 2),
        "processor_seconds": {way: round(value, 4) for way, value in seconds.items()},
        "times_faster_than_eager": {way: round(eager / value, 1) for way, value in seconds.items()},
    }
    print(json.dumps(report, indent=2))


def _collect(options: argparse.Namespace, rng: np.random.Generator) -> list[NetworkStatistics]:
    benchmark = benchmarks.load(options.benchmark)
    inputs = make_inputs(torch.from_numpy(benchmark.image_batch(options.batch_size, rng)), options.seed)
    return [
        collect(benchmark.build(int(index)), inputs, seed=options.seed, name=str(index))
        for index in benchmark.sample(options.networks, rng)
    ]


def _eager(programs: list[Program], networks: list[NetworkStatistics]) -> None:
    for statistics in networks:
        for unit in range(statistics.units):
            tensors = [torch.from_numpy(statistics.tensor(unit, address)) for address in range(TERMINAL_COUNT)]
            for program in programs:
                result = run_program(program, tensors)
                if result is not None:
                    result.mean().item()


def _interpret(plans: list[Plan], networks: list[NetworkStatistics]) -> None:
    for statistics in networks:
        units = statistics.units
        for plan in plans:
            evaluate_plan(
                plan,
                statistics.values,
                statistics.offsets,
                statistics.shapes,
                statistics.axes,
                np.zeros((units, 0), np.float32),
                np.zeros((units, 0), np.bool_),
                "mean",
            )


def _least(repeats: int, function: Callable[[], None]) -> float:
    times = []
    for _ in range(repeats):
        began = time.process_time()
        function()
        times.append(time.process_time() - began)
    return min(times)


if __name__ == "__main__":
    main()
