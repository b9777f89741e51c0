"""What leaving out one space after the other found: as plain data, as Markdown, and as a plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypedDict

from eznas.experiments.plots import COLOURS, save_plot
from eznas.experiments.seed_statistics import INTERVAL, mean_over_seeds
from eznas.report.tables import number_text

FORMULA: Final = "formula"
BEST_SINGLE: Final = "best single"
MEAN_SINGLE: Final = "mean single"
OWN: Final = "own"
TOGETHER: Final = "together"
_ALL: Final = "all baselines"

_MEANINGS: Final = {
    FORMULA: "the formula that evolved on all benchmarks but those of the row's space",
    BEST_SINGLE: "the best of the formulas that evolved on one of these benchmarks each, chosen in hindsight, by row",
    MEAN_SINGLE: "the mean of these formulas: what one of them, taken at random, gives",
    TOGETHER: "the sum of the logarithms of the ranks that {votes} give the tested networks",
    OWN: "the formula that evolved on the row's benchmark itself, on test networks that it did not see",
}
_SEVERAL: Final = (
    "the formulas of {members} evolutions on all benchmarks but those of the row's space, their ranks together as one "
    "proxy"
)
_READINGS: Final = {
    "space": "A space is left out with all its benchmarks, whatever their size and dataset.",
    "benchmark": (
        "One benchmark is left out at a time: others of the same space, at another size or on another dataset, are "
        "evolved on. This is the weaker reading of `left out`."
    ),
}


class OwnTau(TypedDict):
    """How the formula of a benchmark itself ranks those test networks that it did not evolve on."""

    formula: str
    networks: int
    tau: float


def left_out_content(
    folds: Sequence[tuple[str, Sequence[str]]],
    pieces: Sequence[Mapping[str, Mapping[str, Any]]],
    seeds: Sequence[int],
    settings: Mapping[str, Any],
    cost: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the experiment as plain data.

    Args:
        folds: the name of what is left out, and its benchmarks.
        pieces: for each seed, what was measured on each benchmark.
        seeds: in the order of the pieces.
        settings: what the pieces depend on.
        cost: what the experiment took.
    """
    rows = [
        _row(name, benchmark, [of_seed[benchmark] for of_seed in pieces])
        for name, left_out in folds
        for benchmark in left_out
    ]
    baselines = list(pieces[0][rows[0]["benchmark"]]["baselines"])
    ahead = _ahead(rows, baselines, len(seeds))
    return {
        "experiment": "discover",
        "reading": settings["reading"],
        "seeds": list(seeds),
        "interval": INTERVAL,
        "baselines": baselines,
        "meanings": _meanings(settings["ranked_with"], settings["members"]),
        "verdict": _verdict(rows, ahead),
        "ahead": ahead,
        "rows": rows,
        "settings": dict(settings),
        "cost": dict(cost),
    }


def _meanings(ranked_with: Sequence[str], members: int) -> dict[str, str]:
    """What the columns are, but for `TOGETHER` where nothing is ranked with the formula."""
    votes = f"{', '.join(ranked_with)} and the formula"
    meanings = {
        key: meaning.format(votes=votes) for key, meaning in _MEANINGS.items() if ranked_with or key != TOGETHER
    }
    if members > 1:
        meanings[FORMULA] = _SEVERAL.format(members=members)
    return meanings


