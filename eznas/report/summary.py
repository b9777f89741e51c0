"""The final report of a run as tables: the best programs beside baselines, on networks that evolution never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from eznas.report.leads import leads_table
from eznas.report.tables import (
    BESIDE_TAU,
    Unwrapped,
    benchmark_text,
    beside_tau,
    interval_text,
    number_text,
    operations_text,
    pairs_table,
    table,
    unwrapped_pairs,
)


def summary_parts(summary: Mapping[str, Any]) -> list[RenderableType | Unwrapped]:
    """Return what to print for a summary as `Run.execute` returns it, part by part."""
    several = len(summary["protocol"]["benchmarks"]) > 1
    return [
        *(_rankings(summary) if several else [_ranking(summary)]),
        *(_leads(summary, name) for name in summary["protocol"]["benchmarks"]),
        _formulas(summary["programs"]),
        pairs_table("How it was measured", {**_protocol(summary["protocol"]), "operations": _operations(summary)}),
        pairs_table("What evolution did", summary["evolution"]),
        unwrapped_pairs("Where it is", summary["files"]),
        unwrapped_pairs("What to do with it", summary["use"]),
    ]


def _scores(summary: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the evolved programs and the baselines with what a row calls them."""
    programs = [(f"program {rank}", one) for rank, one in enumerate(summary["programs"], start=1)]
    return [*programs, *((one["name"], one) for one in summary["baselines"])]


def _ranking(summary: Mapping[str, Any]) -> Table:
    """Return the table of a run on one benchmark; the fitness stands in it where it is not the tau on all networks."""
    protocol = summary["protocol"]
    ((name, about),) = protocol["benchmarks"].items()
    with_fitness = protocol["fitness_samples"] != "all"
    rows = []
    for label, one in _scores(summary):
        figures = one["benchmarks"][name]
        held_out = figures["held_out"]
        rows.append(
            (
                label,
                *([number_text(one.get("fitness"))] if with_fitness else []),
                number_text(figures.get("tau_training")),
                number_text(held_out["tau"]),
                interval_text(held_out["tau_interval"]),
                *beside_tau(held_out),
                *_sign_and_size(one),
            )
        )
    fitness = ["fitness"] if with_fitness else []
    return table(
        f"Kendall tau on {protocol['networks']} training and {about['held_out']} held-out networks",
        ("score", *fitness, "training", "held-out", "95 % interval", *BESIDE_TAU, "sign", "size"),
        rows,
        numeric=("fitness", "training", "held-out", *BESIDE_TAU[:-1], "size"),
    )


def _rankings(summary: Mapping[str, Any]) -> list[Table]:
    """Return the tables of a run on several benchmarks: tau on held-out and on training networks of each."""
    benchmarks = summary["protocol"]["benchmarks"]
    labels = _labels(list(benchmarks))
    held_out = [
        (
            label,
            number_text(one.get("fitness")),
            *(
                f"{number_text(held_out['tau'])} {interval_text(held_out['tau_interval'])}"
                for held_out in _held_out(one)
            ),
            *_sign_and_size(one),
        )
        for label, one in _scores(summary)
    ]
    training = [
        (f"program {rank}", *(number_text(figures["tau_training"]) for figures in one["benchmarks"].values()))
        for rank, one in enumerate(summary["programs"], start=1)
    ]
    counts = " and ".join(str(about["held_out"]) for about in benchmarks.values())
    return [
        table(
            f"Kendall tau on {counts} held-out networks, with its 95 % interval",
            ("score", "fitness", *labels, "sign", "size"),
            held_out,
            numeric=("fitness", "size"),
        ),
        *(
            table(
                f"Top-decile tau, and what scores depend on, on {label}",
                ("score", *BESIDE_TAU),
                [(of, *beside_tau(_held_out(one)[position])) for of, one in _scores(summary)],
                numeric=BESIDE_TAU[:-1],
            )
            for position, label in enumerate(labels)
        ),
        table(
            f"Kendall tau on {summary['protocol']['networks']} training networks",
            ("score", *labels),
            training,
            numeric=labels,
        ),
    ]


def _leads(summary: Mapping[str, Any], name: str) -> Table:
    baselines = [one["name"] for one in summary["baselines"]]
    return leads_table(_scores(summary), name, baselines, summary["protocol"]["benchmarks"][name]["held_out"])


def _held_out(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the figures of a score on the held-out networks of every benchmark."""
    return [figures["held_out"] for figures in one["benchmarks"].values()]


def _sign_and_size(one: Mapping[str, Any]) -> tuple[str, object]:
    return f"{one['orientation']:+d}", one.get("size", "–")


def _labels(names: Sequence[str]) -> list[str]:
    """Return short names: of a table's path its stem, where that tells it from the others."""
    stems = [Path(name).stem for name in names]
    return stems if len(set(stems)) == len(stems) else list(names)


def _protocol(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Return the protocol line by line; of several benchmarks, each takes a line."""
    benchmarks: Mapping[str, Mapping[str, Any]] = protocol["benchmarks"]
    rest = {key: value for key, value in protocol.items() if key != "benchmarks"}
    if len(benchmarks) == 1:
        ((name, about),) = benchmarks.items()
        del rest["combine"]  # which says nothing about one benchmark
        networks = {"networks": protocol["networks"], "held_out": about["held_out"]}
        texts = {"benchmark": name, "description": about["description"], "accuracy": about["accuracy"]}
        return {**texts, **networks, **rest}
    lines = {
        f"benchmark {position}": benchmark_text(name, about)
        for position, (name, about) in enumerate(benchmarks.items(), start=1)
    }
    return {**lines, **rest}


def _operations(summary: Mapping[str, Any]) -> str:
    """Return which operations the programs are made of."""
    return operations_text(sorted({name for one in summary["programs"] for name in one.get("extensions", ())}))


def _formulas(programs: Sequence[Mapping[str, Any]]) -> RenderableType | Unwrapped:
    if not programs:
        return Text("No program was valid on every training network: give evolution more generations or individuals.")
    return Unwrapped("Programs", "\n".join(f"{rank:2}  {one['formula']}" for rank, one in enumerate(programs, start=1)))
