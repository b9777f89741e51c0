"""A progress bar for commands that score networks and do nothing else."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eznas.observer import SilentObserver


class ProgressBar(SilentObserver):
    """Shows a bar for the current phase on a terminal, and nothing elsewhere; use it as a context manager."""

    def __init__(self, console: Console) -> None:
        """Set up a bar on `console`."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def phase(self, name: str, total: int | None = None) -> None:
        """Begin a new bar in the place of the last one; one that moves to and fro where the amount is not known."""
        for task in self._progress.task_ids:
            self._progress.remove_task(task)
        self._progress.add_task(name, total=total)

    def advance(self) -> None:
        """Move the bar on."""
        for task in self._progress.task_ids:
            self._progress.advance(task)