def _row(name: str, benchmark: str, pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the figures of one benchmark over all seeds."""
    single = {other: [_tau(piece["single"][other]) for piece in pieces] for other in pieces[0]["single"]}
    means = {other: mean_over_seeds(taus).mean for other, taus in single.items()}
    best = max(means, key=means.__getitem__)
    by_seed = {
        FORMULA: [_tau(piece["formula"]) for piece in pieces],
        **{one: [_tau(piece["baselines"][one]) for piece in pieces] for one in pieces[0]["baselines"]},
        BEST_SINGLE: single[best],
        MEAN_SINGLE: [sum(taus) / len(taus) for taus in zip(*single.values(), strict=True)],
    }
    if all(piece["together"] for piece in pieces):
        by_seed[TOGETHER] = [_tau(piece["together"]) for piece in pieces]
    if all(piece["own"] for piece in pieces):
        by_seed[OWN] = [_tau(piece["own"]) for piece in pieces]
    return {
        "left_out": name,
        "benchmark": benchmark,
        "description": pieces[0]["description"],
        "networks": pieces[0]["networks"],
        "taus": {key: {**mean_over_seeds(taus).to_dict(), "by_seed": taus} for key, taus in by_seed.items()},
        "best_single_of": best,
        "single": means,
        "top_decile_taus": [_number(piece["formula"]["top_decile_tau"]) for piece in pieces],
        "unscored": [piece["formula"]["unscored"] for piece in pieces],
        "formulas": [piece["formula"]["formula"] for piece in pieces],
    }


def _tau(piece: Mapping[str, Any]) -> float:
    return _number(piece["tau"])


def _number(tau: float | None) -> float:
    """Return a tau; what gives all networks the same score ranks nothing."""
    return 0.0 if tau is None or math.isnan(tau) else float(tau)


def _ahead(
    rows: Sequence[Mapping[str, Any]], baselines: Sequence[str], seeds: int
) -> dict[str, dict[str, dict[str, Any]]]:
    """Count left-out benchmarks on which the formula, and what it is ranked together with, is ahead.

    Returns:
        For `FORMULA` and `TOGETHER`, and for each of what they are compared with and for `_ALL` baselines at once: the
        number of benchmarks by the means over seeds, and `by_seed`.
    """
    others = {**{one: [one] for one in (*baselines, BEST_SINGLE, MEAN_SINGLE)}, _ALL: list(baselines)}

    def is_ahead(row: Mapping[str, Any], key: str, behind: Sequence[str], seed: int | None) -> bool:
        taus = {
            one: row["taus"][one]["mean"] if seed is None else row["taus"][one]["by_seed"][seed]
            for one in (key, *behind)
        }
        return all(taus[key] > taus[one] for one in behind)

    return {
        key: {
            name: {
                "by_means": sum(is_ahead(row, key, behind, None) for row in rows),
                "by_seed": [sum(is_ahead(row, key, behind, seed) for row in rows) for seed in range(seeds)],
            }
            for name, behind in others.items()
        }
        for key in (FORMULA, TOGETHER)
        if all(key in row["taus"] for row in rows)
    }


def _verdict(rows: Sequence[Mapping[str, Any]], ahead: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Say on how many left-out benchmarks the formula is ahead, by its mean over seeds."""
    sentences = []
    subjects = {FORMULA: f"Of {len(rows)} left-out benchmarks, the formula", TOGETHER: "Ranked together, it"}
    for key, begin in subjects.items():
        if key in ahead:
            counts = {name: count["by_means"] for name, count in ahead[key].items()}
            each = ", ".join(f"{name} on {count}" for name, count in counts.items() if name != _ALL)
            sentences.append(f"{begin} is ahead of {each}; ahead of the baselines at once on {counts[_ALL]}.")
    return " ".join(sentences)


def _ahead_table(ahead: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    names = list(ahead[FORMULA])
    lines = [f"| ahead of | {' | '.join(names)} |", f"| :-- |{' --: |' * len(names)}"]
    for key, counts in ahead.items():
        cells = [f"{one['by_means']} ({', '.join(map(str, one['by_seed']))})" for one in counts.values()]
        lines.append(f"| {key} | {' | '.join(cells)} |")
    return lines


def left_out_markdown(content: Mapping[str, Any]) -> str:
    """Return the experiment as Markdown: the verdict first, then the table, then the formulas."""
    compared = [*content["ahead"], *content["baselines"]]
    columns = [*compared, BEST_SINGLE, MEAN_SINGLE, OWN]
    lines = [
        "# A formula of several spaces on a space that it never saw",
        "",
        content["verdict"],
        "",
        f"{_READINGS[content['reading']]} Kendall tau, mean over {len(content['seeds'])} seeds; intervals: "
        f"{content['interval']}.",
        "",
        *(f"* *{key}*: {meaning}." for key, meaning in content["meanings"].items()),
        "",
        f"| left out | tested on | networks | {' | '.join(columns)} |",
        f"| :-- | :-- | --: |{' --: |' * len(columns)}",
    ]
    for row in content["rows"]:
        best = max(row["taus"][key]["mean"] for key in compared)
        cells = [_cell(row, key, best) for key in columns]
        lines.append(f"| {row['left_out']} | {row['benchmark']} | {row['networks']} | {' | '.join(cells)} |")
    lines += ["", "Best in bold, but for what was chosen in hindsight, means, and `own`.", ""]
    lines += ["On how many of them, by the means and for each seed:", "", *_ahead_table(content["ahead"])]
    lines += ["", "## Formulas", ""]
    formulas = {row["left_out"]: row["formulas"] for row in content["rows"]}
    for left_out, by_seed in formulas.items():
        lines += [
            f"* without {left_out}, seed {seed}: `{one}`" for seed, one in zip(content["seeds"], by_seed, strict=True)
        ]
    return "\n".join(lines) + "\n"


def _cell(row: Mapping[str, Any], key: str, best: float) -> str:
    if key not in row["taus"]:
        return "–"
    figure = row["taus"][key]
    text = number_text(figure["mean"])
    if figure["mean"] == best and key not in (BEST_SINGLE, MEAN_SINGLE, OWN):
        text = f"**{text}**"
    if key in (FORMULA, TOGETHER):
        text += f" [{number_text(figure['low'])}, {number_text(figure['high'])}]"
    return f"{text} ({row['best_single_of']})" if key == BEST_SINGLE else text


def plot(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw the table as `discover.png` and `.svg` in `folder`, and return their paths."""
    rows = content["rows"]
    together = [TOGETHER] if TOGETHER in content["ahead"] else []
    shown = (FORMULA, *content["baselines"], MEAN_SINGLE, *together)
    marks = dict(zip(shown, ("o", "s", "^", "v", "x", "D"), strict=False))
    colours = dict(zip(shown, (*COLOURS, "#5b6770", "#111111"), strict=False))

    def draw(figure: Any) -> None:
        axes = figure.subplots()
        for key in shown:
            means = [row["taus"][key]["mean"] for row in rows]
            axes.plot(means, range(len(rows)), marks[key], color=colours[key], label=key, linestyle="none")
        for position, row in enumerate(rows):
            formula = row["taus"][FORMULA]
            axes.plot([formula["low"], formula["high"]], [position, position], "-", color=colours[FORMULA])
        axes.axvline(0, color="0.75", linewidth=0.8)
        axes.set_yticks(range(len(rows)), [row["benchmark"] for row in rows])
        axes.invert_yaxis()
        axes.set_xlabel("Kendall tau on the left-out benchmark")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        figure.suptitle(
            f"One {content['reading']} left out; {len(content['seeds'])} seeds; bars: {content['interval']}", fontsize=8
        )

    return save_plot(draw, folder / "discover", 8, 1.5 + 0.4 * len(rows))
