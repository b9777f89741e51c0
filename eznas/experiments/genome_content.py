"""What the comparison of genomes found, as plain data and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from eznas.experiments import published
from eznas.experiments.learning_curves import Budget, LearningCurve, common_amounts
from eznas.experiments.seed_statistics import INTERVAL, PairedComparison, mean_over_seeds, means_over_seeds

FIRST, SECOND = GENOMES = ("tree", "sequential")

QUANTITIES: Final[dict[str, tuple[str, Callable[[Mapping[str, Any]], float]]]] = {
    "length": ("program length, dead parts included", lambda record: record["mean_size"]),
    "live_length": ("live instructions", lambda record: record["mean_live"]),
    "live_share": ("live share of a genome", lambda record: record["live_share"]),
    "repeats": ("share of repeats", lambda record: record["repeats"] / record["individuals"]),
    "invalid": ("share of invalid programs", lambda record: record["invalid"] / record["individuals"]),
}
"""What is followed from generation to generation: its meaning, and how a record gives it."""

_BUDGETS: Final[dict[Budget, str]] = {
    "individuals": "Best fitness for equal individuals",
    "evaluations": "Best fitness for equal evaluations of distinct programs",
    "seconds": "Best fitness for equal seconds",
}
_HELD_OUT: Final = "Tau of the best program on held-out networks"


def comparison_content(
    records: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]],
    tested: Mapping[str, Sequence[Mapping[str, Any] | None]],
) -> dict[str, Any]:
    """Return verdicts, curves and figures.

    Args:
        records: by genome and seed, the records of the generations as `evolving.generations` returns them.
        tested: by genome and seed, how the best program ranks held-out networks; None where there is no program.
    """
    curves = {genome: [LearningCurve.of(run) for run in records[genome]] for genome in GENOMES}
    held_out = {genome: [_held_out_tau(piece) for piece in tested[genome]] for genome in GENOMES}
    comparisons = [_at_equal(curves, budget, quantity) for budget, quantity in _BUDGETS.items()]
    comparisons.append(PairedComparison.of(FIRST, SECOND, _HELD_OUT, held_out[FIRST], held_out[SECOND]))
    piece = next((piece for genome in GENOMES for piece in tested[genome] if piece), None)
    return {
        "description": piece["description"] if piece else "",
        "held_out": piece["networks"] if piece else 0,
        "verdict": _verdict(comparisons),
        "comparisons": [comparison.to_dict() for comparison in comparisons],
        "interval": INTERVAL,
        "observation": published.GENOMES_OBSERVATION,
        "genomes": {
            genome: {
                "best_by_seed": [float(curve.best[-1]) for curve in curves[genome]],
                "held_out_tau_by_seed": held_out[genome],
                "evaluations": mean_over_seeds([curve.spent("evaluations") for curve in curves[genome]]).to_dict(),
                "seconds": mean_over_seeds([curve.spent("seconds") for curve in curves[genome]]).to_dict(),
                "curves": {budget: _mean_curve(curves[genome], budget) for budget in ("evaluations", "seconds")},
                "by_generation": {key: _by_generation(records[genome], of) for key, (_, of) in QUANTITIES.items()},
                "over_all": {key: _over_all(records[genome], of) for key, (_, of) in QUANTITIES.items()},
                "formulas": [piece["formula"] if piece else "" for piece in tested[genome]],
            }
            for genome in GENOMES
        },
    }


def comparison_markdown(content: Mapping[str, Any]) -> str:
    """Return the comparison as Markdown: the verdict first, then the figures."""
    genomes = content["genomes"]
    lines = [
        f"# Tree against sequential genomes on {content['benchmark']}",
        "",
        content["description"],
        "",
        content["verdict"],
        "",
        *(f"- {comparison['sentence']}" for comparison in content["comparisons"]),
        "",
        f"Intervals: {content['interval']}. {content['observation']}",
        "",
        f"| mean over {len(content['seeds'])} seeds and all generations | {' | '.join(GENOMES)} |",
        f"| :-- |{' --: |' * len(GENOMES)}",
    ]
    for key, (meaning, _) in QUANTITIES.items():
        cells = " | ".join(_with_interval(genomes[genome]["over_all"][key]) for genome in GENOMES)
        lines.append(f"| {meaning} | {cells} |")
    for key, meaning in (("evaluations", "distinct programs evaluated per run"), ("seconds", "seconds per run")):
        cells = " | ".join(_with_interval(genomes[genome][key]) for genome in GENOMES)
        lines.append(f"| {meaning} | {cells} |")
    return "\n".join(lines) + "\n"


def _at_equal(curves: Mapping[str, Sequence[LearningCurve]], budget: Budget, quantity: str) -> PairedComparison:
    """Compare what both genomes of a seed had reached when the thriftier of the two had finished."""
    reached: dict[str, list[float]] = {genome: [] for genome in GENOMES}
    for pair in zip(*(curves[genome] for genome in GENOMES), strict=True):
        amount = min(curve.spent(budget) for curve in pair)
        for genome, curve in zip(GENOMES, pair, strict=True):
            reached[genome].append(float(curve.best_within(budget, amount)))
    return PairedComparison.of(FIRST, SECOND, quantity, reached[FIRST], reached[SECOND])


def _verdict(comparisons: Sequence[PairedComparison]) -> str:
    """Sum up all comparisons in a sentence."""
    winners = {comparison.better for comparison in comparisons}
    if winners == {None}:
        return "Verdict: no difference between the genomes can be shown."
    parts = []
    for genome in GENOMES:
        won = [comparison.quantity for comparison in comparisons if comparison.better == genome]
        if won:
            parts.append(f"{genome} is better in {'; '.join(_lower_first(quantity) for quantity in won)}")
    open_ = [_lower_first(comparison.quantity) for comparison in comparisons if comparison.better is None]
    if open_:
        parts.append(f"no difference can be shown in {'; '.join(open_)}")
    return f"Verdict: {'. '.join(_upper_first(part) for part in parts)}."


def _held_out_tau(piece: Mapping[str, Any] | None) -> float:
    """Return a held-out tau; 0 where there is no program, or all its scores are the same: it ranks nothing."""
    tau = piece["tau"] if piece else None
    return 0.0 if tau is None or np.isnan(tau) else float(tau)


def _mean_curve(curves: Sequence[LearningCurve], budget: Budget) -> dict[str, Any]:
    amounts = common_amounts(curves, budget)
    means = means_over_seeds([curve.best_within(budget, amounts) for curve in curves])
    return {"amounts": amounts.tolist(), "best": [mean.to_dict() for mean in means]}


def _by_generation(
    runs: Sequence[Sequence[Mapping[str, Any]]], of: Callable[[Mapping[str, Any]], float]
) -> list[dict[str, float]]:
    return [mean.to_dict() for mean in means_over_seeds([[of(record) for record in run] for run in runs])]


def _over_all(
    runs: Sequence[Sequence[Mapping[str, Any]]], of: Callable[[Mapping[str, Any]], float]
) -> dict[str, float]:
    """Return the mean over the individuals of a run, averaged over the seeds."""
    return mean_over_seeds(
        [
            float(np.average([of(record) for record in run], weights=[record["individuals"] for record in run]))
            for run in runs
        ]
    ).to_dict()


def _with_interval(mean: Mapping[str, float]) -> str:
    return f"{mean['mean']:.4g} [{mean['low']:.4g}, {mean['high']:.4g}]"


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]


def _upper_first(text: str) -> str:
    return text[0].upper() + text[1:]
