"""The report of a discovery as tables: the chosen formula and the front beside baselines, by benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from eznas.report.leads import leads_table
from eznas.report.tables import (
    BESIDE_TAU,
    Unwrapped,
    benchmark_text,
    beside_tau,
    interval_text,
    named_table,
    number_text,
    pairs_table,
    table,
)


def discovery_parts(content: Mapping[str, Any]) -> list[RenderableType | Unwrapped]:
    """Return what to print for the report of a discovery, part by part."""
    names = list(content["protocol"]["benchmarks"])
    return [
        *([_fitness(content, names)] if _has_other_fitness(content["protocol"]) else []),
        *(part for name in names for part in (_taus(content, name), _leads(content, name))),
        Unwrapped("The chosen formula", content["chosen"]["formula"]),
        *([named_table("How it was chosen", _choice(content["choice"]))] if "choice" in content else []),
        pairs_table("How it was measured", _protocol(content["protocol"])),
        pairs_table(
            "What the search did", {key: value for key, value in content["search"].items() if key != "settings"}
        ),
    ]


def _protocol(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Return the protocol line by line, each benchmark in one, without what says nothing here."""
    benchmarks = {
        f"benchmark {position}" if len(protocol["benchmarks"]) > 1 else "benchmark": benchmark_text(name, about)
        for position, (name, about) in enumerate(protocol["benchmarks"].items(), start=1)
    }
    idle = {"benchmarks"}
    if len(benchmarks) == 1:
        idle.add("combine")
    idle |= {name for name in ("given", "evolution") if not protocol.get(name)}
    if not protocol["over"]:
        idle |= {"over", "lead_cap", "least_share"}
    return {**benchmarks, **{key: value for key, value in protocol.items() if key not in idle}}


def _choice(choice: Mapping[str, Any]) -> dict[str, str]:
    """Return what speaks for the evolved formula or the seed, line by line."""
    lines = {"reported": "what evolved" if choice["reported"] == "evolved" else "the best seed formula"}
    if choice["best_seed"] is not None:
        lead = f"unknown, {choice['validation']} validation networks do not tell"
        if choice["lead"] is not None:
            lead = (
                f"{number_text(choice['lead'])}, standard error {number_text(choice['standard_error'])}, "
                f"{choice['validation']} validation networks, one half choosing and the other judging"
            )
        asked = f"more than {choice['margin']:g} times the standard error" if choice["margin"] else "any lead"
        lines |= {"best seed formula": choice["best_seed"], "lead of what evolved": lead, "lead asked for": asked}
    if "seeds_too_large" in choice:
        lines["seeds of too many nodes"] = f"{choice['seeds_too_large']}, which are not reported"
    for name, count in choice.get("validation_seen_by_seeds", {}).items():
        lines[f"seeds had seen of {Path(name).stem}"] = f"{count} of the validation networks, which speaks for them"
    return lines


def _has_other_fitness(protocol: Mapping[str, Any]) -> bool:
    """Return whether fitness is something else than the tau on the training networks."""
    compared = protocol["given"] or protocol["over"]
    return bool(len(protocol["benchmarks"]) > 1 or protocol["objective"] != "tau" or compared)


def reported_formulas(content: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the chosen formula, the one that it was preferred to and the front, with what a row calls them."""
    evolved = content.get("choice", {}).get("reported") == "evolved"
    other = [("best seed" if evolved else "evolved", content["other"])] if "other" in content else []
    return [("chosen", content["chosen"]), *other, *(("front", one) for one in content["front"])]


def _scores(content: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the formulas and the baselines with what a row calls them."""
    return [*reported_formulas(content), *((one["name"], one) for one in content["baselines"])]


def _fitness(content: Mapping[str, Any], names: Sequence[str]) -> Table:
    """Return the table of all benchmarks together: fitness, and held-out tau on each and on the worst."""
    labels = [Path(name).stem for name in names]
    rows = [
        (
            label,
            one.get("size", "–"),
            number_text(one.get("fitness")),
            number_text(one.get("validation_fitness")),
            *(number_text(one["benchmarks"][name]["held_out"]["tau"]) for name in names),
            _worst_text(one["worst"]),
        )
        for label, one in _scores(content)
    ]
    return table(
        "Fitness, and Kendall tau on held-out networks",
        ("score", "size", "fitness", "on validation", *labels, "worst"),
        rows,
        numeric=("size", "fitness", "on validation", *labels),
    )


def _taus(content: Mapping[str, Any], name: str) -> Table:
    protocol = content["protocol"]
    rows = [
        (
            label,
            one.get("size", "–"),
            number_text(figures.get("tau_training")),
            number_text(figures.get("tau_validation")),
            number_text(held_out["tau"]),
            interval_text(held_out["tau_interval"]),
            *beside_tau(held_out),
            f"{one['orientation']:+d}",
        )
        for label, one in _scores(content)
        for figures in [one["benchmarks"][name]]
        for held_out in [figures["held_out"]]
    ]
    return table(
        f"Kendall tau on {protocol['networks']} training, {protocol['validation']} validation and "
        f"{protocol['benchmarks'][name]['held_out']} held-out networks of {name}",
        ("score", "size", "training", "validation", "held-out", "95 % interval", *BESIDE_TAU, "sign"),
        rows,
        numeric=("size", "training", "validation", "held-out", *BESIDE_TAU[:-1]),
    )


def _leads(content: Mapping[str, Any], name: str) -> Table:
    baselines = [one["name"] for one in content["baselines"]]
    return leads_table(_scores(content), name, baselines, content["protocol"]["benchmarks"][name]["held_out"])


def _worst_text(worst: Mapping[str, Any] | None) -> str:
    return f"{number_text(worst['tau'])} {Path(worst['benchmark']).stem}" if worst else "–"
