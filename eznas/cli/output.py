"""What commands share for printing: results go to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, RenderableType


def stdout() -> Console:
    """Return a console for results; where no terminal tells its width, lines are long enough for whole tables."""
    return _console(stderr=False)


def stderr() -> Console:
    """Return a console for progress and messages."""
    return _console(stderr=True)


def print_json(content: Mapping[str, Any]) -> None:
    """Print machine-readable results on stdout."""
    from eznas.runs.directory import json_text

    sys.stdout.write(json_text(content))


def print_all(console: Console, parts: Iterable[RenderableType]) -> None:
    """Print parts one under the other, with an empty line between them."""
    for index, part in enumerate(parts):
        if index:
            console.print()
        console.print(part)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = 160
    return console
