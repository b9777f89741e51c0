"""Plots of experiments: matplotlib where it is installed, loaded when a plot is drawn."""

from __future__ import annotations

import importlib
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from eznas.errors import EznasError
from eznas.files import write_atomically

FORMATS: Final = ("png", "svg")
COLOURS: Final = ("#1f6fb4", "#d1570f", "#2f8f4e", "#7d4bb3")

_STYLE: Final = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    # The same numbers give the same file.
    "svg.hashsalt": "eznas",
}


class PlotUnavailableError(EznasError):
    """Matplotlib is not installed."""


def save_plot(draw: Callable[[Any], None], stem: Path, width: float, height: float) -> list[Path]:
    """Draw a plot and save it as PNG and SVG.

    Args:
        draw: is given an empty matplotlib `Figure`.
        stem: path of the files without their ending.
        width: in inches.
        height: in inches.

    Returns:
        The paths of the files.

    Raises:
        PlotUnavailableError: matplotlib is not installed.
    """
    try:
        matplotlib = importlib.import_module("matplotlib")
        figures = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise PlotUnavailableError(
            f"The plot {stem.name} needs matplotlib, which is not installed: run `pip install 'eznas[plot]'`, then the "
            "same command again, which measures nothing anew. The numbers are all there without it."
        ) from error
    written = []
    with matplotlib.rc_context(_STYLE):
        # A Figure of its own, without pyplot, leaves no state behind and needs no display.
        figure = figures.Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        for ending in FORMATS:
            content = io.BytesIO()
            metadata = {"Date": None} if ending == "svg" else {}
            figure.savefig(content, format=ending, dpi=150, metadata=metadata)
            path = stem.with_name(f"{stem.name}.{ending}")
            write_atomically(path, content.getvalue())
            written.append(path)
    return written


def draw_band(axes: Any, x: Sequence[float], means: Sequence[Mapping[str, float]], label: str, colour: str) -> None:
    """Draw the line of means over seeds with the band of their intervals.

    Args:
        axes: of matplotlib.
        x: one position for each mean.
        means: as `SeedMean.to_dict` returns them.
        label: for the legend.
        colour: of line and band.
    """
    axes.plot(x, [one["mean"] for one in means], color=colour, label=label)
    axes.fill_between(
        x, [one["low"] for one in means], [one["high"] for one in means], color=colour, alpha=0.18, linewidth=0
    )


def plot_title(content: Mapping[str, Any]) -> str:
    """Return what stands above a plot: what the benchmark is, how many seeds, and what the bands are."""
    return (
        f"{textwrap.fill(content['description'], 130)}\n"
        f"{content['benchmark']}; seeds: {len(content['seeds'])}; bands: {content['interval']}"
    )
