"""What a run shows while it works: a live panel on a terminal, lines for a log elsewhere, or nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from eznas.observer import SilentObserver

Clock = Callable[[], float]
"""Tells the seconds since some moment."""

_QUIET_SECONDS: Final = 10.0
"""The longest time for which a log gets no line while networks get done."""

_PATIENCE_SECONDS: Final = 1.0
"""How long something may take before a log says what it is."""


class PlainView(SilentObserver):
    """Prints lines for a log: one when something begins, one per generation, and how far it is now and then."""

    def __init__(
        self, console: Console, clock: Clock = time.monotonic, patience_seconds: float = _PATIENCE_SECONDS
    ) -> None:
        """Set up a view that prints on `console`; use it as a context manager."""
        self._console = console
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._awaited: object = None
        self._lock = threading.Lock()
        self._pace = _Pace()
        self._phase = ""
        self._total = self._done = 0
        self._ends_with_a_line = False
        self._begun = self._printed = clock()

    def __exit__(self, *_: object) -> None:
        self._begin("", 0, ends_with_a_line=False)

    def message(self, text: str) -> None:
        """Print a sentence."""
        self._print(text)

    def phase(self, name: str, total: int | None = None) -> None:
        """Print that work on networks begins; of something else, only if it takes long."""
        self._begin(name, total or 0, ends_with_a_line=True)
        if total is not None:
            self._print(f"{name}: {total} networks")
            return
        self._awaited = awaited = object()
        timer = threading.Timer(self._patience_seconds, self._print_if_awaited, (awaited, name))
        timer.daemon = True
        timer.start()

    def advance(self) -> None:
        """Count a network; print now and then, and when the phase is done."""
        with self._lock:
            if self._done >= self._total:
                # Statistics that did not fit in memory are collected again, outside any phase.
                return
            self._done += 1
            now = self._clock()
            is_due = self._ends_with_a_line if self._done == self._total else now - self._printed >= _QUIET_SECONDS
            if not is_due:
                return
            left = (now - self._begun) / self._done * (self._total - self._done)
            self._print(
                f"{self._phase}: {self._done}/{self._total}" + (f", {_duration(left)} for the others" if left else "")
            )

    def expect(self, networks: int) -> None:
        """Count what comes after the last generation into the time left."""
        self._pace.networks_to_come = networks

    def evaluating(self, generation: int, total: int, *, collecting: bool) -> None:
        """Print that statistics are collected; of another generation, something only if it takes long."""
        self._pace.training = total
        if collecting:
            self.phase("statistics", total)
        else:
            self._begin(f"generation {generation}", total, ends_with_a_line=False)

    def generation(self, record: Mapping[str, Any], timing: Mapping[str, Any], generations: int) -> None:
        """Print the generation in a line."""
        self._begin("", 0, ends_with_a_line=False)
        left = self._pace.time_left(record["generation"], timing["seconds"], generations)
        self._print(
            f"generation {record['generation']}/{generations}  best {_tau(record['best'])}  "
            f"median {_tau(record['median'])}  repeats {_share_of_repeats(record):.0%}  "
            f"{timing['programs_per_second']:.0f} programs/s  time left {left}"
        )

    def _begin(self, phase: str, total: int, *, ends_with_a_line: bool) -> None:
        # Not `Timer.cancel`: Ctrl-C in the midst of it can leave its lock locked, for which the next call would wait.
        self._awaited = None
        with self._lock:
            self._phase, self._total, self._done, self._begun = phase, total, 0, self._clock()
            self._ends_with_a_line = ends_with_a_line

    def _print_if_awaited(self, awaited: object, text: str) -> None:
        if self._awaited is awaited:
            self._print(text)

    def _print(self, text: str) -> None:
        self._printed = self._clock()
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
        self._waiting: Spinner | None = None
        self._generation: Table | None = None
        self._live = Live(get_renderable=self._panel, console=console, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._clear_phase()
        # What was shown before the first generation says nothing afterwards.
        self._live.transient = self._generation is None
        self._live.stop()

    def message(self, text: str) -> None:
        """Print a sentence above the panel."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def phase(self, name: str, total: int | None = None) -> None:
        """Show a progress bar for the phase, or that it is being worked on."""
        self._clear_phase()
        if total is None:
            self._waiting = Spinner("line", Text(name))
        else:
            self._progress.add_task(name, total=total)

    def advance(self) -> None:
        """Move the progress bar on."""
        for task in self._progress.task_ids:
            self._progress.advance(task)

    def expect(self, networks: int) -> None:
        """Count what comes after the last generation into the time left."""
        self._pace.networks_to_come = networks

    def evaluating(self, generation: int, total: int, *, collecting: bool) -> None:
        """Show a progress bar for the generation."""
        self._pace.training = total
        self.phase("statistics" if collecting else f"generation {generation}", total)

    def generation(self, record: Mapping[str, Any], timing: Mapping[str, Any], generations: int) -> None:
        """Show the generation."""
        self._clear_phase()
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

    def _clear_phase(self) -> None:
        self._waiting = None
        for task in self._progress.task_ids:
            self._progress.remove_task(task)

    def _panel(self) -> Panel:
        waiting, generation = self._waiting, self._generation
        parts: list[RenderableType] = [] if generation is None else [generation]
        if waiting is not None:
            parts.append(waiting)
        elif self._progress.task_ids:
            parts.append(self._progress)
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
    """Estimates the time left from the generations that this process has done.

    Attributes:
        training: on how many networks programs are evaluated.
        networks_to_come: how many networks are scored after the last generation.
    """

    def __init__(self) -> None:
        self.training = 0
        self.networks_to_come = 0
        self._seconds: list[float] = []

    def time_left(self, generation: int, seconds: float, generations: int) -> str:
        """Return the time that the rest of the run will take, in words.

        The first generation of a process collects the statistics of its networks, which the later ones find there: it
        tells how long the networks to come take, each about as long, and nothing about later generations.
        """
        self._seconds.append(seconds)
        first, *usual = self._seconds
        if not usual and generation < generations:
            return "not known yet"
        per_generation = sum(usual) / len(usual) if usual else 0.0
        per_network = first / self.training if self.training else 0.0
        return _duration(per_generation * (generations - generation) + per_network * self.networks_to_come)


def _tau(value: float) -> str:
    # Imported when it is there already: the view opens before anything that takes long to import.
    from eznas.search.evaluated import INVALID_FITNESS

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
