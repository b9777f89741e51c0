"""The paper's seed test (appendix 1.4, Figure 2): what of a proxy's tau is chance, and of which kind.

On the left the networks are fixed, and the seed changes their weights and what they see; on the right the seed draws
the networks, too.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scipy.stats import f as f_distribution

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.experiments import measure, published
from eznas.experiments.evolving import Report, experiment_settings
from eznas.experiments.folder import ExperimentFolder
from eznas.experiments.plots import COLOURS, save_plot
from eznas.experiments.table_sets import Entry
from eznas.files import json_text
from eznas.proxies import AnyProxy
from eznas.runs.settings import RunSettings
from eznas.runs.summary import scoring_settings
from eznas.scoring.ranking import rank_networks

EXPERIMENT: Final = "seed-test"
SEEDS: Final = 7
NETWORKS: Final = 400

LEFT, RIGHT = "fixed networks", "drawn networks"
LEVEL: Final = 0.95


@dataclass(frozen=True)
class SeedTest:
    """What the seed test is made of.

    Attributes:
        entries: benchmarks to test on.
        proxy: what is measured.
        seeds: at least 2; the first also draws the networks of the left side.
        networks: for each measurement; of a benchmark with fewer than twice as many, half, so that draws differ.
        settings: settings of runs by key, of which `batch_size`, `device`, `threads` and `memory` matter.
    """

    entries: Sequence[Entry]
    proxy: AnyProxy
    seeds: Sequence[int] = tuple(range(SEEDS))
    networks: int = NETWORKS
    settings: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if len(self.seeds) < 2:
            raise EznasError(f"seeds is {len(self.seeds)}: a standard deviation needs at least 2.")

    def run(self, path: Path, report: Report) -> dict[str, Any]:
        """Do what is left of the test, and write `seed_test.json` after every benchmark.

        Args:
            path: folder of the test.
            report: is told what is being done.

        Returns:
            The content of `seed_test.json`.

        Raises:
            EznasError: the folder is of other settings. A benchmark that is not there is left out, and said to be.
        """
        folder = ExperimentFolder.open(path, EXPERIMENT, self._record())
        benchmarks: list[dict[str, Any]] = []
        missing: dict[str, str] = {}
        content: dict[str, Any] = {}
        for entry in self.entries:
            try:
                benchmarks.append(self._benchmark(folder, entry, report))
            except EznasError as error:
                missing[entry.benchmark] = str(error)
                report(f"{entry.label}: left out. {error}")
            content = {
                "experiment": EXPERIMENT,
                "proxy": self.proxy.name,
                **self.proxy.describe(),
                "seeds": list(self.seeds),
                "observation": published.SEED_TEST_OBSERVATION,
                "benchmarks": benchmarks,
                "missing": missing,
                "settings": self._record(),
                "cost": folder.cost(),
            }
            folder.write_result("seed_test.json", json_text(content))
        return content

    def _record(self) -> dict[str, Any]:
        common = experiment_settings(self.settings or {})
        return {
            **{key: value for key, value in self.proxy.describe().items() if key != "source"},
            "networks": self.networks,
            "batch_size": common["batch_size"],
            "device": common["device"],
        }

    def _run_settings(self, entry: Entry, seed: int) -> RunSettings:
        # No evolution: `networks` only has to be small enough for every benchmark.
        nothing_evolves = {"networks": 3, "held_out": 0, "fitness_samples": "all"}
        chosen = {**(self.settings or {}), "benchmark": entry.benchmark, "seed": seed, **nothing_evolves}
        return RunSettings.from_mapping(chosen)

    def _benchmark(self, folder: ExperimentFolder, entry: Entry, report: Report) -> dict[str, Any]:
        """Return both sides of one benchmark; a measurement that both have is made once."""
        loaded: Benchmark | None = None
        taus: dict[str, list[float]] = {}
        top_decile_taus: dict[str, list[float]] = {}
        first = self.seeds[0]
        pieces: list[dict[str, Any]] = []
        for side in (LEFT, RIGHT):
            taus[side], top_decile_taus[side] = [], []
            for seed in self.seeds:
                draw = first if side == LEFT else seed
                names = (entry.benchmark, f"networks-{draw}-seed-{seed}")
                piece = folder.piece(*names)
                if piece is None:
                    loaded = loaded or measure.load(self._run_settings(entry, seed))
                    report(f"{entry.label}, {side}, seed {seed}: scoring")
                    piece = self._measure(entry, loaded, draw, seed)
                    folder.write_piece(piece, *names)
                pieces.append(piece)
                taus[side].append(_number(piece["tau"]))
                top_decile_taus[side].append(_number(piece["top_decile_tau"]))
        return {
            "benchmark": entry.benchmark,
            "label": entry.label,
            "description": pieces[0]["description"],
            "networks": pieces[0]["networks"],
            "available": pieces[0]["available"],
            "unscored": sum(piece["unscored"] for piece in pieces),
            "top_decile_taus": top_decile_taus,
            **compare_deviations(entry.label, taus[LEFT], taus[RIGHT]),
        }

    def _measure(self, entry: Entry, benchmark: Benchmark, draw: int, seed: int) -> dict[str, Any]:
        count = min(self.networks, len(benchmark) // 2)
        indices = benchmark.sample(count, seeds.generator(draw, "networks"))
        settings = scoring_settings(self._run_settings(entry, seed))
        (ranking,) = rank_networks([self.proxy], benchmark, indices, settings, second_draw=False)
        return {**measure.piece(self.proxy, benchmark, ranking), "available": len(benchmark)}


def compare_deviations(label: str, fixed: Sequence[float], drawn: Sequence[float]) -> dict[str, Any]:
    """Return both standard deviations over seeds, their ratio with its interval, and a sentence that compares them.

    The interval is that of a ratio of two standard deviations of normal samples, from the F distribution. Source:
    Snedecor and Cochran, "Statistical Methods" (1989), section 6.12.

    Args:
        label: of the benchmark.
        fixed: tau of each seed with fixed networks.
        drawn: tau of each seed with networks that the seed drew.
    """
    left, right = _deviation(fixed), _deviation(drawn)
    ratio = right / left if left > 0 else math.nan
    tail = (1 - LEVEL) / 2
    freedom = (len(drawn) - 1, len(fixed) - 1)
    low = ratio / math.sqrt(float(f_distribution.ppf(1 - tail, *freedom)))
    high = ratio / math.sqrt(float(f_distribution.ppf(tail, *freedom)))
    return {
        "sides": {
            LEFT: {"taus": list(fixed), "mean": statistics.fmean(fixed), "deviation": left},
            RIGHT: {"taus": list(drawn), "mean": statistics.fmean(drawn), "deviation": right},
        },
        "ratio": ratio,
        "ratio_interval": [low, high],
        "sentence": _sentence(label, left, right, ratio, low, high, len(fixed)),
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _deviation(taus: Sequence[float]) -> float:
    return math.nan if any(math.isnan(tau) for tau in taus) else statistics.stdev(taus)


def _sentence(label: str, left: float, right: float, ratio: float, low: float, high: float, count: int) -> str:
    figures = (
        f"{label}: over {count} seeds tau has a standard deviation of {left:.4f} with fixed networks and of "
        f"{right:.4f} with networks that the seed draws"
    )
    if math.isnan(ratio):
        return f"{figures}; their ratio is not defined."
    figures += f", {ratio:.2f} times as much (95 % interval {low:.2f} to {high:.2f})"
    if low > 1:
        return f"{figures}: drawing the networks adds variation, as the paper observed."
    if high < 1:
        return f"{figures}: the drawn networks vary less, contrary to what the paper observed."
    return f"{figures}: no difference can be shown, so the paper's observation is neither confirmed nor refuted."


def plot(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw both sides of Figure 2 as `seed_test.png` and `.svg` in `folder`, and return their paths."""
    benchmarks = content["benchmarks"]

    def draw(figure: Any) -> None:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, side, title in (
            (panels[0], LEFT, "seed changes weights and inputs"),
            (panels[1], RIGHT, "seed draws the networks, too"),
        ):
            for position, one in enumerate(benchmarks):
                values = one["sides"][side]
                taus = [math.nan if tau is None else tau for tau in values["taus"]]
                axes.plot([position] * len(taus), taus, "o", color=COLOURS[0], alpha=0.6, markersize=4)
                if values["mean"] is not None and values["deviation"] is not None:
                    axes.errorbar(
                        position + 0.25, values["mean"], yerr=values["deviation"], fmt="s", color=COLOURS[1], capsize=3
                    )
            axes.set_xticks(
                range(len(benchmarks)), [one["label"] for one in benchmarks], rotation=40, ha="right", fontsize=8
            )
            axes.set_xlim(-0.5, max(len(benchmarks), 1) - 0.25)
            axes.set_title(title)
        panels[0].set_ylabel(f"Kendall tau of {content['proxy']}")
        figure.suptitle(f"{len(content['seeds'])} seeds: circles; mean ± standard deviation: squares", fontsize=9)

    return save_plot(draw, folder / "seed_test", 5 + 0.7 * len(benchmarks), 4.5)
