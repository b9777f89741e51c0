"""The final report of a run as tables: the best programs beside baselines, on networks that evolution never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from eznas.report.live import shortened
from eznas.report.tables import interval_text, number_text, pairs_table, table

_FORMULA_LENGTH: Final = 200
"""Characters of a formula; the best one stands in full."""


def summary_parts(summary: Mapping[str, Any]) -> list[RenderableType]:
    """Return what to print for a summary as `Run.execute` returns it, part by part."""
    return [
        _ranking(summary),
        _formulas(summary["programs"]),
        pairs_table("How it was measured", summary["protocol"]),
        pairs_table("What evolution did", summary["evolution"]),
        pairs_table("Where it is", summary["files"]),
        pairs_table("What to do with it", summary["use"]),
    ]


def _ranking(summary: Mapping[str, Any]) -> Table:
    protocol = summary["protocol"]
    programs = [(f"program {rank}", one) for rank, one in enumerate(summary["programs"], start=1)]
    baselines = [(one["name"], one) for one in summary["baselines"]]
    return table(
        f"Kendall tau on {protocol['networks']} training and {protocol['held_out']} held-out networks",
        ("score", "training", "held-out", "95 % interval", "sign", "size"),
        [
            (
                name,
                number_text(one.get("tau_training")),
                number_text(one["tau_held_out"]),
                interval_text(one["tau_held_out_interval"]),
                f"{one['orientation']:+d}",
                one.get("size", "–"),
            )
            for name, one in [*programs, *baselines]
        ],
        numeric=("training", "held-out", "size"),
    )


def _formulas(programs: Sequence[Mapping[str, Any]]) -> RenderableType:
    if not programs:
        return Text("No program was valid on every training network: give evolution more generations or individuals.")
    best, *others = [one["formula"] for one in programs]
    formulas = [best, *(shortened(formula, _FORMULA_LENGTH) for formula in others)]
    return table("Programs", ("", "formula"), [*enumerate(formulas, start=1)], numeric=("",), show_header=False)
