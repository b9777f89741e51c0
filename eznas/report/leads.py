"""The table of what each score would pick, and of how far evolved ones are ahead of what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from eznas.report.tables import interval_text, number_text, table


def leads_table(
    scores: Sequence[tuple[str, Mapping[str, Any]]], benchmark: str, baselines: Sequence[str], held_out: int
) -> Table:
    """Return the table of one benchmark.

    Args:
        scores: as they stand in a summary, each with what a row calls it.
        benchmark: whose figures.
        baselines: what evolved scores may be compared with; those that none is get no column.
        held_out: networks that all were judged on.
    """
    compared = [other for other in baselines if any(other in _leads(one, benchmark) for _, one in scores)]
    rows = []
    for label, one in scores:
        figures = one["benchmarks"][benchmark]
        leads = _leads(one, benchmark)
        rows.append(
            (
                label,
                one.get("size", "–"),
                _number(figures["held_out"]["picked_accuracy"], 2),
                _number(figures["held_out"]["picked_rank"], 1),
                *(_lead_text(leads.get(other)) for other in compared),
            )
        )
    return table(
        f"The network that each would pick of the {held_out} held-out ones (its accuracy, its rank by accuracy), and "
        "how far evolved scores are ahead in tau, with the paired 95 % interval",
        ("score", "size", "accuracy", "rank", *(f"over {other}" for other in compared)),
        rows,
        numeric=("size", "accuracy", "rank"),
    )


def _leads(one: Mapping[str, Any], benchmark: str) -> Mapping[str, Any]:
    leads: Mapping[str, Any] = one["benchmarks"][benchmark].get("lead", {})
    return leads


def _lead_text(lead: Mapping[str, Any] | None) -> str:
    return f"{number_text(lead['tau'])} {interval_text(lead['interval'])}" if lead else "–"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
