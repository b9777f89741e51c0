"""The Markdown that experiments write as HTML: headings, paragraphs, lists, tables and the marks within a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Final

from eznas.report.html.page import Section

_CODE: Final = re.compile(r"`([^`]*)`")
_BOLD: Final = re.compile(r"\*\*([^*]+)\*\*")
_ITALIC: Final = re.compile(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])")


def title_of(text: str) -> str:
    """Return the first heading of the first level, as text; "" where there is none."""
    return next((line[2:].strip() for line in text.splitlines() if line.startswith("# ")), "")


def markdown_sections(text: str, prefix: str, opening: str) -> list[Section]:
    """Return a section for each heading of the second level, and before them one with what stands above the first.

    Args:
        text: as an experiment writes it; its heading of the first level is left out.
        prefix: of the anchors.
        opening: the title of the first section.
    """
    blocks: list[tuple[str, list[str]]] = [(opening, [])]
    for line in text.splitlines():
        if line.startswith("## "):
            blocks.append((line[3:].strip(), []))
        elif not line.startswith("# "):
            blocks[-1][1].append(line)
    return [
        Section(f"{prefix}-{number}", title, body)
        for number, (title, lines) in enumerate(blocks)
        if (body := _body(title, lines))
    ]


def _body(title: str, lines: Sequence[str]) -> str:
    html: list[str] = []
    group: list[str] = []
    for line in [*lines, ""]:
        kind, before = _kind(line), _kind(group[0]) if group else ""
        if group and (kind != before or not line.strip()):
            html.append(_group(title, before, group))
            group = []
        if line.strip():
            group.append(line)
    return "\n".join(html)


def _kind(line: str) -> str:
    return {"|": "table", "-": "list", "#": "heading"}.get(line[:1], "text")


def _group(title: str, kind: str, lines: Sequence[str]) -> str:
    if kind == "table":
        return _table(title, lines)
    if kind == "list":
        items = "\n".join(f"<li>{_line(line[1:].strip())}</li>" for line in lines)
        return f"<ul>\n{items}\n</ul>"
    if kind == "heading":
        return "\n".join(f"<h3>{_line(line.lstrip('#').strip())}</h3>" for line in lines)
    return f"<p>{_line(' '.join(lines))}</p>"


def _table(title: str, lines: Sequence[str]) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head, marks, body = rows[0], rows[1] if len(rows) > 1 else [], rows[2:]
    kinds = [' class="number"' if mark.endswith(":") else "" for mark in marks]
    kinds += [""] * (max(map(len, rows)) - len(kinds))
    heads = "".join(f'<th scope="col"{kind}>{_line(cell)}</th>' for cell, kind in zip(head, kinds, strict=False))
    cells = "\n".join(
        f'<tr><th scope="row">{_line(first)}</th>'
        + "".join(f"<td{kind}>{_line(cell)}</td>" for cell, kind in zip(rest, kinds[1:], strict=False))
        + "</tr>"
        for first, *rest in body
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(title)}">\n<table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{cells}\n</tbody>\n</table>\n</div>"
    )


def _line(text: str) -> str:
    """Return a text with its marks as elements; within code nothing is a mark."""
    parts = _CODE.split(text)
    return "".join(f"<code>{escape(part)}</code>" if at % 2 else _marked(escape(part)) for at, part in enumerate(parts))


def _marked(escaped: str) -> str:
    return _ITALIC.sub(r"<em>\1</em>", _BOLD.sub(r"<strong>\1</strong>", escaped))
