"""The parts of a text report as HTML, so that a page and a terminal show the same figures from one source."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from eznas.report.tables import Unwrapped


def part_html(part: RenderableType | Unwrapped) -> str:
    """Return a part of a text report, as `eznas.report.tables` makes them."""
    if isinstance(part, Unwrapped):
        return f"<h3>{escape(part.title)}</h3>\n<pre>{escape(part.text)}</pre>"
    if isinstance(part, Table):
        return table_html(part)
    return f"<p>{escape(str(part))}</p>"


def parts_html(parts: Iterable[RenderableType | Unwrapped]) -> str:
    """Return parts one under the other."""
    return "\n".join(map(part_html, parts))


def table_html(table: Table) -> str:
    """Return a table; one without a header holds names and values."""
    title = _text(table.title)
    head = ""
    if table.show_header:
        heads = "".join(
            f'<th scope="col"{_kind(column)}>{escape(_text(column.header))}</th>' for column in table.columns
        )
        head = f"<thead><tr>{heads}</tr></thead>\n"
    rows = "\n".join(
        "<tr>" + "".join(_cell(*placed) for placed in zip(range(len(row)), table.columns, row, strict=True)) + "</tr>"
        for row in zip(*(column.cells for column in table.columns), strict=True)
    )
    kind = "" if table.show_header else ' class="pairs"'
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(title)}">\n<table{kind}>\n'
        f"<caption>{escape(title)}</caption>\n{head}<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _cell(place: int, column: Column, cell: RenderableType) -> str:
    text = escape(_text(cell))
    return f'<th scope="row">{text}</th>' if place == 0 else f"<td{_kind(column)}>{text}</td>"


def _kind(column: Column) -> str:
    return ' class="number"' if column.justify == "right" else ""


def _text(part: object) -> str:
    return part.plain if isinstance(part, Text) else str(part or "")
