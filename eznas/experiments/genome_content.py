"""What the comparison of genomes found, as plain data and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from eznas.experiments import published
from eznas.experiments.genome_arms import ARMS, FIRST, GENOMES, PAPER, RETRYING, SECOND
from eznas.experiments.learning_curves import Budget, LearningCurve, common_amounts
from eznas.experiments.seed_statistics import INTERVAL, PairedComparison, mean_over_seeds, means_over_seeds

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
    records: Mapping[str, Mapping[str, Sequence[Sequence[Mapping[str, Any]]]]],
    tested: Mapping[str, Mapping[str, Sequence[Mapping[str, Any] | None]]],
) -> dict[str, Any]:
    """Return verdicts, curves and figures.

    Args:
        records: by arm, genome and seed, the records of the generations as `evolving.generations` returns them.
        tested: by arm, genome and seed, how the best program ranks held-out networks; None where there is no program.
    """
    arms = {arm.name: _arm_content(records[arm.name], tested[arm.name]) for arm in ARMS}
    every_piece = (piece for of_arm in tested.values() for runs in of_arm.values() for piece in runs)
    piece = next((piece for piece in every_piece if piece), None)
    return {
        "description": piece["description"] if piece else "",
        "held_out": piece["networks"] if piece else 0,
        "verdict": _verdict(arms),
        "interval": INTERVAL,
        "observation": published.GENOMES_OBSERVATION,
        "arms": {arm.name: {"label": arm.label, "settings": dict(arm.settings), **arms[arm.name]} for arm in ARMS},
        "retries": [one.to_dict() for one in _effects_of_retries(arms)],
    }


def _arm_content(
    records: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]],
    tested: Mapping[str, Sequence[Mapping[str, Any] | None]],
) -> dict[str, Any]:
    curves = {genome: [LearningCurve.of(run) for run in records[genome]] for genome in GENOMES}
    held_out = {genome: [_held_out_tau(piece) for piece in tested[genome]] for genome in GENOMES}
    comparisons = [_at_equal(curves, budget, quantity) for budget, quantity in _BUDGETS.items()]
    comparisons.append(PairedComparison.of(FIRST, SECOND, _HELD_OUT, held_out[FIRST], held_out[SECOND]))
    return {
        "comparisons": [comparison.to_dict() for comparison in comparisons],
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


def _effects_of_retries(arms: Mapping[str, Mapping[str, Any]]) -> list[PairedComparison]:
    """Compare each genome with retries to itself without, and the lead of the tree under both."""
    with_retries, without = (arms[arm.name]["genomes"] for arm in (RETRYING, PAPER))
    effects = [
        PairedComparison.of(
            "with retries", "without", f"{quantity}, {genome}", with_retries[genome][key], without[genome][key]
        )
        for genome in GENOMES
        for key, quantity in (("best_by_seed", _BUDGETS["individuals"]), ("held_out_tau_by_seed", _HELD_OUT))
    ]
    leads = [
        np.subtract(genomes[FIRST]["best_by_seed"], genomes[SECOND]["best_by_seed"]).tolist()
        for genomes in (with_retries, without)
    ]
    lead = PairedComparison.of("with retries", "without", f"Lead of {FIRST} over {SECOND} in best fitness", *leads)
    return [*effects, lead]


def comparison_markdown(content: Mapping[str, Any]) -> str:
    """Return the comparison as Markdown: the verdict first, then the figures."""
    arms = content["arms"]
    lines = [
        f"# Tree against sequential genomes on {content['benchmark']}",
        "",
        content["description"],
        "",
        content["verdict"],
        "",
        f"Means over {len(content['seeds'])} seeds; intervals: {content['interval']}. {content['observation']}",
        "",
        f"| {FIRST} minus {SECOND} | {' | '.join(arm['label'] for arm in arms.values())} |",
        f"| :-- |{' --: |' * len(arms)}",
    ]
    for position, quantity in enumerate((*_BUDGETS.values(), _HELD_OUT)):
        differences = (arm["comparisons"][position]["difference"] for arm in arms.values())
        lines.append(f"| {quantity} | {' | '.join(_difference(one) for one in differences)} |")
    lines += ["", "What retries do, with DEAP's order:", "", *(f"- {one['sentence']}" for one in content["retries"])]
    for arm in arms.values():
        genomes = arm["genomes"]
        lines += [
            "",
            f"| with {arm['label']}, mean over seeds and all generations | {' | '.join(GENOMES)} |",
            f"| :-- |{' --: |' * len(GENOMES)}",
        ]
        for key, (meaning, _) in QUANTITIES.items():
            cells = " | ".join(_with_interval(genomes[genome]["over_all"][key]) for genome in GENOMES)
            lines.append(f"| {meaning} | {cells} |")
        for key, meaning in (("evaluations", "distinct programs evaluated per run"), ("seconds", "seconds per run")):
            cells = " | ".join(_with_interval(genomes[genome][key]) for genome in GENOMES)
            lines.append(f"| {meaning} | {cells} |")
    return "\n".join(lines) + "\n"


def comparison_sentences(content: Mapping[str, Any]) -> list[str]:
    """Return what to print: the verdict, the differences of every arm, and what retries do."""
    by_arm = [
        f"With {arm['label']}: {_lower_first(one['sentence'])}"
        for arm in content["arms"].values()
        for one in arm["comparisons"]
    ]
    return [content["verdict"], *by_arm, *(one["sentence"] for one in content["retries"])]


def _at_equal(curves: Mapping[str, Sequence[LearningCurve]], budget: Budget, quantity: str) -> PairedComparison:
    """Compare what both genomes of a seed had reached when the thriftier of the two had finished."""
    reached: dict[str, list[float]] = {genome: [] for genome in GENOMES}
    for pair in zip(*(curves[genome] for genome in GENOMES), strict=True):
        amount = min(curve.spent(budget) for curve in pair)
        for genome, curve in zip(GENOMES, pair, strict=True):
            reached[genome].append(float(curve.best_within(budget, amount)))
    return PairedComparison.of(FIRST, SECOND, quantity, reached[FIRST], reached[SECOND])


def _verdict(arms: Mapping[str, Mapping[str, Any]]) -> str:
    """Say which genome is better in fitness and on held-out networks, and on which selection that depends."""
    return f"Verdict: {' '.join(_finding(arms, quantity) for quantity in (_BUDGETS['individuals'], _HELD_OUT))}"


def _finding(arms: Mapping[str, Mapping[str, Any]], quantity: str) -> str:
    """Return a sentence on one quantity under all arms."""
    labels: dict[str | None, list[str]] = {}
    for arm in ARMS:
        comparison = next(one for one in arms[arm.name]["comparisons"] if one["quantity"] == quantity)
        labels.setdefault(comparison["better"], []).append(arm.label)
    if len(labels) == 1:
        (better,) = labels
        found = f"{_shown(better)}, under every selection" if better else _shown(better)
    else:
        parts = [
            f"{_shown(better)} with {'; '.join(labels[better])}" for better in (*GENOMES, None) if better in labels
        ]
        found = f"it depends on the selection: {', but '.join(parts)}"
    return f"In {_lower_first(quantity)} {found}."


def _shown(better: str | None) -> str:
    return f"{better} is better" if better else "no difference can be shown"


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


def _difference(mean: Mapping[str, float]) -> str:
    return f"{mean['mean']:+.3f} [{mean['low']:+.3f}, {mean['high']:+.3f}]"


def _with_interval(mean: Mapping[str, float]) -> str:
    return f"{mean['mean']:.4g} [{mean['low']:.4g}, {mean['high']:.4g}]"


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]
