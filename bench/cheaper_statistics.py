"""What fitness becomes on cheaper statistics of the same NAS-Bench-201 networks, and what those cost.

    python bench/cheaper_statistics.py --networks 40

The programs are those that some generations of trees on the exact statistics found valid, one of each ranking of the
networks. Ways: a sample of the units of each shape (`--units-per-shape`), networks of fewer cells or channels, images
of half the size, and statistics rounded to float16. For each: processor seconds of collection and megabytes of a
network, processor seconds in which all programs are evaluated on all networks, and how the fitness of the programs
agrees with the exact one: the rank correlation of all and of the best quarter, the mean difference, and the exact
fitness of the program that is best by that way.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field, replace
from typing import Any, Final

import bench_interpreter
import numpy as np
import torch

from eznas import benchmarks, seeds
from eznas.correlation.rank_correlation import kendall_tau
from eznas.ops.program import Program
from eznas.scoring.drawn_images import draw_images
from eznas.scoring.kernel_loading import load_kernels
from eznas.search.fitness import Fitness, RankedNetworks
from eznas.spaces.nasbench201 import NASBench201
from eznas.statistics.collect import collect, make_inputs
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.unit_sample import UnitSamples

PIXELS: Final = 32


@dataclass(frozen=True)
class Way:
    """How a network's statistics are made cheaper."""

    space: NASBench201 = field(default_factory=NASBench201)
    units_per_shape: int = 0
    shrink: int = 1
    half: bool = False


WAYS: Final = {
    "exact": Way(),
    "three units of a shape": Way(units_per_shape=3),
    "one unit of a shape": Way(units_per_shape=1),
    "1 cell in a stage": Way(NASBench201(cells=1)),
    "4 channels": Way(NASBench201(channels=4)),
    "16 pixels": Way(shrink=2),
    "float16": Way(half=True),
}


def main() -> None:
    """Print the figures as JSON, way by way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--preset", default="paper", help="settings of the generations")
    parser.add_argument("--networks", type=int, default=40)
    parser.add_argument("--generations", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    load_kernels()
    benchmark = benchmarks.load(options.benchmark)
    indices = benchmark.sample(options.networks, np.random.default_rng(options.seed))
    ranked = [RankedNetworks.of(benchmark.accuracies[indices])]
    images = draw_images(benchmark, 1, options.seed)
    programs: list[Program] = []
    exact = np.empty(0)
    for name, way in WAYS.items():
        began = time.process_time()
        networks = [_collected(way, benchmark.architectures[index], images, index, options.seed) for index in indices]
        row: dict[str, Any] = {
            "collection": round((time.process_time() - began) / len(networks), 3),
            "megabytes": round(
                float(np.mean([_bytes_read(one) for one in networks])) / 1e6 / (2 if way.half else 1), 1
            ),
        }
        if not programs:
            programs = _programs(networks, ranked, options)
        began = time.process_time()
        told = Fitness(bench_interpreter.evaluator_of(networks), ranked).of(programs)
        row["evaluation"] = round(time.process_time() - began, 2)
        fitness = np.array([one.fitness for one in told])
        if name == "exact":
            exact = fitness
            row |= {"programs": len(programs), "best": round(float(exact.max()), 3)}
        else:
            best = exact >= np.quantile(exact, 0.75)
            row |= {
                "fitness_tau": round(kendall_tau(fitness, exact), 3),
                "fitness_tau_best_quarter": round(kendall_tau(fitness[best], exact[best]), 3),
                "fitness_difference": round(float(np.mean(np.abs(fitness - exact))), 3),
                "invalid": int((fitness < 0).sum()),
                "exact_fitness_of_its_best": round(float(exact[fitness.argmax()]), 3),
            }
        print(json.dumps({name: row}), flush=True)


def _bytes_read(network: NetworkStatistics) -> int:
    """The bytes of the units that programs are computed on."""
    return 4 * int(network.shapes.prod(axis=2).sum())


def _collected(way: Way, architecture: str, images: torch.Tensor, index: int, seed: int) -> NetworkStatistics:
    side = PIXELS // way.shrink
    inputs = make_inputs(torch.nn.functional.avg_pool2d(images, way.shrink), seed)
    network = way.space.build(architecture, 10, side)
    made = collect(network, inputs, seed=seeds.network_seed(seed, int(index)), name=architecture, copy=False)
    if not way.half:
        return UnitSamples(way.units_per_shape).of(index, made)
    with np.errstate(over="ignore"):
        return replace(made, values=made.values.astype(np.float16).astype(np.float32))


def _programs(networks: list[NetworkStatistics], ranked: list[RankedNetworks], options: argparse.Namespace) -> Any:
    evolution = bench_interpreter.evolution_of("tree", options)
    fitness = Fitness(bench_interpreter.evaluator_of(networks), ranked)
    known = {}
    while evolution.generation <= options.generations:
        told = fitness.of(evolution.ask())
        known.update((one.ranking, one.program) for one in told if one.is_valid)
        evolution.tell(told)
    return list(known.values())


if __name__ == "__main__":
    main()
