"""What the table of all spaces holds, as plain data: cells with their marks, published values and missing files."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from eznas.experiments import published
from eznas.experiments.folder import ExperimentFolder
from eznas.experiments.table_sets import Entry, TableSet
from eznas.proxies import REFERENCE, baselines

_NOTES: Final = (
    "Each column is the space of an evolution, each row that of a test. A cell is Kendall's tau-b between accuracies "
    "and scores, turned by the orientation that the evolution found, with the paper's figure in brackets.",
    "The test networks of a row are the same for all columns, and no evolution on that benchmark saw them. Networks to "
    "which a column gives no score are ties at the bottom, and the share that it scores stands in table.json.",
    "The paper prints the correlation of the raw score: its negative figures are programs whose lower score means the "
    "better network.",
    "The last column is the paper's best formula as published, measured here; it takes no part in the marks.",
    "In the second table tau is that among the most accurate tenth of the test networks.",
)


def table_content(
    table_set: TableSet,
    seeds: Sequence[int],
    folder: ExperimentFolder,
    missing: Mapping[str, str],
    without: Mapping[str, str],
    record: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the table as it stands.

    Args:
        table_set: rows and columns.
        seeds: over which the cells are means.
        folder: with the pieces.
        missing: by benchmark, the sentence about the file that is not there.
        without: by benchmark, why its evolution gave no program.
        record: the settings of the table.
    """
    columns = [
        {"key": entry.benchmark, "label": entry.label, "published": entry.space, "ranked": True}
        for entry in table_set.entries
    ]
    columns += [
        {"key": proxy.name, "label": proxy.name, "published": proxy.name, "ranked": True} for proxy in baselines()
    ]
    columns.append(
        {"key": REFERENCE, "label": REFERENCE, "published": published.EZNAS_A_COLUMN, "ranked": False},
    )
    return {
        "experiment": "repro-table",
        "set": table_set.name,
        "title": table_set.title,
        "notes": [table_set.note, *_NOTES],
        "published_source": published.SOURCE,
        "settings": record,
        "seeds": list(seeds),
        "columns": columns,
        "rows": [_row(entry, columns, seeds, folder, missing, without) for entry in table_set.entries],
        "missing": dict(missing),
        "without_program": dict(without),
        "programs": _programs(table_set, seeds, folder),
        "cost": folder.cost(),
    }


def _row(
    entry: Entry,
    columns: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    folder: ExperimentFolder,
    missing: Mapping[str, str],
    without: Mapping[str, str],
) -> dict[str, Any]:
    cells: dict[str, dict[str, Any]] = {}
    description, networks = "", 0
    for column in columns:
        pieces = [folder.piece(f"seed-{seed}", entry.benchmark, column["key"]) for seed in seeds]
        found = [piece for piece in pieces if piece]
        cell = _cell(found, len(seeds))
        cell["published"] = published.figure_4(entry.space, column["published"])
        if not found:
            cell["missing"] = next(
                (
                    reasons[key]
                    for reasons in (missing, without)
                    for key in (entry.benchmark, column["key"])
                    if key in reasons
                ),
                "This cell is not measured yet.",
            )
        for piece in found:
            description, networks = piece["description"], piece["networks"]
        cells[column["key"]] = cell
    _mark([cells[column["key"]] for column in columns if column["ranked"]])
    return {
        "benchmark": entry.benchmark,
        "label": entry.label,
        "description": description,
        "networks": networks,
        "cells": cells,
    }


def _cell(pieces: Sequence[Mapping[str, Any]], seeds: int) -> dict[str, Any]:
    """Return the means over the seeds that are measured and have a tau; `tau` is None without any."""
    defined = [piece for piece in pieces if piece["tau"] is not None]
    taus = [float(piece["tau"]) for piece in defined]
    top_decile_taus = [float(piece["top_decile_tau"]) for piece in pieces if piece["top_decile_tau"] is not None]
    networks = sum(piece["networks"] for piece in pieces)
    unscored = sum(piece["unscored"] for piece in pieces)
    return {
        "tau": statistics.fmean(taus) if taus else None,
        "deviation": statistics.stdev(taus) if len(taus) > 1 else None,
        "taus": taus,
        "intervals": [piece["tau_interval"] for piece in defined],
        "top_decile_tau": statistics.fmean(top_decile_taus) if top_decile_taus else None,
        "top_decile_taus": top_decile_taus,
        "unscored": unscored,
        "scored": 1 - unscored / networks if networks else None,
        "seeds_measured": len(pieces),
        "seeds": seeds,
        "mark": "",
    }


def _mark(cells: Sequence[dict[str, Any]]) -> None:
    """Mark the best and the second best of a row; equal values share their mark."""
    values = sorted({cell["tau"] for cell in cells if cell["tau"] is not None}, reverse=True)
    for cell in cells:
        for mark, value in zip(("best", "second"), values, strict=False):
            if cell["tau"] == value:
                cell["mark"] = mark


def _programs(table_set: TableSet, seeds: Sequence[int], folder: ExperimentFolder) -> list[dict[str, Any]]:
    """Return the evolved formulas by column and seed, as the pieces of any row have them."""
    programs = []
    for column in table_set.entries:
        for seed in seeds:
            for row in table_set.entries:
                piece = folder.piece(f"seed-{seed}", row.benchmark, column.benchmark)
                if piece:
                    programs.append({"column": column.label, "seed": seed, "formula": piece["formula"]})
                    break
    return programs
