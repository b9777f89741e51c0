"""How well a proxy ranks the networks of a benchmark: the core of `eznas evaluate`."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.proxies.hand_made import HandMadeProxy
from eznas.proxies.proxy import Proxy
from eznas.scoring.benchmark_statistics import BenchmarkStatistics, draw_images
from eznas.scoring.bootstrap import bootstrap_interval
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.ranking import Statistic, kendall_tau, spearman, top_decile_tau
from eznas.statistics.collect import CollectionSettings, initialise
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.workers import available_cores, run_in_threads

RESAMPLES: Final = 1000
LEVEL: Final = 0.95

_PACKAGES: Final = ("eznas", "torch", "numpy", "numba")
_INITIALISATION: Final = (
    "Conv2d Kaiming normal (fan out, ReLU), BatchNorm weight 1 and bias 0, Linear normal(0, 0.01) with zero bias; "
    "drawn for each network from the seed and its index"
)


@dataclass(frozen=True)
class Estimate:
    """A rank correlation with its percentile bootstrap interval over networks; NaN where it is undefined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ProxyEvaluation:
    """What evaluating a proxy gave.

    Attributes:
        name: of the proxy.
        tau: Kendall's tau-b between scores and accuracies.
        spearman: Spearman's rho.
        top_decile_tau: tau-b among the most accurate tenth of the networks.
        networks: int64 (n,), indices of the networks in the benchmark, failed ones included.
        scores: float64 (n,), oriented so that higher means better; NaN for a failed network.
        accuracies: float64 (n,), percent.
        failed: why a network has no score, by its architecture; the figures are those of the other networks.
        seconds: wall-clock time of building, scoring and ranking.
        protocol: what the figures depend on, as plain data.
    """

    name: str
    tau: Estimate
    spearman: Estimate
    top_decile_tau: Estimate
    networks: NDArray[np.int64]
    scores: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    failed: dict[str, str]
    seconds: float
    protocol: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the single networks as plain data; an undefined figure is None."""
        figures: dict[str, Any] = {"proxy": self.name}
        for name in ("tau", "spearman", "top_decile_tau"):
            estimate: Estimate = getattr(self, name)
            figures[name] = _plain(estimate.value)
            figures[f"{name}_interval"] = [_plain(estimate.low), _plain(estimate.high)]
        return {**figures, "failed": self.failed, "seconds": self.seconds, "protocol": self.protocol}


def evaluate_proxy(
    proxy: Proxy | HandMadeProxy,
    benchmark: Benchmark,
    networks: int = 1000,
    batch_size: int = 1,
    seed: int = 0,
    device: str = "cpu",
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ProxyEvaluation:
    """Score a sample of a benchmark's networks with a proxy, and correlate the scores with the accuracies.

    The result depends on the arguments alone, not on the number of workers. A network's score depends on the seed,
    the batch and the network, not on which others are in the sample; another batch size changes no network.

    Args:
        proxy: a program proxy or a hand-made score.
        benchmark: where networks, accuracies and images are from.
        networks: how many to draw.
        batch_size: images in the batch that all networks see.
        seed: of the sample, the images, the weights and the bootstrap.
        device: where networks run: `cpu`, `cuda` or `cuda:N`.
        workers: threads, each with a network of its own; None for one per core.
        progress: called with the number of networks done, which may rise by more than one, and of all networks.

    Raises:
        EznasError: more networks or images are asked for than there are, the device is not there, or no network at
            all could be scored (the sentence has the first reason).
    """
    started = time.perf_counter()
    settings = _settings(proxy, device)
    settings.check_device()
    indices = benchmark.sample(networks, np.random.default_rng(seed))
    sample = _Sample(benchmark, indices, batch_size, seed, settings, workers or available_cores(), progress)
    raw, reasons = sample.hand_made(proxy) if isinstance(proxy, HandMadeProxy) else sample.program(proxy)
    # -0.0 would print as such where a score of orientation -1 is zero.
    scores = np.where(np.isfinite(raw), proxy.orientation * raw + 0.0, np.nan)
    failed = _failed(scores, reasons, [benchmark.architectures[index] for index in indices])
    if len(failed) == len(indices):
        first_reason = next(iter(failed.values()))
        raise EznasError(f"{proxy.name} scores none of the {len(indices)} networks of {benchmark.name}. {first_reason}")
    accuracies = benchmark.accuracies[indices]
    kept = ~np.isnan(scores)
    rng = seeds.generator(seed, "bootstrap")
    tau, rho, top_tau = (
        _estimate(scores[kept], accuracies[kept], statistic, rng)
        for statistic in (kendall_tau, spearman, top_decile_tau)
    )
    return ProxyEvaluation(
        name=proxy.name,
        tau=tau,
        spearman=rho,
        top_decile_tau=top_tau,
        networks=indices,
        scores=scores,
        accuracies=accuracies,
        failed=failed,
        seconds=time.perf_counter() - started,
        protocol=_protocol(proxy, benchmark, networks, batch_size, seed, device),
    )


@dataclass(frozen=True)
class _Sample:
    """The networks to score and what they see; scoring gives float64 (networks,) and reasons by position."""

    benchmark: Benchmark
    indices: NDArray[np.int64]
    batch_size: int
    seed: int
    settings: CollectionSettings
    workers: int
    progress: Callable[[int, int], None] | None

    def program(self, proxy: Proxy) -> tuple[NDArray[np.float64], dict[int, str]]:
        reasons: dict[int, str] = {}
        source = BenchmarkStatistics(self.benchmark, self.batch_size, self.seed, self.settings)

        def statistics_of(position: int) -> NetworkStatistics:
            index = int(self.indices[position])
            try:
                return source.collect(index)
            except EznasError as error:
                reasons[position] = str(error)
                return NetworkStatistics.without_tensors(self.benchmark.architectures[index])

        with StatisticsStore(len(self.indices), statistics_of, 0, self.workers, reuse=False) as store:
            evaluator = Evaluator(store, proxy.to_scalar, proxy.aggregation)
            return evaluator.scores([proxy.program], self.progress)[0], reasons

    def hand_made(self, proxy: HandMadeProxy) -> tuple[NDArray[np.float64], dict[int, str]]:
        reasons: dict[int, str] = {}
        images = draw_images(self.benchmark, self.batch_size, self.seed).to(self.settings.device)

        def score(position: int) -> float:
            index = int(self.indices[position])
            try:
                network = self.benchmark.build(index).to(self.settings.device).train()
                initialise(network, seeds.network_seed(self.seed, index))
                return proxy.score(network, images)
            except Exception as error:  # a network may be the user's own code, and one that fails is reported by name
                reasons[position] = str(error) if isinstance(error, EznasError) else f"{type(error).__name__}: {error}"
                return math.nan

        count = len(self.indices)
        scores = run_in_threads(score, count=count, threads=self.workers, limit=lambda: count, progress=self.progress)
        return np.array(scores), reasons


def _settings(proxy: Proxy | HandMadeProxy, device: str) -> CollectionSettings:
    """Return what to collect for a program; of a hand-made score only the device matters."""
    if isinstance(proxy, HandMadeProxy):
        return CollectionSettings(device=device)
    return CollectionSettings(proxy.unit, proxy.third_pass, device, proxy.program.terminals)


def _failed(scores: NDArray[np.float64], reasons: dict[int, str], architectures: Sequence[str]) -> dict[str, str]:
    return {
        architectures[position]: reasons.get(position, "The score is not finite, or the program takes no unit of it.")
        for position in np.flatnonzero(np.isnan(scores)).tolist()
    }


def _estimate(
    scores: NDArray[np.float64], accuracies: NDArray[np.float64], statistic: Statistic, rng: np.random.Generator
) -> Estimate:
    low, high = bootstrap_interval(scores, accuracies, statistic, rng, RESAMPLES, LEVEL)
    return Estimate(statistic(scores, accuracies), low, high)


def _protocol(
    proxy: Proxy | HandMadeProxy, benchmark: Benchmark, networks: int, batch_size: int, seed: int, device: str
) -> dict[str, Any]:
    if isinstance(proxy, Proxy):
        score = {
            "formula": proxy.formula,
            "unit": proxy.unit,
            "to_scalar": proxy.to_scalar,
            "aggregation": proxy.aggregation,
            "third_pass": proxy.third_pass,
        }
    else:
        score = {"score": proxy.meaning}
    return {
        "benchmark": benchmark.name,
        "dataset": benchmark.dataset,
        "description": benchmark.description,
        "networks": networks,
        "batch_size": batch_size,
        "seed": seed,
        "accuracy_split": benchmark.accuracy_split,
        "epochs": benchmark.epochs,
        **score,
        "orientation": proxy.orientation,
        "source": proxy.source,
        "initialisation": _INITIALISATION,
        "normalisation": benchmark.normalisation.source,
        "interval": f"{LEVEL:.0%} percentile bootstrap over networks, {RESAMPLES:,} resamples",
        "device": device,
        "versions": {
            "python": platform.python_version(),
            **{package: metadata.version(package) for package in _PACKAGES},
        },
    }


def _plain(number: float) -> float | None:
    return None if math.isnan(number) else number
