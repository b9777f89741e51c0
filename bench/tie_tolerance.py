"""How far float32 moves scores that should be equal, and what a tolerance for ties costs other scores.

    python bench/tie_tolerance.py

First, programs whose value follows from shapes alone: the same networks are scored under two draws of weights and
images, and the relative difference is the error of computing them. Then, for several tolerances, what random programs
and EZNAS-A lose: distinct scores, and tau. `RELATIVE_TOLERANCE` has to lie above the first, and where the second is
still no more than it is for the smallest tolerances.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from eznas import benchmarks, genomes, proxies, seeds
from eznas.correlation.rank_correlation import kendall_tau
from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.ops.notation import parse_program
from eznas.proxies import Proxy
from eznas.scoring.scores import score_networks
from eznas.scoring.settings import ScoringSettings
from eznas.scoring.ties import agree, tied

COUNTING = (
    "softmax(abs(pre_grad.noise))",
    "softmax(sigmoid(wt_grad.noise))",
    "softmax(act_grad.perturbed)",
    "normalized_sum(softmax(wt))",
    "l1_norm(softmax(act.noise))",
    "invert(normalized_sum(softmax(wt)))",
    "numel(wt) * normalized_sum(softmax(wt))",
    "normalized_sum(softmax(wt)) - normalized_sum(softmax(act.noise))",
    "normalized_sum(sigmoid(act.data)) + normalized_sum(sigmoid(zeros_like(act.data) - act.data))",
    "log(exp(softmax(act.data)))",
    "log(normalized_sum(softmax(pre_grad.data)))",
    "exp(log(numel(wt)))",
    "cosine_similarity(wt, wt)",
    "determinant(ones_like(wt))",
    "normalize(pre.data) + ones_like(pre.data)",
    "frobenius_norm(normalize(pre.data))",
    "power(normalize(pre.data))",
    "normalize(pre.data)",
    "act.data - act.noise",
)
EXPONENTS = (24, 23, 22, 21, 20, 19, 18, 17, 16, 14)


def random_proxies(count: int) -> list[Proxy]:
    """Return random trees as evolution begins with."""
    kind, rng = genomes.get("tree"), np.random.default_rng(1)
    drawn = (kind.genome.random(rng, kind.settings()).compile() for _ in range(count))
    return [Proxy(f"random {number}", program) for number, program in enumerate(drawn) if program.is_well_formed]


def relative_difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the largest difference between two scores of a network, relative to the smaller one."""
    smaller = np.minimum(np.abs(first), np.abs(second))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(first == second, 0.0, np.abs(first - second) / smaller)
    return float(np.nanmax(relative))


def loss(scores: NDArray[np.float64], tolerance: float) -> float:
    """Return the share of distinct scores that are gone when those within a tolerance are ties."""
    return 1 - len(np.unique(tied(scores, tolerance))) / len(np.unique(scores))


def tau_moved(scores: NDArray[np.float64], accuracies: NDArray[np.float64], tolerance: float) -> float:
    """Return by how much tau differs from that without ties; a constant counts as 0."""
    before, after = kendall_tau(scores, accuracies), kendall_tau(tied(scores, tolerance), accuracies)
    return abs(float(np.nan_to_num(before)) - float(np.nan_to_num(after)))


def main() -> None:
    """Score everything and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--programs", type=int, default=400, help="random ones, of which about two thirds score all")
    options = parser.parse_args()
    benchmark = benchmarks.load(options.benchmark)
    indices = benchmark.sample(options.networks, np.random.default_rng(0))
    accuracies = benchmark.accuracies[indices]
    counting = [Proxy(formula, parse_program(formula)) for formula in COUNTING]
    everything = [*counting, proxies.load_program("eznas-a"), *random_proxies(options.programs)]
    first, second = (
        score_networks(everything, benchmark, indices, ScoringSettings(seed=seed)).values
        for seed in (0, seeds.second_draw(0))
    )
    print("counts: largest relative difference between two draws, distinct scores before and after ties")
    for row, proxy in enumerate(counting):
        before, after = (len(np.unique(scores)) for scores in (first[row], tied(first[row])))
        print(f"{relative_difference(first[row], second[row]):9.1e} {before:4d} {after:4d}  {proxy.name}")
    reference, rest = first[len(counting)], first[len(counting) + 1 :]
    again = second[len(counting) + 1 :]
    complete = np.isfinite(rest).all(axis=1) & np.isfinite(again).all(axis=1)
    rest, again = rest[complete], again[complete]
    still = sum(bool(agree(*pair).all()) for pair in zip(rest, again, strict=True))
    print(f"\n{len(rest)} of {len(complete)} random programs score all networks; {still} of them only count\n")
    print(
        "tolerance  programs that lose distinct scores, more than 5 %, tau by more than .001, most; eznas-a: lost, tau"
    )
    for exponent in EXPONENTS:
        tolerance = 2.0**-exponent
        lost = np.array([loss(scores, tolerance) for scores in rest])
        moved = np.array([tau_moved(scores, accuracies, tolerance) for scores in rest])
        chosen = " <-" if tolerance == RELATIVE_TOLERANCE else ""
        print(
            f"2^-{exponent} {tolerance:7.1e} {(lost > 0).sum():5d} {(lost > 0.05).sum():5d} {(moved > 1e-3).sum():5d} "
            f"{moved.max():6.3f}   {loss(reference, tolerance):.3f} "
            f"{tau_moved(reference, accuracies, tolerance):.4f}{chosen}"
        )


if __name__ == "__main__":
    main()
