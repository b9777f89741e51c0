"""Predictors that know published hand-made scores, on the networks of the study of few networks; one table.

    python bench/published_scores.py --seeds 5

What a user can do without eznas: ridge regression and a random forest that know the thirteen scores of
NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022) and the texts of the cells. The networks of a seed, known and
held out, are those of `eznas experiment few-networks --benchmark nasbench201-cifar10 --held-out 300`, so that the
figures can stand beside that study's. `bench/hand_made_study.py` says where the file of the scores is from.

The file has the 9,445 cells whose operations all lie on a path from input to output. Any other cell computes what is
left of it without the others, and is given the scores of that cell, parameters and FLOPs included.
"""

from __future__ import annotations

import argparse
from typing import Final

import numpy as np
from hand_made_study import BENCHMARK, FAILED, read_published
from numpy.typing import NDArray

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.correlation.rank_correlation import kendall_tau, top_decile_tau
from eznas.discovery.networks import Networks
from eznas.experiments import few_networks_methods
from eznas.experiments.architecture_numbers import Encoding, encode
from eznas.experiments.few_networks import COUNTS
from eznas.experiments.predictors import PredictorName, predicted, signed_logarithm
from eznas.experiments.seed_statistics import mean_over_seeds
from eznas.spaces.nasbench201 import EDGES, architecture_of, operations_of

NONE: Final = "none"
INPUT: Final = 0
OUTPUT: Final = 3
AGAIN: Final = "zen_as_published"  # their zen a second time
METHODS: Final = {
    method.label: method.predictor for method in few_networks_methods.METHODS.values() if method.predictor
}


def without_dead_ends(architecture: str) -> str:
    """Return the cell in which every operation that lies on no path from input to output is `none`."""
    operations = operations_of(architecture)
    taken = [edge for edge, operation in zip(EDGES, operations, strict=True) if operation != NONE]
    reached, leading = {INPUT}, {OUTPUT}
    for _ in EDGES:  # more often than a path has edges
        reached |= {target for source, target in taken if source in reached}
        leading |= {source for source, target in taken if target in leading}
    return architecture_of(
        operation if source in reached and target in leading else NONE
        for (source, target), operation in zip(EDGES, operations, strict=True)
    )


def score_table(benchmark: Benchmark) -> NDArray[np.float64]:
    """Return the signed logarithms of the published scores, float64 (networks, 13); NaN where there is none."""
    published = read_published(benchmark)
    names = sorted({name for scores in published.values() for name in scores} - {AGAIN})
    rows = [published[benchmark.find(without_dead_ends(text))] for text in benchmark.architectures]
    table = np.array([[row[name] for name in names] for row in rows])
    return signed_logarithm(np.where(table > FAILED, table, np.nan))


def taus(
    method: tuple[PredictorName, Encoding], benchmark: Benchmark, table: NDArray[np.float64], count: int, seed: int
) -> tuple[float, float]:
    """Return tau, and tau among the best tenth, on the held-out networks of a seed."""
    predictor, encoding = method
    networks = Networks.draw(benchmark, max(COUNTS), 0, 300, seed)
    known, held_out = networks.training[:count], networks.held_out
    texts = [benchmark.architectures[network] for network in known]

    def inputs(chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        _, columns = encode([benchmark.architectures[network] for network in chosen], encoding, texts)
        return np.hstack([columns, table[chosen]])

    ranked = predicted(predictor, inputs(known), benchmark.accuracies[known], inputs(held_out), seed)
    accuracies = benchmark.accuracies[held_out]
    return kendall_tau(ranked, accuracies), top_decile_tau(ranked, accuracies)


def main() -> None:
    """Print a table for tau and one for the best tenth."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    benchmark = benchmarks.load(BENCHMARK)
    table = score_table(benchmark)
    found = {
        (label, count): [taus(method, benchmark, table, count, seed) for seed in range(options.seeds)]
        for label, method in METHODS.items()
        for count in COUNTS
    }
    for place, quantity in enumerate(("tau", "tau among the best tenth")):
        print(f"\n| {quantity}; known networks | {' | '.join(map(str, COUNTS))} |\n| :-- |{' --: |' * len(COUNTS)}")
        for label in METHODS:
            means = [mean_over_seeds([one[place] for one in found[label, count]]) for count in COUNTS]
            cells = [f"{one.mean:.3f} [{one.low:.3f}, {one.high:.3f}]" for one in means]
            print(f"| {label}, 13 scores | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
