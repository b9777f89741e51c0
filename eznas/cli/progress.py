"""A bar for commands that work on one network after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def network_progress(console: Console, networks: int) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while the context is open, if the console is a terminal.

    Args:
        console: where to show it.
        networks: how many there are.

    Yields:
        What to call with the number of networks done, and of all networks.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("networks", total=networks)
        yield lambda done, _count: progress.update(task, completed=done)
