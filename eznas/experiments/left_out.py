"""Whether a formula carries over: one evolves on all search spaces but one, which it is tested on, in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.discovery.machine import Machine
from eznas.discovery.networks import Networks
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError
from eznas.experiments import measure
from eznas.experiments.discovering import ALWAYS_VARIED, common_settings, discovered_by_several
from eznas.experiments.evolving import Report
from eznas.experiments.folder import ExperimentFolder
from eznas.experiments.left_out_content import TOGETHER, OwnTau, left_out_content, left_out_markdown
from eznas.files import json_text
from eznas.proxies import AnyProxy, Proxy, RankAggregate, reference_and_baselines
from eznas.scoring.ranking import Ranking, rank_networks

EXPERIMENT: Final = "discover"
SEEDS: Final = 3
DEFAULTS: Final = DiscoverySettings(networks=80, validation=40, rounds=1)
"""The smallest embedded benchmarks have 120 networks; one round, since a second computes features on all benchmarks."""

REAL: Final = ("nasbench201-cifar10", "nasbench201-cifar100", "nasbench201-imagenet16-120", "darts-1000")
EMBEDDED: Final = tuple(name for name in benchmarks.names() if name.partition("-")[0] == "digits")

Reading = Literal["space", "benchmark"]
"""What is left out at a time: all benchmarks of a search space, whatever its size and dataset, or one benchmark."""

_LEAST_OWN: Final = 20  # networks; a tau of fewer says nothing


@dataclass(frozen=True)
class Fold:
    """One thing left out.

    Attributes:
        name: of the space or of the benchmark, for files and reports.
        left_out: its benchmarks, which are tested on.
        training: all others.
    """

    name: str
    left_out: tuple[str, ...]
    training: tuple[str, ...]


@dataclass(frozen=True)
class LeftOut:
    """What the experiment is made of. Seeds may be added to a folder later.

    Attributes:
        benchmarks: of two search spaces or more.
        reading: what is left out at a time. NAS-Bench-201 on three datasets is one space, and so are its cells in the
            small skeleton of `digits`; the weaker reading leaves one of these out and evolves on the others.
        seeds: of everything that is drawn.
        test_networks: at most so many of each benchmark are tested on.
        ranked_with: proxies whose ranks and those of the formula make one more ranking; one that stands there twice has
            two votes.
        members: evolutions whose formulas are ranked together, in place of one formula of all training benchmarks.
        discovery: settings of discoveries, but for those that an experiment sets itself; its numbers of networks are
            those of each benchmark.
        machine: what may be used; results depend on the device alone.
    """

    benchmarks: Sequence[str] = EMBEDDED
    reading: Reading = "space"
    seeds: Sequence[int] = tuple(range(SEEDS))
    test_networks: int = 500
    ranked_with: Sequence[AnyProxy] = ()
    members: int = 1
    discovery: DiscoverySettings = field(default_factory=lambda: DEFAULTS)
    machine: Machine = field(default_factory=Machine)

    def run(self, path: Path, report: Report) -> dict[str, Any]:
        """Do what is left of the experiment, and write `discover.json` and `discover.md` after every seed.

        Args:
            path: folder of the experiment.
            report: is told what is being done.

        Returns:
            The content of `discover.json`.

        Raises:
            EznasError: a benchmark is not there or has too few networks, all are of one space, or the folder is of
                other settings.
        """
        loaded = {name: benchmarks.load(name) for name in dict.fromkeys(self.benchmarks)}
        for benchmark in loaded.values():
            Networks.draw(benchmark, self.discovery.networks, self.discovery.validation, 0, 0)
        folds = folds_of({name: benchmark.space.name for name, benchmark in loaded.items()}, self.reading)
        folder = ExperimentFolder.open(path, EXPERIMENT, self._record())
        pieces: list[dict[str, dict[str, Any]]] = []
        content: dict[str, Any] = {}
        for seed in self.seeds:
            pieces.append(
                {name: self._piece(folder, name, benchmark, folds, seed, report) for name, benchmark in loaded.items()}
            )
            content = left_out_content(
                [(fold.name, fold.left_out) for fold in folds],
                pieces,
                self.seeds[: len(pieces)],
                self._record(),
                folder.cost(),
            )
            folder.write_result("discover.json", json_text(content))
            folder.write_result("discover.md", left_out_markdown(content))
        return content

    def _record(self) -> dict[str, Any]:
        return {
            "benchmarks": list(self.benchmarks),
            "reading": self.reading,
            "test_networks": self.test_networks,
            "ranked_with": [proxy.name for proxy in self.ranked_with],
            "members": self.members,
            "device": self.machine.device,
            "discovery": common_settings(self.discovery, ALWAYS_VARIED),
        }

    def _piece(
        self,
        folder: ExperimentFolder,
        name: str,
        benchmark: Benchmark,
        folds: Sequence[Fold],
        seed: int,
        report: Report,
    ) -> dict[str, Any]:
        """Return how all formulas and baselines rank the test networks of one benchmark under one seed."""
        piece = folder.piece(name, seed)
        if piece is not None:
            return piece
        fold = next(fold for fold in folds if name in fold.left_out)
        formula = self._discover(folder, f"without {fold.name}", fold.training, seed, report, self.members)
        single = {other: self._discover(folder, f"only {other}", (other,), seed, report) for other in fold.training}
        own = self._discover(folder, f"only {name}", (name,), seed, report)
        baselines = reference_and_baselines()
        indices = Networks.draw(benchmark, 0, 0, self.test_networks, seed).held_out
        report(f"{name}, seed {seed}: testing on {len(indices)} networks")
        ranked: list[AnyProxy] = [formula, *single.values(), *baselines, own]
        together = [RankAggregate(TOGETHER, (*self.ranked_with, formula))] if self.ranked_with else []
        rankings = rank_networks(
            [*ranked, *together],
            benchmark,
            indices,
            self.machine.scoring(replace(self.discovery, seed=seed)),
            second_draw=False,
        )
        pieces = [measure.piece(proxy, benchmark, ranking) for proxy, ranking in zip(ranked, rankings, strict=False)]
        piece = {
            "description": benchmark.description,
            "space": benchmark.space.name,
            "networks": len(indices),
            "formula": {**pieces[0], "formula": formula.formula},
            "single": dict(zip(single, pieces[1 : 1 + len(single)], strict=True)),
            "baselines": {one.name: made for one, made in zip(baselines, pieces[1 + len(single) : -1], strict=True)},
            "own": self._own(own, benchmark, rankings[len(ranked) - 1], seed),
            "together": measure.piece(together[0], benchmark, rankings[-1]) if together else None,
        }
        folder.write_piece(piece, name, seed)
        return piece

    def _own(self, proxy: Proxy | RankAggregate, benchmark: Benchmark, ranking: Ranking, seed: int) -> OwnTau | None:
        """Return the tau of the formula of this very benchmark, on those test networks that it did not evolve on."""
        settings = self.discovery
        unseen = Networks.draw(benchmark, settings.networks, settings.validation, self.test_networks, seed).held_out
        if len(unseen) < _LEAST_OWN:
            return None
        # Both are drawn from the same end of the same list: the unseen ones come last.
        scores = proxy.orientation * ranking.scores[-len(unseen) :]
        tau = Ranking.of(scores, benchmark.accuracies[unseen], proxy.orientation, seed).tau
        return {"formula": proxy.formula, "networks": len(unseen), "tau": tau.value}

    def _discover(
        self,
        folder: ExperimentFolder,
        name: str,
        training: tuple[str, ...],
        seed: int,
        report: Report,
        members: int = 1,
    ) -> Proxy | RankAggregate:
        settings = replace(self.discovery, benchmarks=training, seed=seed)
        path, what = folder.evolution(name, seed), f"seed {seed}, {name}"
        return discovered_by_several(path, settings, self.machine, report, what, members)


def folds_of(space_of: dict[str, str], reading: Reading) -> list[Fold]:
    """Return what is left out in turn.

    Args:
        space_of: the search space of each benchmark, by name.
        reading: whether a space or a benchmark is left out at a time.

    Raises:
        EznasError: nothing would be left to evolve on.
    """
    if len(set(space_of.values())) < 2:
        spaces = ", ".join(sorted(set(space_of.values()))) or "none"
        raise EznasError(f"The benchmarks are of these search spaces: {spaces}. Give those of two or more.")
    named: dict[str, list[str]] = {}
    for benchmark, space in space_of.items():
        named.setdefault(space if reading == "space" else benchmark, []).append(benchmark)
    return [
        Fold(name, tuple(left_out), tuple(one for one in space_of if one not in left_out))
        for name, left_out in named.items()
    ]
