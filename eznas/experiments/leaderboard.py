"""The leaderboard: how well proxies rank the same networks of a benchmark, and what each of them costs.

Every score of every network is stored when it is there, so that a leaderboard that was stopped goes on, and one that is
asked for more networks or more proxies computes what is new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas import benchmarks, seeds
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.experiments.evolving import Report
from eznas.experiments.folder import ExperimentFolder
from eznas.experiments.leaderboard_content import benchmark_content, leaderboard_markdown
from eznas.files import json_text
from eznas.proxies import AnyProxy, HandMadeProxy, Proxy, load
from eznas.runs.seen import networks_seen
from eznas.scoring.evaluation import sample_networks
from eznas.scoring.kernel_loading import load_kernels
from eznas.scoring.network_scores import NetworkScores
from eznas.scoring.rank_aggregation import single_proxies
from eznas.scoring.ranking import rankings_of
from eznas.scoring.scores import score_networks
from eznas.scoring.settings import ScoringSettings
from eznas.statistics.workers import checked_threads, run_in_threads

EXPERIMENT: Final = "leaderboard"
NETWORKS: Final = 200
SECOND_DRAW: Final = 50
REFERENCE: Final = "params"
"""What every proxy is compared with."""

Stored = dict[str, dict[str, Any]]
"""The scores of one network by the key of the proxy."""


@dataclass(frozen=True)
class Leaderboard:
    """What a leaderboard is made of.

    Attributes:
        proxies: what competes; `params` is measured in any case, to compare with.
        benchmarks: names, or tables of one's own.
        texts: what the proxies were given as: networks that any of them has evolved on are left out.
        networks: of each benchmark, at most.
        second_draw: how many of them are scored again with other weights and images, for the seed stability.
        batch_size: images that programs see.
        seed: of networks, weights, images and bootstrap.
        device: where networks run.
        threads: each with a network of its own; None for one per core.

    Raises:
        EznasError: there is no proxy, or two have one name.
    """

    proxies: tuple[AnyProxy, ...]
    benchmarks: tuple[str, ...] = ("digits",)
    texts: tuple[str, ...] = ()
    networks: int = NETWORKS
    second_draw: int = SECOND_DRAW
    batch_size: int = 1
    seed: int = 0
    device: str = "cpu"
    threads: int | None = None

    def __post_init__(self) -> None:
        names = [proxy.name for proxy in self.proxies]
        if not names:
            raise EznasError("The leaderboard has no proxy: name one or more, or leave the names out for all.")
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise EznasError(f"The proxy {twice} is there twice: name it once.")

    def run(self, path: Path, report: Report) -> dict[str, Any]:
        """Measure what is missing in the folder, and return the whole leaderboard as plain data.

        Writes leaderboard.json and leaderboard.md into the folder.

        Args:
            path: the folder.
            report: is told of every network.

        Raises:
            EznasError: a benchmark, its images, enough networks or the device is not there, or the folder is of
                another leaderboard.
        """
        loaded = [benchmarks.load(name) for name in self.benchmarks]
        settings = {"batch_size": self.batch_size, "seed": self.seed, "device": self.device}
        folder = ExperimentFolder.open(path, EXPERIMENT, settings)
        competing = self._competing()
        if any(isinstance(proxy, Proxy) for proxy in single_proxies(competing)):
            report("loading the compiled kernels")
            load_kernels()
        measured = {one.name: self._of_benchmark(one, competing, folder, report) for one in loaded}
        content = {
            "experiment": EXPERIMENT,
            "reference": REFERENCE,
            "benchmarks": measured,
            "proxies": {proxy.name: proxy.describe() for proxy in competing},
            "cost": folder.cost(),
        }
        folder.write_result("leaderboard.json", json_text(content))
        folder.write_result("leaderboard.md", leaderboard_markdown(content))
        return content

    def _competing(self) -> list[AnyProxy]:
        there = any(proxy.name == REFERENCE for proxy in self.proxies)
        return [*self.proxies] if there else [*self.proxies, load(REFERENCE)]

    def _of_benchmark(
        self, benchmark: Benchmark, competing: Sequence[AnyProxy], folder: ExperimentFolder, report: Report
    ) -> dict[str, Any]:
        seen = networks_seen(self.texts, benchmark)
        count = min(self.networks, len(benchmark) - len(seen))
        indices = sample_networks(benchmark, count, self.seed, seen)
        singles = list({key_of(one): one for one in single_proxies(competing)}.values())
        first = self._scores(benchmark, singles, indices, self.seed, folder, report)
        again = indices[: self.second_draw]
        second = self._scores(benchmark, singles, again, seeds.second_draw(self.seed), folder, report)
        accuracies = benchmark.accuracies[indices]
        report(f"{benchmark.name}: intervals")
        rows = [_rows(competing, singles, one) for one in (first, second)]
        rankings = rankings_of(competing, accuracies, self.seed, rows[0], rows[1] if len(again) else None)
        return benchmark_content(
            benchmark, competing, rankings, rows[0], accuracies, seed=self.seed, reference=REFERENCE, left_out=len(seen)
        )

    def _scores(
        self,
        benchmark: Benchmark,
        singles: Sequence[Proxy | HandMadeProxy],
        indices: NDArray[np.int64],
        seed: int,
        folder: ExperimentFolder,
        report: Report,
    ) -> NetworkScores:
        """Return the scores of networks under one draw, and store those that were missing."""
        draw = "first-draw" if seed == self.seed else "second-draw"
        settings = ScoringSettings(self.batch_size, seed, self.device, threads=1)
        done = 0

        def stored(position: int) -> Stored:
            nonlocal done
            index = int(indices[position])
            piece: Stored = folder.piece(benchmark.name, draw, index) or {}
            missing = [one for one in singles if key_of(one) not in piece]
            if missing:
                piece |= _scored(benchmark, missing, index, settings)
                folder.write_piece(piece, benchmark.name, draw, index)
                done += 1
                report(f"{benchmark.name}, {draw.replace('-', ' ')}: {done} networks scored of {len(indices)}")
            return piece

        threads = checked_threads(self.threads)
        pieces = run_in_threads(stored, count=len(indices), threads=threads, limit=lambda: threads)
        return _gathered(pieces, singles)


def key_of(proxy: Proxy | HandMadeProxy) -> str:
    """Return what a proxy's scores are stored under: its name, and what tells it from another of this name."""
    digest = hashlib.sha256(json_text(proxy.describe()).encode()).hexdigest()
    return f"{proxy.name} {digest[:12]}"


