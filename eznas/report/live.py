"""What a run shows while it works: a live panel on a terminal, one line per generation elsewhere, or nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from eznas.observer import SilentObserver
from eznas.search.evaluated import INVALID_FITNESS


class PlainView(SilentObserver):
    """Prints a line per generation and per quarter of a phase, for logs."""

    def __init__(self, console: Console) -> None:
        """Set up a view that prints on `console`."""
        self._console = console
        self._lock = threading.Lock()
        self._pace = _Pace()
        self._phase = ""
        self._total = self._done = 0

    def message(self, text: str) -> None:
        """Print a sentence."""
        self._print(text)

    def phase(self, name: str, total: int) -> None:
        """Print that a phase begins."""
        self._phase, self._total, self._done = name, total, 0
        self._print(f"{name}: {total} networks")

    def advance(self) -> None:
        """Count a network; print when a quarter of the phase is done."""
        with self._lock:
            if self._done >= self._total:
                # Statistics that did not fit in memory are collected again, outside any phase.
                return
            self._done += 1
            if self._done * 4 // self._total > (self._done - 1) * 4 // self._total:
                self._print(f"{self._phase}: {self._done}/{self._total}")

    def generation(self, record: Mapping[str, Any], timing: Mapping[str, Any], generations: int) -> None:
        """Print the generation in a line."""
        left = self._pace.time_left(record["generation"], timing["seconds"], generations)
        self._print(
            f"generation {record['generation']}/{generations}  best {_tau(record['best'])}  "
            f"median {_tau(record['median'])}  repeats {_share_of_repeats(record):.0%}  "
            f"{timing['programs_per_second']:.0f} programs/s  time left {left}"
        )

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveView(SilentObserver):
    """Shows a panel that follows the run; use it as a context manager."""

    def __init__(self, console: Console, title: str) -> None:
        """Set up a view with `title` on `console`, a terminal."""
        self._console = console
        self._title = title
        self._pace = _Pace()
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )
        self._generation: RenderableType = Text(
            "evaluating the first generation (a first run compiles its kernels, too)", style="dim"
        )
        self._live = Live(get_renderable=self._panel, console=console, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._clear_progress()
        self._live.stop()

    def message(self, text: str) -> None:
        """Print a sentence above the panel."""
        self._console.print(text, markup=False, highlight=False)

    def phase(self, name: str, total: int) -> None:
        """Show a progress bar for the phase."""
        self._clear_progress()
        self._progress.add_task(name, total=total)

    def advance(self) -> None:
        """Move the progress bar on."""
        for task in self._progress.task_ids:
            self._progress.advance(task)

    def generation(self, record: Mapping[str, Any], timing: Mapping[str, Any], generations: int) -> None:
        """Show the generation."""
        self._clear_progress()
        left = self._pace.time_left(record["generation"], timing["seconds"], generations)
        table = Table.grid(padding=(0, 2))
        for label, value in (
            ("generation", f"{record['generation']} of {generations}"),
            ("best fitness", _tau(record["best"])),
            ("median fitness", _tau(record["median"])),
            ("best program", shortened(record["best_program"] or "none is valid yet", 200)),
            ("evaluations", f"{timing['programs_per_second']:.0f} programs per second"),
            ("repeats", f"{_share_of_repeats(record):.0%} of the individuals"),
            ("time left", left),
        ):
            table.add_row(Text(label, style="dim"), Text(value))
        self._generation = table

    def _clear_progress(self) -> None:
        for task in self._progress.task_ids:
            self._progress.remove_task(task)

    def _panel(self) -> Panel:
        parts = [self._generation, self._progress] if self._progress.task_ids else [self._generation]
        return Panel(Group(*parts), title=self._title, title_align="left")


def run_view(console: Console, title: str, *, quiet: bool) -> SilentObserver:
    """Return the view that suits `console`: a live panel on a terminal, else plain lines, or nothing."""
    if quiet:
        return SilentObserver()
    return LiveView(console, title) if console.is_terminal else PlainView(console)


def shortened(formula: str, length: int) -> str:
    """Return `formula`, cut to `length` characters with a sign that something is missing."""
    return formula if len(formula) <= length else formula[: length - 1] + "…"


class _Pace:
    """Estimates the time left from the generations that this process has done."""

    def __init__(self) -> None:
        self._seconds: list[float] = []

    def time_left(self, generation: int, seconds: float, generations: int) -> str:
        """Return the time that the generations left will take, in words.

        The first generation of a process says nothing of the others: it also compiles kernels and collects statistics.
        """
        self._seconds.append(seconds)
        usual = self._seconds[1:]
        if not usual:
            return "not known yet"
        return _duration(sum(usual) / len(usual) * (generations - generation))


def _tau(value: float) -> str:
    return "none valid" if value <= INVALID_FITNESS else f"{value:.4f}"


def _share_of_repeats(record: Mapping[str, Any]) -> float:
    individuals: int = record["individuals"]
    repeats: int = record["repeats"]
    return repeats / individuals if individuals else 0.0


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
