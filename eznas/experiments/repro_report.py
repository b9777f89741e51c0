"""The table of all spaces as Markdown and for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import RenderableType

from eznas.report.tables import number_text, pairs_table, table

_MARKDOWN_MARKS: Final = {"best": "**{}**", "second": "*{}*", "": "{}"}
_TERMINAL_MARKS: Final = {"best": "▲", "second": "△", "": ""}
_TOP_DECILE: Final = "Kendall tau among the most accurate tenth of the test networks"
_LEGEND: Final = "Best of a row in bold, second best in italics."


def table_markdown(content: Mapping[str, Any]) -> str:
    """Return the table, what is missing, and how it was measured, as Markdown."""
    columns = content["columns"]
    lines = [
        f"# {content['title']}",
        "",
        *_notes(content),
        _LEGEND,
        "",
        _markdown_row(["test \\ evolution", *(column["label"] for column in columns)]),
        _markdown_row([":--", *("--:" for _ in columns)]),
        *(
            _markdown_row([row["label"], *(_markdown_cell(row["cells"][column["key"]]) for column in columns)])
            for row in content["rows"]
        ),
        "",
        f"## {_TOP_DECILE}",
        "",
        _markdown_row(["test \\ evolution", *(column["label"] for column in columns)]),
        _markdown_row([":--", *("--:" for _ in columns)]),
        *(_markdown_row(row) for row in _top_decile_rows(content)),
    ]
    for title, pairs in _lists(content):
        lines += ["", f"## {title}", "", *(f"- {name}: {text}" for name, text in pairs)]
    lines += ["", "## Programs", ""]
    lines += [f"- {one['column']}, seed {one['seed']}: `{one['formula']}`" for one in content["programs"]]
    return "\n".join(lines) + "\n"


def table_parts(content: Mapping[str, Any]) -> list[RenderableType]:
    """Return what to print for the table, part by part."""
    columns = [column["label"] for column in content["columns"]]
    rows = [
        (row["label"], *(_terminal_cell(row["cells"][column["key"]]) for column in content["columns"]))
        for row in content["rows"]
    ]
    parts: list[RenderableType] = [
        table(
            f"{content['title']}: Kendall tau, the paper's in brackets, ▲ best and △ second of a row",
            ("test \\ evolution", *columns),
            rows,
            numeric=columns,
        )
    ]
    parts.append(table(_TOP_DECILE, ("test \\ evolution", *columns), _top_decile_rows(content), numeric=columns))
    parts += [pairs_table(title, dict(pairs)) for title, pairs in _lists(content)]
    return parts


def _top_decile_rows(content: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            row["label"],
            *(number_text(row["cells"][column["key"]]["top_decile_tau"]) for column in content["columns"]),
        ]
        for row in content["rows"]
    ]


def _notes(content: Mapping[str, Any]) -> list[str]:
    return [line for note in (*content["notes"], _seeds_note(content)) for line in (note, "")]


def _seeds_note(content: Mapping[str, Any]) -> str:
    seeds = content["seeds"]
    if len(seeds) == 1:
        return f"One seed ({seeds[0]}); published figures: {content['published_source']}."
    return (
        f"Means over {len(seeds)} seeds ({', '.join(map(str, seeds))}) ± their standard deviation; "
        f"published figures: {content['published_source']}."
    )


def _lists(content: Mapping[str, Any]) -> list[tuple[str, Sequence[tuple[str, str]]]]:
    cost, settings = content["cost"], content["settings"]
    rows = content["rows"]
    lists: list[tuple[str, Sequence[tuple[str, str]]]] = []
    for title, reasons in (
        ("Missing", content["missing"]),
        ("Evolutions without a valid program", content["without_program"]),
    ):
        if reasons:
            lists.append((title, list(reasons.items())))
    described = [(row["label"], f"{row['description']} {row['networks']} test networks.") for row in rows]
    lists.append(("Benchmarks", [pair for pair, row in zip(described, rows, strict=True) if row["networks"]]))
    unscored = [(row["label"], without) for row in rows if (without := _without_score(row, content["columns"]))]
    if unscored:
        summed = ", summed over the seeds" if len(content["seeds"]) > 1 else ""
        lists.append((f"Test networks to which a column gives no score{summed}, ties at the bottom", unscored))
    evolution = ", ".join(f"{key} {value}" for key, value in settings["evolution"].items())
    lists.append(
        (
            "How it was measured",
            [
                ("evolution", evolution),
                ("test networks", ", ".join(f"{key} {value}" for key, value in settings["test_networks"].items())),
                (
                    "cost",
                    f"{cost['seconds']:.0f} s of wall-clock time, {cost['peak_memory_bytes'] / 2**30:.2f} GiB of "
                    f"memory at most; processes, one after the other: {cost['sessions']}",
                ),
            ],
        )
    )
    return lists


def _without_score(row: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> str:
    counts = ((column["label"], row["cells"][column["key"]]["unscored"]) for column in columns)
    return ", ".join(f"{label} {count}" for label, count in counts if count)


def _ours(cell: Mapping[str, Any]) -> str:
    if cell["tau"] is None:
        return "missing" if "missing" in cell else "–"
    deviation = f" ± {cell['deviation']:.3f}" if cell["deviation"] is not None else ""
    partial = f" [{cell['seeds_measured']}/{cell['seeds']}]" if cell["seeds_measured"] < cell["seeds"] else ""
    return f"{cell['tau']:.3f}{deviation}{partial}"


def _published(cell: Mapping[str, Any]) -> str:
    return "–" if cell["published"] is None else f"{cell['published']:.3f}"


def _markdown_cell(cell: Mapping[str, Any]) -> str:
    return f"{_MARKDOWN_MARKS[cell['mark']].format(_ours(cell))} ({_published(cell)})"


def _terminal_cell(cell: Mapping[str, Any]) -> str:
    return f"{_TERMINAL_MARKS[cell['mark']]}{_ours(cell)} ({_published(cell)})"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
