"""Is the fitness of every program that of the reference evaluator? Whole populations on real networks.

    python bench/fitness_agreement.py

Ten generations of trees and ten of sequences, as evolution breeds them on these networks. Each new program is scored by
the engine, as evolution does, and by the PyTorch reference (`eznas.ops.reference`) program by program and unit by unit,
and both scores become a fitness in the same way. Where the two differ, scores that rounding moved have changed places;
a fitness is tau, so that one exchanged pair of n networks moves it by 4 / (n (n - 1)): the differences are counted in
such exchanges, and the formulas printed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

import bench_interpreter
import numpy as np
import torch

from eznas import benchmarks
from eznas.ops.notation import format_program
from eznas.ops.program import Program
from eznas.ops.reference import run_program
from eznas.scoring.aggregation import aggregate_columns
from eznas.search.evaluated import Evaluated
from eznas.search.fitness import Fitness, RankedNetworks
from eznas.statistics.tensors import NetworkStatistics
from eznas.terminals import TERMINAL_COUNT


class ReferenceEvaluator:
    """Scores networks by the reference; stands where `Evaluator` does."""

    def __init__(self, networks: Sequence[NetworkStatistics]) -> None:
        self._units = [
            [
                [torch.from_numpy(network.tensor(unit, address)) for address in range(TERMINAL_COUNT)]
                for unit in range(network.units)
            ]
            for network in networks
        ]
        self.unscorable = np.zeros(len(networks), np.bool_)

    def scores(self, programs: Sequence[Program], *_: object, **__: object) -> np.ndarray:
        """As `Evaluator.scores`."""
        return np.array([[self._score(program, units) for units in self._units] for program in programs])

    @staticmethod
    def _score(program: Program, units: Sequence[Sequence[torch.Tensor]]) -> float:
        results = [run_program(program, unit) for unit in units]
        numbers = [0.0 if result is None else _mean(result) for result in results]
        valid = [result is not None for result in results]
        return float(
            aggregate_columns(np.array(numbers, np.float32)[:, None], np.array(valid)[:, None], aggregation="mean")[0]
        )


def _mean(result: torch.Tensor) -> float:
    """The mean as the interpreter states it: 0 where the elements cancel within float32's error."""
    exact = result.double()
    total, size = float(exact.sum()), float(exact.abs().sum())
    return 0.0 if result.numel() > 1 and abs(total) < 2.0**-20 * size else total / result.numel()


def main() -> None:
    """Print how many programs have the same fitness, and the others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--networks", type=int, default=12)
    parser.add_argument("--generations", type=int, default=10, help="of each genome")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--batch-size", type=int, default=1, help="images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    benchmark = benchmarks.load(options.benchmark)
    indices = benchmark.sample(options.networks, np.random.default_rng(options.seed))
    networks = bench_interpreter.collect_networks(benchmark, indices, options)
    ranked = [RankedNetworks.of(benchmark.accuracies[indices])]
    engine = Fitness(bench_interpreter.evaluator_of(networks), ranked)
    reference: Any = ReferenceEvaluator(networks)
    by_reference = Fitness(reference, ranked)
    compared, others = 0, []
    for genome in ("tree", "sequential"):
        evolution = bench_interpreter.evolution_of(genome, options)
        for _ in range(options.generations):
            programs = evolution.ask()
            evaluated = engine.of(programs)
            others += [
                _difference(one, other, len(networks))
                for one, other in zip(evaluated, by_reference.of(programs), strict=True)
                if one.fitness != other.fitness
            ]
            compared += len(programs)
            evolution.tell(evaluated)
    report = {
        "benchmark": options.benchmark,
        "networks": len(networks),
        "populations": 2 * options.generations,
        "programs": compared,
        "equal": compared - len(others),
        "others": others,
        "processor_seconds": round(time.process_time() - began),
    }
    print(json.dumps(report, indent=2))


def _difference(one: Evaluated, other: Evaluated, networks: int) -> dict[str, Any]:
    return {
        "formula": format_program(one.program),
        "fitness": one.fitness,
        "reference": other.fitness,
        "exchanged_pairs": round(abs(one.fitness - other.fitness) * networks * (networks - 1) / 4, 1),
    }


if __name__ == "__main__":
    main()
