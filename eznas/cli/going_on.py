"""What a command says on Ctrl-C whose folder or cache keeps all that is finished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from eznas.cli.interruption import INTERRUPTED


@contextmanager
def same_command_goes_on() -> Iterator[None]:
    """End the command with a sentence if Ctrl-C is pressed inside."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("eznas: Stopped; nothing finished is lost, and the same command goes on from here.", err=True)
        raise typer.Exit(INTERRUPTED) from None
