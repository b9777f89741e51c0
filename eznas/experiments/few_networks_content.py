"""What the study of few networks found: as plain data, as Markdown, and as a plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from eznas.experiments.few_networks_methods import Method
from eznas.experiments.plots import save_plot
from eznas.experiments.seed_statistics import INTERVAL, mean_over_seeds
from eznas.report.tables import number_text

_QUANTITIES: Final = {
    "tau": "Kendall tau on the held-out networks",
    "top_decile_tau": "Kendall tau among the most accurate tenth of the held-out networks",
}
_APART: Final = 1.02  # from the dots of one method to those of the next, as a factor of the number of networks
# One colour for each method, from light enough to dark enough to be told apart.
_PALETTE: Final = (
    *("#1f6fb4", "#d1570f", "#2f8f4e", "#7d4bb3", "#b3284a", "#8a6d1c", "#0f8a8a"),
    *("#c45aa5", "#5b6770", "#7fa31c", "#3d3d9e", "#a0522d"),
)

_Pieces = Mapping[str, Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]]]


def few_networks_content(
    pieces: _Pieces,
    methods: Sequence[Method],
    seeds: Sequence[int],
    settings: Mapping[str, Any],
    cost: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the study as plain data.

    Args:
        pieces: by benchmark, method and count of known networks: one for each seed.
        methods: in the order of tables.
        seeds: in the order of the pieces.
        settings: what the pieces depend on.
        cost: what the study took.
    """
    return {
        "experiment": "few-networks",
        "seeds": list(seeds),
        "interval": INTERVAL,
        "quantities": _QUANTITIES,
        "results": [
            {
                "benchmark": benchmark,
                "description": _first(by_method)["description"],
                "held_out": _first(by_method)["networks"],
                "methods": [
                    {
                        "method": method.name,
                        "label": method.label,
                        "learns": method.learns,
                        "counts": [_cell(count, cells) for count, cells in by_method[method.name].items()],
                    }
                    for method in methods
                ],
            }
            for benchmark, by_method in pieces.items()
        ],
        "settings": dict(settings),
        "cost": dict(cost),
    }


def _first(by_method: Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]]) -> Mapping[str, Any]:
    return next(iter(next(iter(by_method.values())).values()))[0]


def _cell(count: int, pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    cell: dict[str, Any] = {"networks": count}
    for quantity in _QUANTITIES:
        by_seed = [_defined(piece[quantity]) for piece in pieces]
        cell[quantity] = {**mean_over_seeds(by_seed).to_dict(), "by_seed": by_seed}
    cell["formulas"] = [piece.get("formula") for piece in pieces]
    return cell


def _defined(tau: float | None) -> float:
    """Return a tau; what gives all networks the same score ranks nothing."""
    return 0.0 if tau is None or math.isnan(tau) else tau


def few_networks_markdown(content: Mapping[str, Any]) -> str:
    """Return the study as Markdown: a table for each benchmark and quantity."""
    lines = [
        "# What a few networks of known accuracy give",
        "",
        f"Means over {len(content['seeds'])} seeds, each of which draws other networks; intervals: "
        f"{content['interval']}. Every method knows the accuracies of the networks at the head of the column and no "
        "others; a discovery evolves on three quarters of them and chooses the formula by all. What learns nothing has "
        "one column.",
    ]
    for one in content["results"]:
        counts = sorted({cell["networks"] for method in one["methods"] for cell in method["counts"]})
        for quantity, meaning in content["quantities"].items():
            lines += [
                "",
                f"## {one['benchmark']}: {meaning}",
                "",
                f"{one['description']} {one['held_out']} held-out networks.",
                "",
                f"| known networks | {' | '.join(map(str, counts))} |",
                f"| :-- |{' --: |' * len(counts)}",
            ]
            for method in one["methods"]:
                cells = {cell["networks"]: _text(cell[quantity]) for cell in method["counts"]}
                lines.append(f"| {method['label']} | {' | '.join(cells.get(count, '') for count in counts)} |")
    return "\n".join(lines) + "\n"


def few_networks_sentences(content: Mapping[str, Any]) -> list[str]:
    """Say for each benchmark and number of networks which method is ahead, by its mean over seeds."""
    sentences = []
    for one in content["results"]:
        counts = sorted({cell["networks"] for method in one["methods"] for cell in method["counts"]})
        for count in counts:
            means = {
                method["label"]: cell["tau"]["mean"]
                for method in one["methods"]
                for cell in method["counts"]
                if cell["networks"] == count or not method["learns"]
            }
            ordered = sorted(means, key=means.__getitem__, reverse=True)
            ranked = ", ".join(f"{label} {number_text(means[label])}" for label in ordered)
            sentences.append(f"{one['benchmark']}, {count} known networks: {ranked}.")
    return sentences


def _text(figure: Mapping[str, float]) -> str:
    low, high = (number_text(figure[end]) for end in ("low", "high"))
    return f"{number_text(figure['mean'])} [{low}, {high}]"


def plot(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw tau against the number of known networks as `few_networks.png` and `.svg` in `folder`."""
    results = content["results"]

    def draw(figure: Any) -> None:
        panels = figure.subplots(1, len(results), sharey=True, squeeze=False)[0]
        for axes, one in zip(panels, results, strict=True):
            for position, (method, colour) in enumerate(zip(one["methods"], _PALETTE, strict=False)):
                means = [cell["tau"] for cell in method["counts"]]
                if method["learns"]:
                    # Bars, a little apart: the bands of so many methods would hide each other.
                    x = [cell["networks"] * _APART**position for cell in method["counts"]]
                    axes.plot(
                        x, [tau["mean"] for tau in means], "o-", color=colour, label=method["label"], markersize=3
                    )
                    axes.vlines(
                        x, [tau["low"] for tau in means], [tau["high"] for tau in means], color=colour, alpha=0.5
                    )
                else:
                    axes.axhline(means[0]["mean"], linestyle="--", color=colour, label=method["label"])
            counts = sorted({cell["networks"] for method in one["methods"] for cell in method["counts"]})
            axes.set_xscale("log")
            axes.set_xticks(counts, list(map(str, counts)))
            axes.minorticks_off()
            axes.set(xlabel="networks of known accuracy", title=Path(one["benchmark"]).stem)
        panels[0].set_ylabel("tau on held-out networks")
        panels[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
        figure.suptitle(f"{len(content['seeds'])} seeds; bars: {content['interval']}", fontsize=8)

    return save_plot(draw, folder / "few_networks", 3 + 4.2 * len(results), 4.5)
