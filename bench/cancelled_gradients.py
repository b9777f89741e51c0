"""Gradients of which nothing but rounding is left, and what scores would be if they were the zero that they stand for.

    python bench/cancelled_gradients.py --benchmark darts-1000 --networks 100

A normalisation over places subtracts the mean of its input. Where its output is only averaged afterwards, the network's
output does not depend on that input, and all gradients before it are zero but for rounding. The statistics of each
network are computed twice: as ever, and with every operation rounded up, which leaves no digit of such a gradient as it
was. Counted are units whose gradient of the weight moves by more than half of its norm, and networks in which that
holds for every unit that has a gradient. Then the tau of some proxies, from the statistics as they are, and with every
gradient that moves so set to zero.
"""

from __future__ import annotations

import argparse

import numpy as np

from eznas import benchmarks, seeds
from eznas.correlation.rank_correlation import kendall_tau
from eznas.ops.plan import Plan
from eznas.proxies import Proxy
from eznas.runs.proxy_argument import resolve_proxy
from eznas.scoring.aggregation import join_terms
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.evaluator import scores_of_network
from eznas.scoring.kernel_loading import load_kernels
from eznas.scoring.ties import rankable
from eznas.statistics.cancelled_gradients import is_rounding
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.tensors import NetworkStatistics
from eznas.system.rounding import rounding_up
from eznas.terminals import BY_NAME, TERMINALS

WEIGHT_GRADIENT = BY_NAME["wt_grad.data"].address
GRADIENTS = [terminal.address for terminal in TERMINALS if terminal.is_gradient]


def scores_of(proxies: list[Proxy], statistics: NetworkStatistics) -> list[float]:
    """Return the score that each proxy gives a network of these statistics."""
    scores = []
    for proxy in proxies:
        plan = Plan.of([term.program for term in proxy.terms])
        aggregates = scores_of_network(plan, statistics, proxy.to_scalar, proxy.aggregation)
        scores.append(join_terms(aggregates, np.array([term.sign for term in proxy.terms], np.float64)))
    return scores


def main() -> None:
    """Count, score both ways, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="darts-1000")
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--proxy",
        nargs="+",
        default=["eznas-a", "nasbench201-small", "nasbench201-short", "nasbench201-best", "nasbench201-mean"],
        help="programs; others are passed over",
    )
    options = parser.parse_args()

    load_kernels()
    benchmark = benchmarks.load(options.benchmark)
    indices = seeds.generator(options.seed, "networks").permutation(len(benchmark.accuracies))[: options.networks]
    source = BenchmarkStatistics(benchmark, options.batch_size, options.seed, CollectionSettings())
    proxies = [proxy for text in options.proxy if isinstance(proxy := resolve_proxy(text), Proxy)]
    units = cancelled = whole = 0
    as_they_are, with_zeros = np.empty((2, len(proxies), len(indices)))
    for position, index in enumerate(indices.tolist()):
        statistics = source.collect_here(index).statistics
        with rounding_up():
            rounded_up = source.collect_here(index).statistics
        as_they_are[:, position] = scores_of(proxies, statistics)
        found = []
        for unit in range(statistics.units):
            gradient = statistics.tensor(unit, WEIGHT_GRADIENT)
            if gradient.any():
                found.append(is_rounding(gradient, rounded_up.tensor(unit, WEIGHT_GRADIENT)))
            for address in GRADIENTS:
                if is_rounding(statistics.tensor(unit, address), rounded_up.tensor(unit, address)):
                    statistics.tensor(unit, address)[...] = 0
        units, cancelled, whole = units + statistics.units, cancelled + sum(found), whole + (any(found) and all(found))
        with_zeros[:, position] = scores_of(proxies, statistics)

    print(f"{options.benchmark}, {len(indices)} networks, batch size {options.batch_size}, seed {options.seed}")
    print(f"units whose gradient of the weight is rounding: {cancelled} of {units}")
    print(f"networks in which that of every unit with a gradient is: {whole} of {len(indices)}")
    accuracies = benchmark.accuracies[indices]
    print(f"{'tau':24}{'as they are':>12}{'with zeros':>12}")
    for proxy, *ways in zip(proxies, as_they_are, with_zeros, strict=True):
        taus = [kendall_tau(rankable(scores, proxy.orientation), accuracies) for scores in ways]
        print(f"{proxy.name:24}" + "".join(f"{tau:12.3f}" for tau in taus))


if __name__ == "__main__":
    main()
