"""The report of an enumeration as tables: the best formula of each size, what was looked at, and the searches."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from eznas.report.leads import leads_table
from eznas.report.tables import (
    Unwrapped,
    benchmark_text,
    depends_text,
    interval_text,
    number_text,
    pairs_table,
    table,
)


def enumeration_parts(content: Mapping[str, Any]) -> list[RenderableType | Unwrapped]:
    """Return what to print for the content of an enumeration's `result.json`, part by part."""
    return [
        _best(content),
        *([_beside(content)] if "baselines" in content else []),
        Unwrapped("Formulas", "\n".join(f"{one['name']:>11}  {one['formula']}" for one in content["best"])),
        *([_searches(content)] if "search" in content else []),
        Unwrapped("What was enumerated", "\n".join(content["coverage"])),
        pairs_table("Counts", _counts(content)),
    ]


def _best(content: Mapping[str, Any]) -> Table:
    rows = [
        (
            one["name"],
            "*" if one["on_front"] else "",
            number_text(one["training"]),
            f"{one['formulas_of_this_tau']:,}",
            number_text(next(iter(one["next_best"]), None)),
            number_text(one.get("validation", {}).get("tau")),
            *_held_out(one.get("held_out", {}), one["orientation"]),
        )
        for one in content["best"]
    ]
    rows += [
        (
            *(one["name"], "", "–", "–", "–", "–"),
            *_held_out(one["benchmarks"][content["benchmark"]]["held_out"], one["orientation"]),
        )
        for one in content.get("baselines", [])
    ]
    title = (
        f"Kendall tau on {content['networks']} networks that all formulas were compared on, "
        f"{content['validation_networks']} validation and {content['held_out_networks']} held-out networks of "
        f"{content['benchmark']}"
    )
    columns = (
        "best of",
        "front",
        "compared",
        "alike",
        "next",
        "validation",
        "held-out",
        "95 % interval",
        "top decile",
        "stability",
        "depends on",
        "sign",
    )
    return table(title, columns, rows, numeric=[name for name in columns if name not in ("best of", "depends on")])


def _held_out(figures: Mapping[str, Any], orientation: int) -> tuple[str, ...]:
    return (
        number_text(figures.get("tau")),
        interval_text(figures.get("tau_interval")),
        number_text(figures.get("top_decile_tau")),
        number_text(figures.get("seed_stability")),
        depends_text(figures),
        f"{orientation:+d}",
    )


def _beside(content: Mapping[str, Any]) -> Table:
    formulas = [
        (one["name"], {"size": one["size"], "benchmarks": {content["benchmark"]: one}}) for one in content["best"]
    ]
    baselines = [(one["name"], one) for one in content["baselines"]]
    names = [name for name, _ in baselines]
    return leads_table([*formulas, *baselines], content["benchmark"], names, content["held_out_networks"])


def _searches(content: Mapping[str, Any]) -> Table:
    rows = []
    for aggregation, group in groupby(content["search"], key=lambda one: one["aggregation"]):
        searches = list(group)
        reached = [one["evaluated"] for one in searches if one["reached"]]
        rows.append(
            (
                aggregation,
                number_text(searches[0]["best"]),
                f"{len(reached)} of {len(searches)}",
                ", ".join(f"{count:,}" for count in reached) or "–",
                ", ".join(f"{one['found']:.3f}" for one in searches if not one["reached"]) or "–",
            )
        )
    columns = ("aggregation", "best", "searches that found it", "after formulas", "others found")
    return table("The evolving search, for formulas of up to three nodes", columns, rows, numeric=("best",))


def _counts(content: Mapping[str, Any]) -> dict[str, Any]:
    programs = {
        "programs looked at for features": f"{content['programs_made']:,}",
        "of them no feature": {key: f"{count:,}" for key, count in content["programs_no_feature"].items()},
    }
    about = {"held_out": content["held_out_networks"], **content}
    return {
        "benchmark": benchmark_text(content["benchmark"], about),
        **(programs if content["programs_made"] else {}),
        "useless on all networks": content["features_dropped"],
        "features": f"{content['features']:,}",
        "formulas by size": {size: f"{count:,}" for size, count in content["formulas_made"].items()},
        "of them without a score": {size: f"{count:,}" for size, count in content["formulas_unscored"].items()},
        "seconds for features": content["seconds_features"],
        "seconds for formulas": content["seconds_formulas"],
        "formulas per second": f"{content['formulas_per_second']:,}",
    }
