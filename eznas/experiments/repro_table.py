"""The table of the paper's appendix (Figure 4): programs evolved on each space, tested on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.experiments import measure
from eznas.experiments.evolving import Report, TrainingStatistics, evolve, experiment_settings, generations
from eznas.experiments.folder import ExperimentFolder
from eznas.experiments.repro_content import table_content
from eznas.experiments.repro_report import table_markdown
from eznas.experiments.table_sets import Entry, TableSet
from eznas.files import json_text
from eznas.proxies import AnyProxy, Proxy, reference_and_baselines
from eznas.runs.directory import SUMMARY
from eznas.runs.proxy_argument import best_proxy
from eznas.runs.settings import RunSettings

EXPERIMENT: Final = "repro-table"
NASBENCH201_TEST_NETWORKS: Final = 1000
NDS_TEST_NETWORKS: Final = 200


@dataclass(frozen=True)
class ReproTable:
    """What the table is made of.

    Attributes:
        table_set: its rows and columns.
        seeds: each gives a table of its own; the cells are means over them.
        settings: settings of the runs by key, but for benchmark, seed and held-out networks.
        nasbench201_test: networks to test on where the space is NAS-Bench-201.
        nds_test: networks to test on elsewhere. Where a benchmark has fewer, all that evolution left are taken.
    """

    table_set: TableSet
    seeds: Sequence[int] = (0,)
    settings: Mapping[str, Any] | None = None
    nasbench201_test: int = NASBENCH201_TEST_NETWORKS
    nds_test: int = NDS_TEST_NETWORKS

    def run(self, path: Path, report: Report) -> dict[str, Any]:
        """Do what is left of the table, and write `table.json` and `table.md` after every row.

        Args:
            path: folder of the table.
            report: is told what is being done.

        Returns:
            The content of `table.json`.

        Raises:
            EznasError: the folder is of other settings, or an evolution cannot be done. A benchmark that is not there
                is no error: its cells say what is missing.
        """
        folder = ExperimentFolder.open(path, EXPERIMENT, self._record())
        missing: dict[str, str] = {}
        content: dict[str, Any] = {}
        for seed in self.seeds:
            programs, without = self._evolve_all(folder, seed, missing, report)
            for entry in self.table_set.entries:
                self._test_all(folder, entry, seed, programs, missing, report)
                content = self._write(folder, missing, without)
        return content

    def _record(self) -> dict[str, Any]:
        return {
            "test_networks": {"nasbench201": self.nasbench201_test, "other spaces": self.nds_test},
            "evolution": experiment_settings(self.settings or {}),
        }

    def _run_settings(self, entry: Entry, seed: int) -> RunSettings:
        return RunSettings.from_mapping({**(self.settings or {}), "benchmark": entry.benchmark, "seed": seed})

    def _test_settings(self, entry: Entry, seed: int) -> RunSettings:
        """Return the settings that draw the test networks of a row, once its space is known."""
        return replace(self._run_settings(entry, seed), held_out=max(self.nasbench201_test, self.nds_test))

    def _load(self, entry: Entry, seed: int) -> tuple[Benchmark, RunSettings]:
        benchmark = measure.load(self._test_settings(entry, seed))
        count = self.nasbench201_test if benchmark.space.name == "nasbench201" else self.nds_test
        return benchmark, replace(self._run_settings(entry, seed), held_out=count)

    def _evolve_all(
        self, folder: ExperimentFolder, seed: int, missing: dict[str, str], report: Report
    ) -> tuple[dict[str, Proxy], dict[str, str]]:
        """Return the best programs by benchmark, and by benchmark why there is none."""
        programs: dict[str, Proxy] = {}
        without: dict[str, str] = {}
        with TrainingStatistics() as statistics:
            for entry in self.table_set.entries:
                path = folder.evolution(f"seed-{seed}", entry.benchmark)
                if not (path / SUMMARY).is_file():
                    try:
                        self._load(entry, seed)
                    except EznasError as error:
                        missing[entry.benchmark] = str(error)
                        report(f"{entry.label}: left out. {error}")
                        continue
                    report(f"{entry.label}, seed {seed}: evolving")
                if evolve(path, self._run_settings(entry, seed), statistics):
                    records = generations(path)
                    seconds = sum(record["seconds"] for record in records)
                    report(
                        f"{entry.label}, seed {seed}: best fitness {records[-1]['best']:.3f} after {seconds:.0f} s of "
                        "evolution"
                    )
                try:
                    programs[entry.benchmark] = best_proxy(path)
                except EznasError as error:
                    without[entry.benchmark] = str(error)
        return programs, without

    def _test_all(
        self,
        folder: ExperimentFolder,
        entry: Entry,
        seed: int,
        programs: Mapping[str, Proxy],
        missing: dict[str, str],
        report: Report,
    ) -> None:
        """Measure the cells of a row that are not there yet, all of them on one pass over its networks."""
        names = (f"seed-{seed}", entry.benchmark)
        beside = {proxy.name: proxy for proxy in reference_and_baselines()}
        wanted: dict[str, AnyProxy] = {**beside, **programs}
        pending = {
            column: proxy for column, proxy in wanted.items() if not measure.is_of(folder.piece(*names, column), proxy)
        }
        if not pending:
            return
        try:
            benchmark, settings = self._load(entry, seed)
        except EznasError as error:
            missing[entry.benchmark] = str(error)
            return
        report(f"{entry.label}, seed {seed}: testing {len(pending)} proxies")
        measured = measure.rank_test_networks(benchmark, pending, settings)
        for column, piece in measured.items():
            folder.write_piece(piece, *names, column)

    def _write(
        self, folder: ExperimentFolder, missing: Mapping[str, str], without: Mapping[str, str]
    ) -> dict[str, Any]:
        content = table_content(self.table_set, self.seeds, folder, missing, without, self._record())
        folder.write_result("table.json", json_text(content))
        folder.write_result("table.md", table_markdown(content))
        return content
