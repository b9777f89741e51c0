"""The plot of the comparison of genomes: six panels, one line with its band per genome."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eznas.experiments.genome_content import GENOMES, QUANTITIES
from eznas.experiments.plots import COLOURS, draw_band, plot_title, save_plot


def plot(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw the comparison as `genomes.png` and `.svg` in `folder`, and return their paths."""

    def draw(figure: Any) -> None:
        panels = list(figure.subplots(2, 3).flat)
        for axes, budget, label in (
            (panels[0], "evaluations", "distinct programs evaluated"),
            (panels[1], "seconds", "seconds of evolution"),
        ):
            for genome, colour in zip(GENOMES, COLOURS, strict=False):
                curve = content["genomes"][genome]["curves"][budget]
                draw_band(axes, curve["amounts"], curve["best"], genome, colour)
            axes.set(xlabel=label, ylabel="best fitness")
            axes.legend()
        _draw_held_out(panels[2], content)
        for axes, key in zip(panels[3:], ("length", "live_share", "repeats"), strict=True):
            for genome, colour in zip(GENOMES, COLOURS, strict=False):
                means = content["genomes"][genome]["by_generation"][key]
                draw_band(axes, range(len(means)), means, genome, colour)
                if key == "length":
                    live = content["genomes"][genome]["by_generation"]["live_length"]
                    axes.plot([one["mean"] for one in live], "--", color=colour, label=f"{genome}, live")
            axes.set(xlabel="generation", ylabel=QUANTITIES[key][0])
            axes.legend()
        figure.suptitle(plot_title(content), fontsize=8)

    return save_plot(draw, folder / "genomes", 12, 7)


def _draw_held_out(axes: Any, content: Mapping[str, Any]) -> None:
    """Draw the held-out tau of every seed, those of the same seed joined by a line."""
    taus = [content["genomes"][genome]["held_out_tau_by_seed"] for genome in GENOMES]
    for pair in zip(*taus, strict=True):
        axes.plot(range(len(GENOMES)), pair, "-", color="0.75", linewidth=0.8)
    for position, (values, colour) in enumerate(zip(taus, COLOURS, strict=False)):
        axes.plot([position] * len(values), values, "o", color=colour, alpha=0.7)
    axes.set_xticks(range(len(GENOMES)), GENOMES)
    axes.set_xlim(-0.5, len(GENOMES) - 0.5)
    axes.set_ylabel(f"tau on {content['held_out']} held-out networks")
