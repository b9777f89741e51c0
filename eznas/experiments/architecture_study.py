"""What a proxy is worth to whoever looks for an architecture: searches over seeds, beside random search that trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, get_args

from eznas import benchmarks
from eznas.architecture_search.candidates import TableCandidates
from eznas.architecture_search.result import TRAINED
from eznas.architecture_search.scorer import Scorer
from eznas.architecture_search.search import SearchSettings, search
from eznas.architecture_search.setting_of import benchmark_setting
from eznas.architecture_search.worth import Accuracies
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.experiments.architecture_content import architecture_content, architecture_markdown
from eznas.experiments.evolving import Report
from eznas.experiments.folder import ExperimentFolder
from eznas.files import json_text
from eznas.options import Strategy
from eznas.proxies import AnyProxy
from eznas.scoring.settings import ScoringSettings

EXPERIMENT: Final = "search"
BENCHMARKS: Final = ("digits",)
PROXIES: Final = ("nasbench201-best", "eznas-a", "params")
NETWORKS: Final = 100
SEEDS: Final = 10
_LONGEST_NAME: Final = 60


def chosen_strategies(names: Sequence[str]) -> tuple[Strategy, ...]:
    """Return strategies by name.

    Raises:
        EznasError: there is none of a name.
    """
    known: dict[str, Strategy] = {name: name for name in get_args(Strategy)}
    for name in names:
        if name not in known:
            raise EznasError(f"There is no strategy {name!r}: choose one of {', '.join(known)}.")
    return tuple(known[name] for name in names)


@dataclass(frozen=True)
class ArchitectureStudy:
    """What the study is made of.

    All searches of a proxy see the same weights and images, those of `scoring_seed`, and share its scores; a seed is
    that of the search alone.

    Attributes:
        benchmarks: each for itself.
        proxies: each for itself.
        strategies: each for itself.
        seeds: of the searches.
        networks: that a search may score.
        batch_size: images that every network sees.
        scoring_seed: of weights and images.
        device: where networks run.
    """

    proxies: Sequence[AnyProxy]
    benchmarks: Sequence[str] = BENCHMARKS
    strategies: Sequence[Strategy] = get_args(Strategy)
    seeds: Sequence[int] = tuple(range(SEEDS))
    networks: int = NETWORKS
    batch_size: int = 1
    scoring_seed: int = 0
    device: str = "cpu"

    def run(self, path: Path, report: Report) -> dict[str, Any]:
        """Do what is left of the study, and write `search.json` and `search.md` after every benchmark.

        Args:
            path: folder of the study.
            report: is told what is being done.

        Returns:
            The content of `search.json`.

        Raises:
            EznasError: a benchmark is not there, the folder is of other settings, or a space cannot vary networks.
        """
        folder = ExperimentFolder.open(path, EXPERIMENT, self._record())
        results: list[dict[str, Any]] = []
        content: dict[str, Any] = {}
        for name in self.benchmarks:
            benchmark = benchmarks.load(name)
            accuracies = Accuracies(dict(zip(benchmark.architectures, benchmark.accuracies.tolist(), strict=True)))
            searches = [
                one for proxy in self.proxies for one in self._searches(folder, benchmark, proxy, accuracies, report)
            ]
            results.append(
                {
                    "benchmark": name,
                    "description": benchmark.description,
                    "accuracies": benchmark.accuracy_label,
                    "networks": len(benchmark),
                    "best": float(benchmark.accuracies.max()),
                    "random": dict(zip(map(str, TRAINED), accuracies.random(TRAINED), strict=True)),
                    "searches": [
                        {
                            **one,
                            "trainings": accuracies.trainings_of_random(sum(one["accuracy"]) / len(one["accuracy"])),
                        }
                        for one in searches
                    ],
                }
            )
            content = architecture_content(results, self.seeds, self._record(), folder.cost())
            folder.write_result("search.json", json_text(content))
            folder.write_result("search.md", architecture_markdown(content))
        return content

    def _record(self) -> dict[str, Any]:
        return {
            "networks": self.networks,
            "batch_size": self.batch_size,
            "scoring_seed": self.scoring_seed,
            "device": self.device,
        }

    def _searches(
        self, folder: ExperimentFolder, benchmark: Benchmark, proxy: AnyProxy, accuracies: Accuracies, report: Report
    ) -> list[dict[str, Any]]:
        """Return, for each strategy, what its searches gave by seed."""
        scorer: Scorer | None = None
        candidates = TableCandidates(benchmark)
        found: list[dict[str, Any]] = []
        for strategy in self.strategies:
            pieces: list[dict[str, Any]] = []
            for seed in self.seeds:
                names = (benchmark.name, _label(proxy), strategy, seed)
                piece = folder.piece(*names)
                if piece is None:
                    report(f"{benchmark.name}: {strategy} search with {proxy.name}, seed {seed}")
                    scorer = scorer or self._scorer(folder, benchmark, proxy)
                    piece = self._piece(
                        candidates, scorer, SearchSettings(strategy, self.networks, seed=seed), accuracies
                    )
                    folder.write_piece(piece, *names)
                pieces.append(piece)
            by_seed = {key: [piece[key] for piece in pieces] for key in pieces[0]}
            found.append({"proxy": _label(proxy), "strategy": strategy, **by_seed})
        return found

    def _scorer(self, folder: ExperimentFolder, benchmark: Benchmark, proxy: AnyProxy) -> Scorer:
        scoring = ScoringSettings(self.batch_size, self.scoring_seed, self.device, threads=1)
        path = folder.path / "scores" / f"{Path(benchmark.name).stem}-{_label(proxy)}.json"
        return Scorer(proxy, benchmark_setting(benchmark, scoring), path)

    def _piece(
        self, candidates: TableCandidates, scorer: Scorer, settings: SearchSettings, accuracies: Accuracies
    ) -> dict[str, Any]:
        found = search(candidates, scorer, settings)
        curve = accuracies.curve(found)
        return {
            "accuracy": curve[-1],
            "rank": accuracies.rank(curve[-1]),
            "regret": accuracies.regret(curve[-1]),
            "trained": [accuracies.trained(found, count) for count in TRAINED],
            "curve": curve,
            "architecture": found.architectures[found.best(1)[0]],
        }


def _label(proxy: AnyProxy) -> str:
    """Return the name of a proxy; a long formula, which no file can be called, by its beginning and its hash."""
    if len(proxy.name) <= _LONGEST_NAME:
        return proxy.name
    return f"{proxy.name[: _LONGEST_NAME - 9]}-{blake2b(proxy.name.encode(), digest_size=4).hexdigest()}"
