"""Plain tables and number texts that all reports share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from eznas.scoring.dependence import COUNTS_ONLY, MANY_ROUNDING_GRADIENTS


@dataclass(frozen=True)
class Unwrapped:
    """A text that is to be copied, such as a formula or a command: its lines are never broken or filled up.

    Attributes:
        title: stands above it.
        text: one line or more.
    """

    title: str
    text: str


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numeric: Sequence[str] = (),
    show_header: bool = True,
) -> Table:
    """Return a table of texts; the columns in `numeric` are aligned on the right."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        show_header=show_header,
        padding=(0, 2, 0, 0),
    )
    for column in columns:
        made.add_column(column, justify="right" if column in numeric else "left", overflow="fold")
    for row in rows:
        # As Text: a formula or a path must not be read as markup.
        made.add_row(*(Text(str(cell)) for cell in row))
    return made


def pairs_table(title: str, pairs: Mapping[str, Any]) -> Table:
    """Return a table of settings or figures and their values; a mapping among the values becomes one line."""
    return named_table(title, {key.replace("_", " "): value for key, value in pairs.items()})


def named_table(title: str, pairs: Mapping[str, Any]) -> Table:
    """Return the table of `pairs_table` for names of proxies, networks or benchmarks, which stay as they are."""
    rows = [(name, _plain(value)) for name, value in pairs.items()]
    return table(title, ("name", "value"), rows, show_header=False)


def unwrapped_pairs(title: str, pairs: Mapping[str, Any]) -> Unwrapped:
    """Return names and values that are to be copied, such as paths and commands."""
    width = max(map(len, pairs), default=0)
    return Unwrapped(
        title, "\n".join(f"{key.replace('_', ' '):{width}}  {_plain(value)}" for key, value in pairs.items())
    )


def interval_text(interval: Sequence[float | None] | None) -> str:
    """Return an interval such as `[0.512, 0.634]`, or a dash where it is undefined."""
    ends = [number_text(end) for end in interval or ()]
    return f"[{', '.join(ends)}]" if ends and "–" not in ends else "–"


def number_text(value: float | None) -> str:
    """Return a correlation with three decimals, or a dash where it is undefined."""
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def share_text(value: float | None) -> str:
    """Return a share in percent, or a dash where it is undefined; 100 % is all, and nothing less."""
    if value is None or math.isnan(value):
        return "–"
    percent = 100 * value
    return f"{percent:.0f} %" if percent in (0, 100) else f"{min(percent, 99.9):.1f} %"


def operations_text(extensions: Sequence[str]) -> str:
    """Return which operations a formula is made of, given those beyond the paper's."""
    return f"the paper's and {', '.join(extensions)}" if extensions else "the paper's"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return "–" if value is None else str(value)


BESIDE_TAU: Final = ("top decile", "scored", "stability", "depends on")
"""Columns that stand beside the held-out tau of a score; all but the last hold numbers."""


def beside_tau(held_out: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what stands in the columns `BESIDE_TAU`, given the figures of a ranking."""
    return (
        number_text(held_out["top_decile_tau"]),
        share_text(held_out["scored"]),
        number_text(held_out["seed_stability"]),
        depends_text(held_out),
    )


def depends_text(figures: Mapping[str, Any]) -> str:
    """Return what the scores of a ranking depend on, and how much of the gradients among it is rounding."""
    depends = figures.get("depends_on") or "–"
    if not reads_rounding(figures):
        return depends
    return f"{depends}; gradients: {share_text(figures['rounding_gradients'])} rounding"


def reads_rounding(figures: Mapping[str, Any]) -> bool:
    """Return whether a proxy reads gradients of which many are nothing but rounding, and more of them than shapes."""
    share = figures.get("rounding_gradients") or 0.0
    return share >= MANY_ROUNDING_GRADIENTS and figures.get("depends_on") != COUNTS_ONLY


def benchmark_text(name: str, about: Mapping[str, Any]) -> str:
    """Return a benchmark of a protocol in one line."""
    return f"{name}: {about['description']} ({about['accuracy']}; {about['held_out']} held out)"
