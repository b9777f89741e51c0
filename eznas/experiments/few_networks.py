"""What a user gets who can afford to train a few networks only: held-out tau against the number of known networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.discovery.machine import Machine
from eznas.discovery.networks import Networks
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError, shown
from eznas.experiments import hand_made_scores, measure
from eznas.experiments.architecture_numbers import Encoding, encode
from eznas.experiments.discovering import ALWAYS_VARIED, common_settings
from eznas.experiments.evolving import Report
from eznas.experiments.few_networks_content import few_networks_content, few_networks_markdown
from eznas.experiments.few_networks_methods import DEFAULT, Few, Method, chosen_methods
from eznas.experiments.folder import ExperimentFolder
from eznas.experiments.predictors import predicted
from eznas.files import json_text
from eznas.proxies import AnyProxy
from eznas.runs.seen import networks_seen
from eznas.scoring.ranking import Ranking, rank_networks
from eznas.scoring.settings import ScoringSettings

EXPERIMENT: Final = "few-networks"
BENCHMARKS: Final = ("nasbench201-cifar10", "darts-1000")
COUNTS: Final = (10, 20, 50, 100, 300)
SEEDS: Final = 5

VARIED: Final = (*ALWAYS_VARIED, "networks", "validation")
"""Settings of discoveries that the study sets itself."""

_ALWAYS_KNOWN: Final = "params, flops and units are always among them"
_LEAST: Final = 8  # a quarter of them is a validation set of two


@dataclass(frozen=True)
class FewNetworks:
    """What the study is made of.

    A seed shuffles a benchmark; `counts` of its networks are known, from one end, and the held-out ones are taken from
    the other, so that they are the same for all methods and counts of one seed. Benchmarks, seeds, methods and
    smaller counts may be added to a folder later.

    Attributes:
        benchmarks: each for itself.
        counts: numbers of networks of known accuracy.
        seeds: of the shuffle and of everything else that is drawn.
        methods: what to make of the networks.
        held_out: networks to judge on.
        discovery: settings of discoveries, but for those in `VARIED`.
        seed_proxies: what the seeded discovery starts from, and what is chosen among without a search. No network that
            they are known to have evolved on is held out.
        machine: what may be used; results depend on the device alone.
        predictor_scores: proxies whose scores predictors know beside those of the baselines and the number of units.
    """

    benchmarks: Sequence[str] = BENCHMARKS
    counts: Sequence[int] = COUNTS
    seeds: Sequence[int] = tuple(range(SEEDS))
    methods: Sequence[Method] = chosen_methods([DEFAULT])
    held_out: int = 500
    discovery: DiscoverySettings = field(default_factory=DiscoverySettings)
    seed_proxies: tuple[str, ...] = ()
    machine: Machine = field(default_factory=Machine)
    predictor_scores: tuple[AnyProxy, ...] = ()

    def __post_init__(self) -> None:
        least = min(self.counts, default=0)
        if least < _LEAST:
            raise EznasError(
                f"The smallest number of networks is {least}: give {_LEAST} or more, or a mean says nothing."
            )
        names = [proxy.name for proxy in hand_made_scores.with_baselines(self.predictor_scores)]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise EznasError(f"Predictors would know {shown(twice)} twice: name each score once; {_ALWAYS_KNOWN}.")

    def run(self, path: Path, report: Report) -> dict[str, Any]:
        """Do what is left of the study, and write `few_networks.json` and `few_networks.md` after every benchmark.

        Args:
            path: folder of the study.
            report: is told what is being done.

        Returns:
            The content of `few_networks.json`.

        Raises:
            EznasError: a benchmark is not there or has too few networks, the folder is of other settings, or a method
                needs a package that is not installed.
        """
        loaded = {name: benchmarks.load(name) for name in self.benchmarks}
        for benchmark in loaded.values():
            self._networks(benchmark, self.seeds[0])
        record = self._record(loaded)
        folder = ExperimentFolder.open(path, EXPERIMENT, record)
        content: dict[str, Any] = {}
        pieces: dict[str, dict[str, dict[int, list[dict[str, Any]]]]] = {}
        for name, benchmark in loaded.items():
            by_seed = [self._seed(folder, name, benchmark, seed, report) for seed in self.seeds]
            pieces[name] = {
                method.name: {
                    count: [cells[method.name, count] for cells in by_seed] for count in self._counts_of(method)
                }
                for method in self.methods
            }
            content = few_networks_content(pieces, self.methods, self.seeds, record, folder.cost())
            folder.write_result("few_networks.json", json_text(content))
            folder.write_result("few_networks.md", few_networks_markdown(content))
        return content

    def _record(self, loaded: Mapping[str, Benchmark]) -> dict[str, Any]:
        known = {"predictor_scores": [proxy.name for proxy in self.predictor_scores]} if self.predictor_scores else {}
        evolved_on = {name: len(networks_seen(self.seed_proxies, benchmark)) for name, benchmark in loaded.items()}
        counts = {name: count for name, count in evolved_on.items() if count}
        passed_over = {"never_held_out": counts} if counts else {}
        return {
            "held_out": self.held_out,
            # On a small benchmark the most networks that are known decide how many are left to be held out.
            "most_networks": max(self.counts),
            "device": self.machine.device,
            "discovery": common_settings(self.discovery, VARIED),
            "seed_formulas": list(replace(self.discovery, seed_proxies=self.seed_proxies).seed_formulas),
            **known,
            **passed_over,
        }

    def _counts_of(self, method: Method) -> Sequence[int]:
        """The counts of networks that a method is tried with: the largest stands for all where it learns nothing."""
        return sorted(self.counts) if method.learns else [max(self.counts)]

    def _networks(self, benchmark: Benchmark, seed: int) -> Networks:
        """Return the known and the held-out networks under a seed, as a discovery draws them.

        Raises:
            EznasError: no more than two would be held out.
        """
        evolved_on = networks_seen(self.seed_proxies, benchmark)
        networks = Networks.draw(benchmark, max(self.counts), 0, self.held_out, seed, evolved_on)
        if len(networks.held_out) < 3:
            passed_over = f", {len(evolved_on)} of which a seed proxy was evolved on" if evolved_on else ""
            raise EznasError(
                f"{benchmark.name} has {len(benchmark)} networks{passed_over}: let fewer than {max(self.counts)} be "
                "known, so that at least 3 are left to judge on."
            )
        return networks

    def _seed(
        self, folder: ExperimentFolder, name: str, benchmark: Benchmark, seed: int, report: Report
    ) -> dict[tuple[str, int], dict[str, Any]]:
        """Return the pieces of one benchmark and seed by method and count; those that are there are not made again."""
        networks = self._networks(benchmark, seed)
        cells = [(method, count) for method in self.methods for count in self._counts_of(method)]
        pieces = {(one.name, count): folder.piece(name, one.name, count, seed) for one, count in cells}
        missing = [(one, count) for one, count in cells if pieces[one.name, count] is None]
        made = self._judge_proxies(folder, name, benchmark, networks, seed, missing, report)
        predictors = [(one, count) for one, count in missing if one.predictor]
        if predictors:
            scores = self._hand_made_scores(folder, name, benchmark, networks, seed, report)
            for method, count in predictors:
                report(f"{name}, seed {seed}: {method.label} from {count} networks")
                made[method.name, count] = self._judge_predictor(method, benchmark, networks, count, seed, scores)
                folder.write_piece(made[method.name, count], name, method.name, count, seed)
        return {key: piece for key, piece in {**pieces, **made}.items() if piece is not None}

    def _judge_proxies(
        self,
        folder: ExperimentFolder,
        name: str,
        benchmark: Benchmark,
        networks: Networks,
        seed: int,
        missing: Sequence[tuple[Method, int]],
        report: Report,
    ) -> dict[tuple[str, int], dict[str, Any]]:
        """Find the missing proxies, rank the held-out networks with all of them in one pass, and store that."""
        found: dict[tuple[str, int], AnyProxy] = {}
        for method, count in missing:
            if method.find is not None:
                place = folder.evolution(name, method.folder or method.name, count, seed)
                what = f"{name}, seed {seed}: {method.label} on {count} networks"
                settings = replace(self.discovery, benchmarks=(name,), seed=seed)
                few = Few(name, count, settings, self.seed_proxies, self.machine, place, report, what)
                found[method.name, count] = method.find(few)
        if not found:
            return {}
        report(f"{name}, seed {seed}: ranking {len(networks.held_out)} held-out networks with {len(found)} proxies")
        rankings = rank_networks(
            list(found.values()), benchmark, networks.held_out, self._scoring(seed), second_draw=False
        )
        made = {}
        for (key, proxy), ranking in zip(found.items(), rankings, strict=True):
            made[key] = {**measure.piece(proxy, benchmark, ranking), "known": key[1]}
            folder.write_piece(made[key], name, *key, seed)
        return made

    def _hand_made_scores(
        self,
        folder: ExperimentFolder,
        name: str,
        benchmark: Benchmark,
        networks: Networks,
        seed: int,
        report: Report,
    ) -> dict[str, Any]:
        indices = np.concatenate([networks.training, networks.held_out])
        proxies = hand_made_scores.with_baselines(self.predictor_scores)
        piece = folder.piece(name, "hand-made-scores", seed)
        if piece is None or not hand_made_scores.is_of(piece, proxies, indices):
            named = ", ".join(proxy.name for proxy in proxies)
            report(f"{name}, seed {seed}: scores of {len(indices)} networks for predictors: {named}")
            piece = hand_made_scores.measured_scores(proxies, benchmark, indices, self._scoring(seed))
            folder.write_piece(piece, name, "hand-made-scores", seed)
        return piece

    def _judge_predictor(
        self,
        method: Method,
        benchmark: Benchmark,
        networks: Networks,
        count: int,
        seed: int,
        scores: Mapping[str, Any],
    ) -> dict[str, Any]:
        if method.predictor is None:
            raise ValueError(f"{method.name} is no predictor")
        known = networks.training[:count]
        predictor, encoding = method.predictor
        training, other = (
            self._inputs(benchmark, encoding, known, chosen, scores) for chosen in (known, networks.held_out)
        )
        ranked = predicted(predictor, training, benchmark.accuracies[known], other, seed)
        ranking = Ranking.of(ranked, benchmark.accuracies[networks.held_out], 1, seed)
        return {
            "predictor": predictor,
            "encoding": encoding,
            "columns": training.shape[1],
            "hand_made_scores": list(scores["scores"]),
            **ranking.figures(),
            "networks": len(networks.held_out),
            "description": benchmark.description,
            "known": count,
        }

    @staticmethod
    def _inputs(
        benchmark: Benchmark,
        encoding: Encoding,
        known: NDArray[np.int64],
        chosen: NDArray[np.int64],
        scores: Mapping[str, Any],
    ) -> NDArray[np.float64]:
        texts = [benchmark.architectures[network] for network in chosen]
        _, columns = encode(texts, encoding, [benchmark.architectures[network] for network in known])
        return np.hstack([columns, hand_made_scores.score_columns(scores, chosen)])

    def _scoring(self, seed: int) -> ScoringSettings:
        return self.machine.scoring(replace(self.discovery, seed=seed))
