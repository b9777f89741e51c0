"""What the figures say in plain words: is the proxy better than counting parameters, and what to be wary of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from eznas.report.html.findings import PARAMS, Findings, Scored
from eznas.report.tables import interval_text, number_text, reads_rounding, share_text
from eznas.scoring.dependence import COUNTS_ONLY, PARTLY_ROUNDING

LOW_STABILITY: Final = 0.7
"""Seed stability below which a page warns: another draw of weights and images turns more than 15 % of the pairs."""

FEW_NETWORKS: Final = 100
"""Held-out networks below which a page warns."""

_GAP: Final = 0.1
_SAME: Final = 1e-6


def headline(findings: Findings) -> str:
    """Return the answer in one line."""
    best = findings.best
    if best is None:
        return "No program was valid on every training network"
    name = _worst(best, list(findings.benchmarks))
    tau, lead = best.held_out(name)["tau"], best.lead(name, PARAMS)
    kept = "A seed formula stays: h" if findings.kept_seed else "H"
    where = f" on {Path(name).stem}, the worst of {len(findings.benchmarks)}" if len(findings.benchmarks) > 1 else ""
    if tau is None:
        return f"{kept}eld-out tau undefined{where}"
    beside = ", no better than chance" if _is_chance(best.held_out(name)) else _short_lead(lead)
    return f"{kept}eld-out tau {number_text(tau)}{where}{beside}"


def verdict(best: Scored, benchmark: str, held_out: int) -> str:
    """Return how good the best program is on the held-out networks of a benchmark, in sentences."""
    figures = best.held_out(benchmark)
    if figures["tau"] is None:
        return f"On the {held_out} held-out networks of {benchmark}, no correlation is defined."
    return (
        f"On {held_out} networks of {benchmark} that the search never saw, its scores and their accuracies agree with "
        f"Kendall's tau {number_text(figures['tau'])}, 95 % interval {interval_text(figures['tau_interval'])}. "
        f"{'That may be chance. ' if _is_chance(figures) else ''}"
        f"{_against_params(best.lead(benchmark, PARAMS))}"
    )


def warnings(findings: Findings) -> list[tuple[str, str]]:
    """Return what to be wary of: a word or two, and a sentence."""
    best = findings.best
    if best is None:
        return [("No program.", "Give evolution more generations or individuals.")]
    found = [("Not evolved here:", findings.kept_seed)] if findings.kept_seed else []
    for name, about in findings.benchmarks.items():
        where = f" on {Path(name).stem}" if len(findings.benchmarks) > 1 else ""
        found += _about_scores(best.held_out(name), findings.networks.get(name, {}).get("units", []), where)
        found += _about_ranking(best, name, about["held_out"], where)
    return found


def _about_scores(figures: Mapping[str, Any], units: Sequence[Mapping[str, Any]], where: str) -> list[tuple[str, str]]:
    found = []
    stability = figures["seed_stability"]
    if figures["depends_on"] == COUNTS_ONLY:
        constant = _constant(units)
        if constant is not None:
            text = (
                f"every unit of every network that was looked at contributes the same number, {constant:.6g}: the "
                f"score counts the units{where}, in disguise."
            )
            found.append(("Constant in disguise:", text))
        else:
            text = (
                f"no score moved when the networks were given other weights and other images{where}. However it is "
                "written, the formula is a function of the number and the shapes of the layers."
            )
            found.append(("Counts only:", text))
    elif stability is not None and stability < LOW_STABILITY:
        text = (
            f"between two draws of weights and images the order of the networks agrees with tau "
            f"{number_text(stability)} only{where}; take the mean over several draws, or a larger batch."
        )
        found.append(("Low seed stability:", text))
    if figures["depends_on"] == PARTLY_ROUNDING:
        text = (
            f"with tau {number_text(figures['rounding_stability'])} only do its scores agree{where} with the same "
            "scores whose every operation was rounded up instead of to the nearest number. On another processor, or "
            "exported, it ranks networks otherwise: signs of determinants that are nearly zero do this."
        )
        found.append(("Partly rounding:", text))
    if reads_rounding(figures):
        text = (
            f"in {share_text(figures['rounding_gradients'])} of the units{where} a gradient that the formula reads is "
            "zero but for rounding, since a normalisation after them takes away whatever they add to the network's "
            "output. Such units tell the formula little more than how many there are."
        )
        found.append(("Gradients that cancel:", text))
    if figures["scored"] is not None and figures["scored"] < 1:
        found.append(("Unscored networks:", f"{share_text(figures['scored'])} of the networks have a score{where}."))
    return found


def _about_ranking(best: Scored, name: str, held_out: int, where: str) -> list[tuple[str, str]]:
    found = []
    figures, training = best.held_out(name), best.training_tau(name)
    lead, low = best.lead(name, PARAMS), figures["top_decile_tau_interval"][0]
    if _is_chance(figures):
        text = f"the interval of its tau, {interval_text(figures['tau_interval'])}, is not above zero{where}."
        found.append(("No better than chance:", text))
    if lead and lead["tau"] is not None and lead["interval"][0] is not None and lead["interval"][0] <= 0:
        text = f"the interval of its lead over params, {interval_text(lead['interval'])}, is not above zero{where}."
        found.append(("Not better than counting parameters:", text))
    if low is not None and low <= 0:
        text = (
            f"among the most accurate tenth its tau is {number_text(figures['top_decile_tau'])} "
            f"{interval_text(figures['top_decile_tau_interval'])}{where}: these networks do not show that it "
            "orders the best ones."
        )
        found.append(("The best networks:", text))
    if training is not None and figures["tau"] is not None and training - figures["tau"] > _GAP:
        text = (
            f"tau is {number_text(training)} on the training networks{where}, and "
            f"{number_text(figures['tau'])} on others."
        )
        found.append(("Overfitted:", text))
    if held_out < FEW_NETWORKS:
        found.append(("Few networks:", f"{held_out} held-out networks leave every figure uncertain{where}."))
    return found


def _is_chance(figures: Mapping[str, Any]) -> bool:
    """Return whether the held-out networks do not show that scores and accuracies agree at all."""
    low = figures["tau_interval"][0]
    return figures["tau"] is not None and (low is None or low <= 0)


def _against_params(lead: Mapping[str, Any] | None) -> str:
    if lead is None or lead["tau"] is None or None in lead["interval"]:
        return "It was not compared with the number of parameters."
    figures = f"({number_text(lead['tau'])}, paired 95 % interval {interval_text(lead['interval'])})"
    if lead["interval"][0] > 0:
        return f"It ranks them better than the number of parameters does {figures}."
    if lead["interval"][1] < 0:
        return f"It ranks them worse than the number of parameters does {figures}."
    return f"Whether it ranks them better than the number of parameters, these networks do not tell {figures}."


def _short_lead(lead: Mapping[str, Any] | None) -> str:
    if lead is None or lead["tau"] is None or None in lead["interval"]:
        return ""
    if lead["interval"][0] > 0:
        return f", {number_text(lead['tau'])} ahead of counting parameters"
    if lead["interval"][1] < 0:
        return f", {number_text(-lead['tau'])} behind counting parameters"
    return ", no clear lead over counting parameters"


def _worst(best: Scored, names: Sequence[str]) -> str:
    return min(names, key=lambda name: (tau := best.held_out(name)["tau"]) is None or tau)


def _constant(networks: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the number that every unit of some networks contributes to the one term, or None."""
    if any(len(network["terms"]) > 1 for network in networks):
        return None
    shares = [share for network in networks for share in network["terms"][0]["contributions"]]
    numbers = [share for share in shares if share is not None]
    if len(numbers) < 2 or len(numbers) < len(shares):
        return None
    return numbers[0] if max(numbers) - min(numbers) <= _SAME * abs(numbers[0]) else None