def _scored(
    benchmark: Benchmark, proxies: Sequence[Proxy | HandMadeProxy], index: int, settings: ScoringSettings
) -> Stored:
    """Score one network: each program for itself, so that its time is that of a user who has this one alone."""
    by_hand = [one for one in proxies if isinstance(one, HandMadeProxy)]
    groups: list[list[Proxy | HandMadeProxy]] = [[one] for one in proxies if isinstance(one, Proxy)]
    result: Stored = {}
    for group in [*groups, list[Proxy | HandMadeProxy](by_hand)]:
        scores = score_networks(group, benchmark, np.array([index]), settings)
        for one, value, seconds, reasons in zip(
            group, scores.values[:, 0], scores.seconds[:, 0], scores.unscored, strict=True
        ):
            result[key_of(one)] = {
                "score": None if np.isnan(value) else float(value),
                "seconds": None if np.isnan(seconds) else float(seconds),
                **({"reason": reasons[0]} if reasons else {}),
            }
    return result


def _gathered(pieces: Sequence[Mapping[str, Any]], singles: Sequence[Proxy | HandMadeProxy]) -> NetworkScores:
    keys = [key_of(one) for one in singles]

    def table(entry: str) -> NDArray[np.float64]:
        # A missing number is null in the file, and NaN here.
        rows = [[piece[key][entry] for piece in pieces] for key in keys]
        return np.array(rows, np.float64).reshape(len(keys), len(pieces))

    unscored = tuple(
        {place: piece[key]["reason"] for place, piece in enumerate(pieces) if "reason" in piece[key]} for key in keys
    )
    return NetworkScores(table("score"), unscored, table("seconds"))


def _rows(
    proxies: Sequence[AnyProxy], singles: Sequence[Proxy | HandMadeProxy], scores: NetworkScores
) -> NetworkScores:
    """Return scores in the order of the single proxies of `proxies`, of which some may come several times."""
    place = {key_of(one): row for row, one in enumerate(singles)}
    rows = [place[key_of(one)] for one in single_proxies(proxies)]
    return NetworkScores(scores.values[rows], tuple(scores.unscored[row] for row in rows), scores.seconds[rows])
