"""Is the fitness of every program that of the reference evaluator? Whole populations on real networks.

    python bench/fitness_agreement.py

Ten generations of trees and ten of sequences, as evolution breeds them on these networks. Each new program is scored by
the engine, as evolution does, and by the PyTorch reference (`eznas.ops.reference`) program by program and unit by unit,
and both scores become a fitness in the same way. Where the two differ, scores that rounding moved have changed places;
a fitness is tau, so that one exchanged pair of n networks moves it by 4 / (n (n - 1)): the differences are counted in
such exchanges, and the formulas printed, with what `bench/agreement.py` calls their numbers on every unit.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import agreement
import bench_interpreter
import numpy as np
import torch

from eznas import benchmarks
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.notation import format_program
from eznas.ops.plan import Plan
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
        self._units = [[_tensors(network, unit) for unit in range(network.units)] for network in networks]
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


def _tensors(network: NetworkStatistics, unit: int) -> list[torch.Tensor]:
    return [torch.from_numpy(network.tensor(unit, address)) for address in range(TERMINAL_COUNT)]


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
                _difference(one, other, networks)
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


def _difference(one: Evaluated, other: Evaluated, networks: Sequence[NetworkStatistics]) -> dict[str, Any]:
    pairs = len(networks) * (len(networks) - 1) / 2
    return {
        "formula": format_program(one.program),
        "fitness": one.fitness,
        "reference": other.fitness,
        "exchanged_pairs": round(abs(one.fitness - other.fitness) * pairs / 2, 1),
        "units": _kinds_of_units(one.program, networks),
    }


def _kinds_of_units(program: Program, networks: Sequence[NetworkStatistics]) -> dict[str, int]:
    """Return how many units of all networks are of each kind: whether the numbers agree, and if not, why."""
    plan, kinds, rng = Plan.of([program]), Counter[str](), np.random.default_rng(0)
    for network in networks:
        shapes = network.offsets, network.shapes, network.axes
        numbers, valid, _ = evaluate_plan(plan, network.values, *shapes, "mean")
        for unit in range(network.units):
            column = plan.root_columns[0]
            number = float(numbers[unit, column]) if valid[unit, column] else None
            kinds[agreement.compare(program, number, _tensors(network, unit), "mean", rng, agreement.Tally())] += 1
    return dict(kinds)


if __name__ == "__main__":
    main()
