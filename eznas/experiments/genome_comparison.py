"""Tree against sequential genomes at equal budgets: which evolves the better programs, and what each spends on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

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
from eznas.experiments.genome_content import FIRST, GENOMES, comparison_content, comparison_markdown
from eznas.proxies import Proxy
from eznas.runs.directory import SUMMARY, json_text
from eznas.runs.proxy_argument import best_proxy
from eznas.runs.settings import RunSettings

EXPERIMENT: Final = "compare-genomes"
DEFAULT_BENCHMARK: Final = "digits"
SEEDS: Final = 10


@dataclass(frozen=True)
class GenomeComparison:
    """What the comparison is made of.

    Both genomes get the same benchmark, networks, individuals per generation and seeds; the networks and their
    statistics are the same for both, and collected before the first of the two begins, so that the seconds are those
    of evolution. Which of the two goes first alternates from seed to seed.

    Attributes:
        benchmark: to evolve on.
        seeds: each is one evolution of either genome.
        held_out: networks to test the best programs on.
        settings: settings of the runs by key, with a table for each genome if they need any; but for benchmark, seed,
            held-out networks and genome.
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
        if not all(self._is_finished(path, genome, seed) for genome in GENOMES for seed in self.seeds):
            measure.load(self._run_settings(FIRST, self.seeds[0]))
        folder = ExperimentFolder.open(path, EXPERIMENT, self._record())
        records: dict[str, list[list[dict[str, Any]]]] = {genome: [] for genome in GENOMES}
        tested: dict[str, list[dict[str, Any] | None]] = {genome: [] for genome in GENOMES}
        with TrainingStatistics(beforehand=True) as statistics:
            for position, seed in enumerate(self.seeds):
                for genome in GENOMES if position % 2 == 0 else reversed(GENOMES):
                    self._evolve(folder.path, genome, seed, statistics, report)
                pieces = self._test(folder, seed, report)
                for genome in GENOMES:
                    records[genome].append(generations(self._evolution(path, genome, seed)))
                    tested[genome].append(pieces.get(genome))
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
        return {
            "benchmark": self.benchmark,
            "held_out": self.held_out,
            "evolution": experiment_settings(self.settings or {}, GENOMES),
        }

    def _run_settings(self, genome: str, seed: int) -> RunSettings:
        chosen = {
            **(self.settings or {}),
            "benchmark": self.benchmark,
            "seed": seed,
            "held_out": self.held_out,
            "genome": genome,
        }
        return RunSettings.from_mapping(chosen)

    def _evolution(self, path: Path, genome: str, seed: int) -> Path:
        return path / EVOLUTIONS / f"seed-{seed}" / genome

    def _is_finished(self, path: Path, genome: str, seed: int) -> bool:
        return (self._evolution(path, genome, seed) / SUMMARY).is_file()

    def _evolve(self, path: Path, genome: str, seed: int, statistics: TrainingStatistics, report: Report) -> None:
        place = self._evolution(path, genome, seed)
        if not self._is_finished(path, genome, seed):
            report(f"{genome}, seed {seed}: evolving on {self.benchmark}")
        if evolve(place, self._run_settings(genome, seed), statistics):
            last = generations(place)[-1]
            report(f"{genome}, seed {seed}: best fitness {last['best']:.3f}")

    def _test(self, folder: ExperimentFolder, seed: int, report: Report) -> dict[str, dict[str, Any]]:
        """Return how the best programs of one seed rank the held-out networks, by genome; {} where there is none."""
        programs: dict[str, Proxy] = {}
        for genome in GENOMES:
            try:
                programs[genome] = best_proxy(self._evolution(folder.path, genome, seed))
            except EznasError as error:
                report(str(error))
        pending = {
            genome: proxy
            for genome, proxy in programs.items()
            if (folder.piece(f"seed-{seed}", genome) or {}).get("formula") != proxy.formula
        }
        if pending:
            settings = self._run_settings(FIRST, seed)
            report(f"seed {seed}: testing the best programs on held-out networks")
            for name, piece in measure.rank_test_networks(measure.load(settings), pending, settings).items():
                if name in pending:
                    folder.write_piece(piece, f"seed-{seed}", name)
        pieces = {genome: folder.piece(f"seed-{seed}", genome) for genome in programs}
        return {genome: piece for genome, piece in pieces.items() if piece is not None}
