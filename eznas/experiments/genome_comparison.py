"""Tree against sequential genomes at equal budgets: which evolves the better programs, and what each spends on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from eznas.errors import EznasError
from eznas.experiments import measure
from eznas.experiments.evolving import (
    Report,
    TrainingStatistics,
    evolve,
    experiment_settings,
    generations,
)
from eznas.experiments.folder import EVOLUTIONS, ExperimentFolder
from eznas.experiments.genome_arms import ARMS, GENOMES, VARIED, Arm
from eznas.experiments.genome_content import comparison_content, comparison_markdown
from eznas.files import json_text
from eznas.proxies import Proxy
from eznas.runs.directory import SUMMARY
from eznas.runs.proxy_argument import best_proxy
from eznas.runs.settings import RunSettings

EXPERIMENT: Final = "compare-genomes"
DEFAULT_BENCHMARK: Final = "digits"
SEEDS: Final = 10

_RUNS: Final = tuple((arm, genome) for arm in ARMS for genome in GENOMES)
_ByArm: TypeAlias = dict[str, dict[str, list[Any]]]


@dataclass(frozen=True)
class GenomeComparison:
    """What the comparison is made of.

    Every arm evolves both genomes on the same benchmark, networks, individuals per generation and seeds; the networks
    and their statistics are the same for all of a seed, and collected before the first of them begins, so that the
    seconds are those of evolution. Which genome goes first alternates from seed to seed.

    Attributes:
        benchmark: to evolve on.
        seeds: each is one evolution of either genome in every arm.
        held_out: networks to test the best programs on.
        settings: settings of the runs by key, with a table for each genome if they need any; but for benchmark, seed,
            held-out networks, genome, and what the arms fix.
    """

    benchmark: str = DEFAULT_BENCHMARK
    seeds: Sequence[int] = tuple(range(SEEDS))
    held_out: int = 1000
    settings: Mapping[str, Any] | None = None

    def run(self, path: Path, report: Report) -> dict[str, Any]:
        """Do what is left of the comparison, and write `genomes.json` and `genomes.md`.

        Args:
            path: folder of the comparison.
            report: is told what is being done.

        Returns:
            The content of `genomes.json`.

        Raises:
            EznasError: the benchmark is not there, or the folder is of other settings.
        """
        if not all(self._is_finished(path, *run, seed) for run in _RUNS for seed in self.seeds):
            measure.load(self._run_settings(*_RUNS[0], self.seeds[0]))
        folder = ExperimentFolder.open(path, EXPERIMENT, self._record())
        records: _ByArm = {arm.name: {genome: [] for genome in GENOMES} for arm in ARMS}
        tested: _ByArm = {arm.name: {genome: [] for genome in GENOMES} for arm in ARMS}
        with TrainingStatistics(beforehand=True) as statistics:
            for position, seed in enumerate(self.seeds):
                for arm, genome in _RUNS if position % 2 == 0 else reversed(_RUNS):
                    self._evolve(folder.path, arm, genome, seed, statistics, report)
                pieces = self._test(folder, seed, report)
                for arm, genome in _RUNS:
                    records[arm.name][genome].append(generations(self._evolution(path, arm, genome, seed)))
                    tested[arm.name][genome].append(pieces.get(_name(arm, genome)))
        content = {
            "experiment": EXPERIMENT,
            "benchmark": self.benchmark,
            "seeds": list(self.seeds),
            **comparison_content(records, tested),
            "settings": self._record(),
            "cost": folder.cost(),
        }
        folder.write_result("genomes.json", json_text(content))
        folder.write_result("genomes.md", comparison_markdown(content))
        return content

    def _record(self) -> dict[str, Any]:
        common = experiment_settings(self.settings or {}, GENOMES)
        return {
            "benchmark": self.benchmark,
            "held_out": self.held_out,
            "arms": {arm.name: dict(arm.settings) for arm in ARMS},
            "evolution": {key: value for key, value in common.items() if key not in VARIED},
        }

    def _run_settings(self, arm: Arm, genome: str, seed: int) -> RunSettings:
        chosen = {
            **(self.settings or {}),
            **arm.settings,
            "benchmark": self.benchmark,
            "seed": seed,
            "held_out": self.held_out,
            "genome": genome,
        }
        return RunSettings.from_mapping(chosen)

    def _evolution(self, path: Path, arm: Arm, genome: str, seed: int) -> Path:
        return path / EVOLUTIONS / f"seed-{seed}" / _name(arm, genome)

    def _is_finished(self, path: Path, arm: Arm, genome: str, seed: int) -> bool:
        return (self._evolution(path, arm, genome, seed) / SUMMARY).is_file()

    def _evolve(
        self, path: Path, arm: Arm, genome: str, seed: int, statistics: TrainingStatistics, report: Report
    ) -> None:
        place = self._evolution(path, arm, genome, seed)
        if not self._is_finished(path, arm, genome, seed):
            report(f"{genome}, seed {seed}: evolving on {self.benchmark} with {arm.label}")
        if evolve(place, self._run_settings(arm, genome, seed), statistics):
            report(f"{genome}, seed {seed}: best fitness {generations(place)[-1]['best']:.3f}")

    def _test(self, folder: ExperimentFolder, seed: int, report: Report) -> dict[str, dict[str, Any]]:
        """Return how the best programs of one seed rank the held-out networks, by arm and genome, if there is one."""
        programs: dict[str, Proxy] = {}
        for arm, genome in _RUNS:
            try:
                programs[_name(arm, genome)] = best_proxy(self._evolution(folder.path, arm, genome, seed))
            except EznasError as error:
                report(str(error))
        pending = {
            name: proxy
            for name, proxy in programs.items()
            if not measure.is_of(folder.piece(f"seed-{seed}", name), proxy)
        }
        if pending:
            settings = self._run_settings(*_RUNS[0], seed)
            report(f"seed {seed}: testing the best programs on held-out networks")
            for name, piece in measure.rank_test_networks(measure.load(settings), pending, settings).items():
                if name in pending:
                    folder.write_piece(piece, f"seed-{seed}", name)
        pieces = {name: folder.piece(f"seed-{seed}", name) for name in programs}
        return {name: piece for name, piece in pieces.items() if piece is not None}


def _name(arm: Arm, genome: str) -> str:
    return f"{arm.name}-{genome}"
