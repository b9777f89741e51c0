"""How well proxies rank a sample of a benchmark's networks, and under what: the core of `eznas evaluate`."""

from __future__ import annotations

import platform
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.base import Benchmark
from eznas.correlation.bootstrap import INTERVAL
from eznas.errors import EznasError
from eznas.observer import RunObserver, SilentObserver
from eznas.proxies import AnyProxy, Proxy
from eznas.scoring.kernel_loading import LOADING_KERNELS, load_kernels
from eznas.scoring.ranking import RANKING_RULE, SECOND_DRAW_RULE, Ranking, rank_networks
from eznas.scoring.rounding import ROUNDING_RULE
from eznas.scoring.scores import ScoreNetworks, score_networks
from eznas.scoring.settings import ScoringSettings
from eznas.statistics.coverage import ENOUGH
from eznas.statistics.workers import checked_threads

DEFAULT_NETWORKS: Final = 1000

_PACKAGES: Final = ("eznas", "torch", "numpy", "numba")
_INITIALISATION: Final = (
    "Conv2d Kaiming normal (fan out, ReLU), BatchNorm weight 1 and bias 0, Linear normal(0, 0.01) with zero bias; "
    "drawn for each network from the seed and its index"
)


@dataclass(frozen=True)
class Evaluation:
    """What evaluating proxies gave.

    Attributes:
        proxies: what was evaluated.
        rankings: how each of them ranks the networks.
        networks: int64 (n,), indices of the networks in the benchmark.
        architectures: their texts.
        accuracies: float64 (n,), percent.
        seconds: wall-clock time of building, scoring and ranking.
        protocol: what the figures depend on beside the proxy, as plain data.
    """

    proxies: tuple[AnyProxy, ...]
    rankings: tuple[Ranking, ...]
    networks: NDArray[np.int64]
    architectures: tuple[str, ...]
    accuracies: NDArray[np.float64]
    seconds: float
    protocol: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the scores as plain data; an undefined figure is None."""
        return {
            "proxies": [
                {
                    "proxy": proxy.name,
                    **ranking.figures(),
                    "unscored": {self.architectures[at]: reason for at, reason in ranking.unscored.items()},
                    **proxy.describe(),
                }
                for proxy, ranking in zip(self.proxies, self.rankings, strict=True)
            ],
            "warnings": self.warnings,
            "seconds": self.seconds,
            "protocol": self.protocol,
        }

    @property
    def warnings(self) -> list[str]:
        """A sentence where units hold less than half of networks, whose scores then come from that part alone."""
        lists = [ranking.coverage for ranking in self.rankings if ranking.coverage is not None]
        if not lists or (low := np.flatnonzero(np.min(lists, axis=0) < ENOUGH)).size == 0:
            return []
        least = np.min(lists, axis=0)[low].min()
        general = all(proxy.unit == "A-L-N" for proxy in self.proxies if isinstance(proxy, Proxy))
        return [
            f"Of {len(low)} of the {len(self.networks)} networks, scores come from less than half: their units hold "
            f"{least:.0%} of the parameters or more{'' if general else ' (--unit A-L-N takes all linear maps)'}."
        ]


def evaluate(
    proxies: Sequence[AnyProxy],
    benchmark: Benchmark,
    networks: int | None = None,
    batch_size: int = 1,
    seed: int = 0,
    device: str = "cpu",
    threads: int | None = None,
    observer: RunObserver | None = None,
    without: Collection[int] = (),
    score: ScoreNetworks = score_networks,
) -> Evaluation:
    """Score a sample of a benchmark's networks with proxies, and correlate the scores with the accuracies.

    Every network is built and run once for all proxies. The result depends on the arguments alone, not on the number
    of threads; that of a proxy does not depend on the others. A network's score depends on the seed, the batch and
    the network, not on which others are in the sample; another batch size changes no network.

    Args:
        proxies: programs, hand-made proxies and aggregates of ranks.
        benchmark: where networks, accuracies and images are from.
        networks: how many to draw; None for 1000, or all if there are fewer.
        batch_size: images in the batch that all networks see.
        seed: of the sample, the images, the weights and the bootstrap.
        device: where networks run: `cpu`, `cuda` or `cuda:N`.
        threads: each with a network of its own; None for one per core.
        observer: is told of the phases and of the networks that are done.
        without: indices of networks that are not to be drawn, such as those that a program was evolved on.
        score: gives the scores of the networks.

    Raises:
        EznasError: more networks or images are asked for than there are, the device is not there, or no network at
            all could be scored by any of the proxies (the sentence has the first reason).
    """
    settings = ScoringSettings(batch_size, seed, device, checked_threads(threads))
    indices = sample_networks(benchmark, networks, seed, without)
    if any(isinstance(proxy, Proxy) for proxy in proxies):
        (observer or SilentObserver()).phase(LOADING_KERNELS)
        load_kernels()
    started = time.perf_counter()
    rankings = rank_networks(proxies, benchmark, indices, settings, observer, score=score)
    if all(len(ranking.unscored) == len(indices) for ranking in rankings):
        reason = next((reason for ranking in rankings for reason in ranking.unscored.values()), "There is no proxy.")
        names = " and ".join(proxy.name for proxy in proxies)
        raise EznasError(f"{names} scores none of the {len(indices)} networks of {benchmark.name}. {reason}")
    return Evaluation(
        proxies=tuple(proxies),
        rankings=tuple(rankings),
        networks=indices,
        architectures=tuple(benchmark.architectures[index] for index in indices),
        accuracies=benchmark.accuracies[indices],
        seconds=time.perf_counter() - started,
        protocol=_protocol(benchmark, settings, len(indices), len(without)),
    )


def sample_networks(
    benchmark: Benchmark, count: int | None, seed: int, without: Collection[int] = ()
) -> NDArray[np.int64]:
    """Return networks in random order: with or without others left out, those that stay keep their order.

    Args:
        benchmark: of the networks.
        count: how many; None for 1000, or all if there are fewer.
        seed: of the order.
        without: indices of networks that are not to be drawn.

    Raises:
        EznasError: there are not as many.
    """
    left = len(benchmark) - len(without)
    if left == 0:
        raise EznasError(
            f"All {len(benchmark)} networks of {benchmark.name} are left out, and none is left to score: take them in "
            "with `eznas evaluate --all-networks`, or choose another benchmark."
        )
    count = min(DEFAULT_NETWORKS, left) if count is None else count
    if without and count > left:
        raise EznasError(
            f"{count} networks were asked of {benchmark.name}, which has {left} beside the {len(without)} that are "
            f"left out: ask for 1 to {left}, or take them in with `eznas evaluate --all-networks`."
        )
    rng = np.random.default_rng(seed)
    if not without:
        return benchmark.sample(count, rng)
    order = benchmark.sample(len(benchmark), rng)
    return order[~np.isin(order, list(without))][:count]


def _protocol(benchmark: Benchmark, settings: ScoringSettings, networks: int, left_out: int) -> dict[str, Any]:
    return {
        "benchmark": benchmark.name,
        "dataset": benchmark.dataset,
        "description": benchmark.description,
        "networks": networks,
        "left_out": left_out,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "accuracy_split": benchmark.accuracy_split,
        "epochs": benchmark.epochs,
        "ranking": RANKING_RULE,
        "interval": INTERVAL,
        "second_draw": SECOND_DRAW_RULE,
        "rounding": ROUNDING_RULE,
        "initialisation": _INITIALISATION,
        "normalisation": benchmark.normalisation.source,
        "device": settings.device,
        "versions": {
            "python": platform.python_version(),
            **{package: metadata.version(package) for package in _PACKAGES},
        },
    }
