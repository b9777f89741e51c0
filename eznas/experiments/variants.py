"""The paper's Figure 3: evolution under other units and another way to one number per unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from eznas.experiments import measure, published
from eznas.experiments.evolving import Report, TrainingStatistics, evolve, experiment_settings, generations
from eznas.experiments.folder import EVOLUTIONS, ExperimentFolder
from eznas.experiments.learning_curves import LearningCurve
from eznas.experiments.plots import COLOURS, draw_band, plot_title, save_plot
from eznas.experiments.seed_statistics import (
    INTERVAL,
    MINIMUM_SEEDS,
    PairedComparison,
    mean_over_seeds,
    means_over_seeds,
)
from eznas.files import json_text
from eznas.options import ToScalar, Unit
from eznas.proxies import Proxy
from eznas.runs.directory import SUMMARY
from eznas.runs.proxy_argument import best_proxy
from eznas.runs.settings import RunSettings

EXPERIMENT: Final = "variants"
DEFAULT_BENCHMARK: Final = "digits-darts"
"""The embedded benchmark of the space that the paper used, which was the DARTS space of NDS on CIFAR-10."""


@dataclass(frozen=True)
class Variant:
    """How statistics become scores: the unit, and from a program's output to one number."""

    unit: Unit
    to_scalar: ToScalar

    @property
    def name(self) -> str:
        """A name such as `R-C-B mean`."""
        return f"{self.unit} {self.to_scalar}"


# Those with the same unit are neighbours: they share the training statistics.
VARIANTS: Final = (Variant("R-C-B", "mean"), Variant("C-B-R", "mean"), Variant("C-B-R", "l2"))


