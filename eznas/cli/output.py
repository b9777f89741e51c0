"""What commands share for printing: results go to stdout, everything else to stderr."""

from __future__ import annotations

import codecs
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.text import Text

from eznas.report.tables import Unwrapped

_STAND_INS: Final = {"–": "-", "…": "...", "±": "+-", "▲": "*", "△": "+"}
_NO_TERMINAL_WIDTH: Final = 100_000
"""Columns where no terminal tells how many there are: whole rows, however long, for whatever reads them."""


def stdout() -> Console:
    """Return a console for results; where it is no terminal, a line is as long as it needs to be."""
    return _console(stderr=False)


def stderr() -> Console:
    """Return a console for progress and messages."""
    return _console(stderr=True)


def write_any_text() -> None:
    """Let stdout and stderr take every character: one that their encoding lacks becomes a stand-in or an escape.

    A result that took hours must not be lost at its last line.
    """
    codecs.register_error("eznas", _stand_in)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="eznas")


def print_json(content: Mapping[str, Any]) -> None:
    """Print machine-readable results on stdout."""
    from eznas.files import json_text

    text = json_text(content)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        # JSON has escapes of its own, which lose nothing.
        text = json.dumps(json.loads(text), indent=2) + "\n"
    sys.stdout.write(text)


def print_all(console: Console, parts: Iterable[RenderableType | Unwrapped]) -> None:
    """Print parts one under the other, with an empty line between them."""
    for index, part in enumerate(parts):
        if index:
            console.print()
        _print(console, part)


def _print(console: Console, part: RenderableType | Unwrapped) -> None:
    with console.capture() as captured:
        if isinstance(part, Unwrapped):
            console.print(Text(part.title, style="bold"))
            console.print(Text(part.text), soft_wrap=True)
        else:
            console.print(part)
    text = captured.get()
    # Blanks that fill up the columns of a table are of no use to what reads a file.
    console.file.write(text if console.is_terminal else re.sub(r" +$", "", text, flags=re.MULTILINE))


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _NO_TERMINAL_WIDTH
    return console


def _stand_in(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError):
        # One character at a time, since the next one may have a stand-in.
        error.end = error.start + 1
        if (stand_in := _STAND_INS.get(error.object[error.start])) is not None:
            return stand_in, error.end
    return codecs.backslashreplace_errors(error)
