"""The plot of the comparison of genomes: the lead of trees under every selection, and the course under the paper's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eznas.experiments.genome_arms import GENOMES, PAPER
from eznas.experiments.genome_content import QUANTITIES
from eznas.experiments.plots import COLOURS, draw_band, plot_title, save_plot


def plot(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw the comparison as `genomes.png` and `.svg` in `folder`, and return their paths."""
    genomes = content["arms"][PAPER.name]["genomes"]

    def draw(figure: Any) -> None:
        panels = list(figure.subplots(2, 4).flat)
        _draw_differences(panels[0], content, quantity=0)
        _draw_differences(panels[4], content, quantity=-1)
        for axes, budget, label in (
            (panels[1], "evaluations", "distinct programs evaluated"),
            (panels[2], "seconds", "seconds of evolution"),
        ):
            for genome, colour in zip(GENOMES, COLOURS, strict=False):
                curve = genomes[genome]["curves"][budget]
                draw_band(axes, curve["amounts"], curve["best"], genome, colour)
            axes.set(xlabel=label, ylabel="best fitness")
            axes.legend()
        _draw_held_out(panels[3], genomes, content["held_out"])
        for axes, key in zip(panels[5:], ("length", "live_share", "repeats"), strict=True):
            for genome, colour in zip(GENOMES, COLOURS, strict=False):
                by_generation = genomes[genome]["by_generation"]
                draw_band(axes, range(len(by_generation[key])), by_generation[key], genome, colour)
                if key == "length":
                    live = [one["mean"] for one in by_generation["live_length"]]
                    axes.plot(live, "--", color=colour, label=f"{genome}, live")
            axes.set(xlabel="generation", ylabel=QUANTITIES[key][0])
            axes.legend()
        figure.suptitle(f"{plot_title(content)}\nThe three columns on the right: with {PAPER.label}", fontsize=8)

    return save_plot(draw, folder / "genomes", 16, 7)


def _draw_differences(axes: Any, content: Mapping[str, Any], quantity: int) -> None:
    """Draw the lead of the first genome in one quantity, with its interval, arm by arm."""
    arms = content["arms"].values()
    for position, arm in enumerate(arms):
        one = arm["comparisons"][quantity]["difference"]
        axes.plot([one["low"], one["high"]], [position, position], "-", color=COLOURS[0])
        axes.plot([one["mean"]], [position], "o", color=COLOURS[0])
    axes.axvline(0, color="0.75", linewidth=0.8)
    axes.set_yticks(range(len(arms)), [arm["label"] for arm in arms], fontsize=7)
    axes.invert_yaxis()
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel(f"{' minus '.join(GENOMES)}:\n{next(iter(arms))['comparisons'][quantity]['quantity']}", fontsize=7)


def _draw_held_out(axes: Any, genomes: Mapping[str, Any], networks: int) -> None:
    """Draw the held-out tau of every seed, those of the same seed joined by a line."""
    taus = [genomes[genome]["held_out_tau_by_seed"] for genome in GENOMES]
    for pair in zip(*taus, strict=True):
        axes.plot(range(len(GENOMES)), pair, "-", color="0.75", linewidth=0.8)
    for position, (values, colour) in enumerate(zip(taus, COLOURS, strict=False)):
        axes.plot([position] * len(values), values, "o", color=colour, alpha=0.7)
    axes.set_xticks(range(len(GENOMES)), GENOMES)
    axes.set_xlim(-0.5, len(GENOMES) - 0.5)
    axes.set_ylabel(f"tau on {networks} held-out networks")