@dataclass(frozen=True)
class VariantStudy:
    """What the study is made of.

    Attributes:
        benchmark: to evolve on.
        seeds: each is one evolution of every variant.
        held_out: networks to test the best programs on.
        settings: settings of the runs by key, but for benchmark, seed, held-out networks, unit and to_scalar.
    """

    benchmark: str = DEFAULT_BENCHMARK
    seeds: Sequence[int] = tuple(range(MINIMUM_SEEDS))
    held_out: int = 1000
    settings: Mapping[str, Any] | None = None

    def run(self, path: Path, report: Report) -> dict[str, Any]:
        """Do what is left of the study, and write `variants.json`.

        Args:
            path: folder of the study.
            report: is told what is being done.

        Returns:
            The content of `variants.json`.

        Raises:
            EznasError: the benchmark is not there, the folder is of other settings, or an evolution found no program.
        """
        unfinished = [seed for seed in self.seeds if not self._is_finished(path, seed)]
        if unfinished:
            measure.load(self._run_settings(VARIANTS[0], unfinished[0]))
        folder = ExperimentFolder.open(path, EXPERIMENT, self._record())
        tested: dict[int, dict[str, dict[str, Any]]] = {}
        with TrainingStatistics() as statistics:
            for seed in self.seeds:
                for variant in VARIANTS:
                    report(f"{variant.name}, seed {seed}: evolving on {self.benchmark}")
                    evolve(self._evolution(folder.path, variant, seed), self._run_settings(variant, seed), statistics)
                tested[seed] = self._test(folder, seed, report)
        content = self._content(folder, tested)
        folder.write_result("variants.json", json_text(content))
        return content

    def _record(self) -> dict[str, Any]:
        common = experiment_settings(self.settings or {})
        evolution = {key: value for key, value in common.items() if key not in {"unit", "to_scalar"}}
        return {"benchmark": self.benchmark, "held_out": self.held_out, "evolution": evolution}

    def _run_settings(self, variant: Variant, seed: int) -> RunSettings:
        chosen = {
            **(self.settings or {}),
            "benchmark": self.benchmark,
            "seed": seed,
            "held_out": self.held_out,
            "unit": variant.unit,
            "to_scalar": variant.to_scalar,
        }
        return RunSettings.from_mapping(chosen)

    def _evolution(self, path: Path, variant: Variant, seed: int) -> Path:
        return path / EVOLUTIONS / f"seed-{seed}" / variant.name.replace(" ", "-")

    def _is_finished(self, path: Path, seed: int) -> bool:
        return all((self._evolution(path, variant, seed) / SUMMARY).is_file() for variant in VARIANTS)

    def _test(self, folder: ExperimentFolder, seed: int, report: Report) -> dict[str, dict[str, Any]]:
        """Return how the best programs of one seed rank the held-out networks, by variant."""
        programs: dict[str, Proxy] = {
            variant.name: best_proxy(self._evolution(folder.path, variant, seed)) for variant in VARIANTS
        }
        pieces = {name: folder.piece(f"seed-{seed}", name) for name in programs}
        pending = {
            name: proxy for name, proxy in programs.items() if (pieces[name] or {}).get("formula") != proxy.formula
        }
        if pending:
            settings = self._run_settings(VARIANTS[0], seed)
            report(f"seed {seed}: testing {len(pending)} programs")
            measured = measure.rank_test_networks(measure.load(settings), pending, settings)
            for name in pending:
                folder.write_piece(measured[name], f"seed-{seed}", name)
                pieces[name] = folder.piece(f"seed-{seed}", name)
        return {name: piece for name, piece in pieces.items() if piece is not None}

    def _content(self, folder: ExperimentFolder, tested: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
        bests = {
            variant.name: np.array(
                [LearningCurve.of(generations(self._evolution(folder.path, variant, seed))).best for seed in self.seeds]
            )
            for variant in VARIANTS
        }
        held_out = {
            variant.name: [_defined(tested[seed][variant.name]["tau"]) for seed in self.seeds] for variant in VARIANTS
        }
        first = VARIANTS[0].name
        comparisons = [
            PairedComparison.of(first, other.name, quantity, values[first], values[other.name])
            for quantity, values in (
                ("Best fitness", {name: best[:, -1].tolist() for name, best in bests.items()}),
                ("Held-out tau", held_out),
            )
            for other in VARIANTS[1:]
        ]
        pieces = tested[self.seeds[0]][first]
        return {
            "experiment": EXPERIMENT,
            "benchmark": self.benchmark,
            "description": pieces["description"],
            "held_out": pieces["networks"],
            "seeds": list(self.seeds),
            "interval": INTERVAL,
            "observation": published.VARIANTS_OBSERVATION,
            "variants": [
                {
                    "name": name,
                    "best_by_generation": [mean.to_dict() for mean in means_over_seeds(bests[name])],
                    "best_by_seed": bests[name][:, -1].tolist(),
                    "held_out_tau": mean_over_seeds(held_out[name]).to_dict(),
                    "held_out_tau_by_seed": held_out[name],
                    "formulas": [tested[seed][name]["formula"] for seed in self.seeds],
                }
                for name in bests
            ],
            "comparisons": [comparison.to_dict() for comparison in comparisons],
            "settings": self._record(),
            "cost": folder.cost(),
        }


def _defined(tau: float | None) -> float:
    """Return a held-out tau; a program whose scores are all the same there ranks nothing."""
    return 0.0 if tau is None or np.isnan(tau) else float(tau)


def plot(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw the study as `variants.png` and `.svg` in `folder`, and return their paths."""

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        for position, (one, colour) in enumerate(zip(content["variants"], COLOURS, strict=False)):
            means = one["best_by_generation"]
            draw_band(left, range(len(means)), means, one["name"], colour)
            right.plot([position] * len(content["seeds"]), one["held_out_tau_by_seed"], "o", color=colour, alpha=0.5)
            right.plot([position], [one["held_out_tau"]["mean"]], "_", color=colour, markersize=24, markeredgewidth=2)
        left.set(xlabel="generation", ylabel="best fitness, |tau| on the training networks")
        left.legend()
        right.set_xticks(range(len(content["variants"])), [one["name"] for one in content["variants"]], fontsize=8)
        right.set_xlim(-0.5, len(content["variants"]) - 0.5)
        right.set_ylabel(f"tau on {content['held_out']} held-out networks")
        figure.suptitle(plot_title(content), fontsize=8)

    return save_plot(draw, folder / "variants", 9, 4)
