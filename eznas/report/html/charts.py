"""The charts of a page, each from the figures of a summary or of `networks.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import numpy as np

from eznas.report.html.axes import WIDTH, Axes, Scale
from eznas.report.html.findings import PARAMS, Progress, Scored
from eznas.report.live import shortened
from eznas.report.tables import interval_text, number_text

_ROW: Final = 26
_LABELS: Final = 120
_WIDE_RANGE: Final = 50.0


def size_chart(candidates: Sequence[Scored], baselines: Sequence[Scored], benchmark: str) -> str:
    """Return tau on training and held-out networks against size, of the best of each size on the training ones."""
    sized = _best_of_each_size(candidates, benchmark)
    params = next((one.held_out(benchmark)["tau"] for one in baselines if one.label == PARAMS), None)
    taus = [tau for one in sized for tau in (one.training_tau(benchmark), *_ends(one, benchmark)) if tau is not None]
    axes = Axes(
        Scale.of([float(one.size or 0) for one in sized], integers=True),
        Scale.of(taus, include=[params] if params is not None else []),
        "size",
        "Kendall tau",
    )
    if params is not None:
        axes.level(params, 2)
    training = [(float(one.size or 0), tau, one) for one in sized if (tau := one.training_tau(benchmark)) is not None]
    training.sort(key=lambda point: (point[0], -point[1]))
    highest = accumulate((tau for _, tau, _ in training), max)
    front = [(size, tau) for (size, tau, _), best in zip(training, highest, strict=True) if tau >= best]
    axes.line(front, 0, steps=True)
    axes.dots(((size, tau, f"{_name(one)}: training {tau:.3f}") for size, tau, one in training), 0, hollow=True)
    for one in sized:
        low, high = _ends(one, benchmark)[1:]
        if low is not None and high is not None:
            axes.interval(float(one.size or 0), low, high, 1)
    axes.dots(
        ((float(one.size or 0), one.held_out(benchmark)["tau"], _held_out_text(one, benchmark)) for one in sized), 1, 4
    )
    legend = [("fill-1", "held-out, 95 % interval"), ("mark-0", "training, with its front")]
    if params is not None:
        legend.append(("fill-2", f"params, held-out: {number_text(params)}"))
    return axes.figure(
        f"Best against size{_on(benchmark)}",
        f"Kendall tau against size of {len(sized)} formulas, on training and on held-out networks",
        "Of each size the best on the training networks, as far as reported. The front joins those that no smaller one "
        "is as good as.",
        legend,
    )


def progress_chart(runs: Sequence[tuple[str, Progress]]) -> str:
    """Return how fitness rose; of one search with the median of its steps, of several the best alone."""
    medians = (
        [value for _, one in runs for value in one.median if value is not None and value > 0] if len(runs) == 1 else []
    )
    bests = [value for _, one in runs for value in one.best if value is not None]
    unit = runs[0][1].unit
    fitness = "Estimated fitness" if any(one.estimated for _, one in runs) else "Fitness"
    axes = Axes(
        Scale.of([float(step) for _, one in runs for step in one.steps], integers=True),
        Scale.of([*bests, *medians]),
        unit,
        fitness.lower(),
    )
    legend = []
    for place, (name, one) in enumerate(runs):
        colour = 1 + place % 4
        if len(runs) == 1:
            median = [(float(step), value) for step, value in zip(one.steps, one.median, strict=False) if value]
            axes.line([point for point in median if point[1] > 0], 0)
            legend += [("fill-1", "best so far")] + ([("fill-0", f"median of the {unit}")] if median else [])
        else:
            legend.append((f"fill-{colour}", name))
        best = [(float(step), value) for step, value in zip(one.steps, one.best, strict=True) if value is not None]
        axes.line(best, colour, steps=True, dashed=place >= 4)
    last = ", ".join(f"{name} {number_text(one.best[-1])}" for name, one in runs if len(one.best))
    return axes.figure(
        f"{fitness} by {unit}",
        f"{fitness} by {unit}; at the end: {last}",
        f"At the end: {last if len(runs) > 1 else number_text(runs[0][1].best[-1])}.",
        legend,
    )


def scatter_chart(
    title: str, parts: Mapping[str, Mapping[str, Any]], score: str, taus: Mapping[str, float | None]
) -> str:
    """Return scores against accuracies.

    Args:
        title: stands above.
        parts: networks by what they are for, such as `held_out`; the last is drawn on top.
        score: whose scores, by its name in the file.
        taus: of each part, for the legend.
    """
    points = {
        name: [
            (value, accuracy)
            for value, accuracy in zip(part["scores"][score], part["accuracies"], strict=True)
            if value is not None
        ]
        for name, part in parts.items()
        if score in part["scores"]
    }
    every = [value for of_part in points.values() for value, _ in of_part]
    across, label = _placed(every)
    axes = Axes(
        Scale.of([across[value] for value in every]),
        Scale.of([accuracy for of_part in points.values() for _, accuracy in of_part]),
        label,
        "accuracy, %",
    )
    legend = []
    for place, (name, of_part) in enumerate(points.items()):
        colour = 1 if place == len(points) - 1 else (0, 3)[place]
        axes.dots(
            ((across[value], accuracy, f"score {value:.6g}, accuracy {accuracy:.2f}") for value, accuracy in of_part),
            colour,
            hollow=colour != 1,
            radius=2.6,
        )
        mark = "fill-1" if colour == 1 else f"mark-{colour}"
        legend.append((mark, f"{name.replace('_', '-')}: {len(of_part)} networks, tau {number_text(taus.get(name))}"))
    unscored = sum(len(parts[name]["accuracies"]) - len(of_part) for name, of_part in points.items())
    without = f" {unscored} networks without a score are left out." if unscored else ""
    return axes.figure(
        title,
        f"Accuracy against score: {', '.join(text for _, text in legend)}",
        f"Each mark is a network; more to the right is what the score takes for better.{without}",
        legend,
    )


def unit_charts(networks: Sequence[Mapping[str, Any]], aggregation: str) -> list[str]:
    """Return what each unit contributes to the score of some networks, a chart for each network and term."""
    charts = []
    for network in networks:
        for number, term in enumerate(network["terms"], start=1):
            shares = [share if share is not None else 0.0 for share in term["contributions"]]
            axes = Axes(
                Scale.of([1.0, float(max(len(shares), 1))], integers=True),
                Scale.of(shares, include=[0.0]),
                "unit, in the order of execution",
                "contribution",
                height=200,
            )
            for unit, (share, weight) in enumerate(zip(shares, network["weights"], strict=True), start=1):
                shape = " × ".join(map(str, weight))
                undefined = "" if term["contributions"][unit - 1] is not None else " (no number on this unit)"
                axes.bar(unit, 0.8, share, 1, f"unit {unit}, weight {shape}: {share:.5g}{undefined}")
            of_term = f", term {number}" if len(network["terms"]) > 1 else ""
            charts.append(
                axes.figure(
                    f"The {network['network']} network{of_term}",
                    f"Contributions of {len(shares)} units to the {aggregation} of the {network['network']} network",
                    f"Accuracy {network['accuracy']:.2f}, score {network['score']:.6g}."
                    f"{'' if any(shares) else ' Every unit contributes 0.'} "
                    f"{shortened(network['architecture'], 90)}",
                )
            )
    return charts


def forest_chart(
    title: str, rows: Sequence[tuple[str, float | None, Sequence[float | None]]], label: str, evolved: int = 1
) -> str:
    """Return numbers with their intervals, one under the other.

    Args:
        title: stands above.
        rows: what each is called, the number and the ends of its interval.
        label: stands below.
        evolved: how many of the first rows are in the colour of what was evolved.
    """
    numbers = [number for _, number, ends in rows for number in (number, *ends) if number is not None]
    scale = Scale.of(numbers, include=[0.0])
    left, right, height = _LABELS, WIDTH - 14, len(rows) * _ROW + 40
    bottom = height - 36

    def at(number: float) -> float:
        return left + scale.share(number) * (right - left)

    marks = []
    for tick, text in scale.ticks:
        marks.append(f'<path class="grid" d="M{at(tick):.1f} 4V{bottom}"/>')
        marks.append(f'<text class="tick" x="{at(tick):.1f}" y="{bottom + 14}" text-anchor="middle">{text}</text>')
    marks.append(f'<path class="axis" d="M{at(0.0):.1f} 4V{bottom}"/>')
    marks.append(
        f'<text class="tick" x="{(left + right) / 2:.0f}" y="{height - 4}" text-anchor="middle">{escape(label)}</text>'
    )
    for place, (name, number, ends) in enumerate(rows):
        y, colour = 4 + (place + 0.5) * _ROW, 1 if place < evolved else 2
        marks.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(shortened(name, 18))}</text>')
        if number is None:
            marks.append(f'<text class="tick" x="{left + 4}" y="{y + 4:.1f}">–</text>')
            continue
        title_text = escape(f"{name}: {number_text(number)} {interval_text(ends)}")
        low, high = ends if None not in ends else (number, number)
        marks.append(
            f'<g><title>{title_text}</title><path class="stroke line-{colour}" d="M{at(low or 0.0):.1f} {y:.1f}'
            f'H{at(high or 0.0):.1f}"/><circle class="fill-{colour}" cx="{at(number):.1f}" cy="{y:.1f}" r="4.5"/></g>'
        )
    described = "; ".join(f"{name} {number_text(number)} {interval_text(ends)}" for name, number, ends in rows)
    return (
        f'<figure>\n<h3>{escape(title)}</h3>\n<svg role="img" aria-label="{escape(f"{label}: {described}")}" '
        f'viewBox="0 0 {WIDTH} {height}">\n{chr(10).join(marks)}\n</svg>\n</figure>'
    )


def held_out_rows(scores: Sequence[Scored], benchmark: str) -> list[tuple[str, float | None, Sequence[float | None]]]:
    """Return the rows of a forest chart: held-out tau of scores."""
    return [(one.label, one.held_out(benchmark)["tau"], one.held_out(benchmark)["tau_interval"]) for one in scores]


def _best_of_each_size(candidates: Sequence[Scored], benchmark: str) -> list[Scored]:
    best: dict[int, tuple[float, Scored]] = {}
    for one in candidates:
        training = one.training_tau(benchmark)
        if one.size is None or one.held_out(benchmark)["tau"] is None or training is None:
            continue
        if one.size not in best or training > best[one.size][0]:
            best[one.size] = training, one
    return [best[size][1] for size in sorted(best)]


def _placed(scores: Sequence[float]) -> tuple[dict[float, float], str]:
    """Return where scores lie across, and what the axis is called: logarithms or ranks where they are far apart."""
    ordered = np.unique(np.array(scores, np.float64))
    if not len(ordered):
        return {}, "score"
    low, high = float(ordered[0]), float(ordered[-1])
    if low * high > 0 and max(abs(low), abs(high)) > _WIDE_RANGE * min(abs(low), abs(high)):
        sign = math.copysign(1.0, low)
        label = "log10 of the score" if sign > 0 else "−log10 of the negated score"
        return {float(one): sign * math.log10(abs(one)) for one in ordered}, label
    quarter, three_quarters = np.quantile(np.array(scores), [0.25, 0.75])
    if high - low > _WIDE_RANGE * max(three_quarters - quarter, 1e-300):
        return {float(one): float(place) for place, one in enumerate(ordered, start=1)}, "rank of the score"
    return {float(one): float(one) for one in ordered}, "score"


def _ends(one: Scored, benchmark: str) -> tuple[float | None, float | None, float | None]:
    held_out = one.held_out(benchmark)
    low, high = held_out["tau_interval"]
    return held_out["tau"], low, high


def _held_out_text(one: Scored, benchmark: str) -> str:
    held_out = one.held_out(benchmark)
    return f"{_name(one)}: held-out {number_text(held_out['tau'])} {interval_text(held_out['tau_interval'])}"


def _name(one: Scored) -> str:
    return f"{one.label}, size {one.size}, {shortened(one.formula, 80)}"


def _on(benchmark: str) -> str:
    return f", {Path(benchmark).stem}"
