from __future__ import annotations

import io

import pytest
from rich.console import Console

from eznas.observer import SilentObserver
from eznas.report.live import LiveView, PlainView, run_view, shortened

RECORD = {
    "generation": 2,
    "individuals": 50,
    "evaluated": 30,
    "repeats": 20,
    "best": 0.51234,
    "median": 0.25,
    "best_program": "sigmoid(wt)",
}
TIMING = {"seconds": 2.0, "programs_per_second": 15.0}


def a_console(*, terminal: bool) -> Console:
    return Console(file=io.StringIO(), width=100, force_terminal=terminal, color_system=None)


def test_the_view_suits_the_console():
    assert isinstance(run_view(a_console(terminal=True), "run", quiet=False), LiveView)
    assert type(run_view(a_console(terminal=False), "run", quiet=False)) is PlainView
    assert type(run_view(a_console(terminal=True), "run", quiet=True)) is SilentObserver


def test_plain_lines_tell_the_generation_and_the_time_left():
    console = a_console(terminal=False)
    view = PlainView(console)
    view.generation({**RECORD, "generation": 1}, TIMING, 12)
    view.generation(RECORD, TIMING, 12)
    assert console.file.getvalue().splitlines()[1] == (
        "generation 2/12  best 0.5123  median 0.2500  repeats 40%  15 programs/s  time left 20 s"
    )


def test_the_first_generation_which_compiles_kernels_tells_no_time_left():
    console = a_console(terminal=False)
    view = PlainView(console)
    view.generation(RECORD, {**TIMING, "seconds": 100.0}, 12)
    view.generation({**RECORD, "generation": 3}, TIMING, 12)
    first, second = console.file.getvalue().splitlines()
    assert first.endswith("time left not known yet")
    assert second.endswith("time left 18 s")


def test_plain_lines_follow_a_phase_in_quarters():
    console = a_console(terminal=False)
    view = PlainView(console)
    view.phase("statistics", 10)
    for _ in range(15):
        view.advance()
    assert console.file.getvalue().splitlines() == [
        "statistics: 10 networks",
        "statistics: 3/10",
        "statistics: 5/10",
        "statistics: 8/10",
        "statistics: 10/10",
    ]


def test_the_panel_shows_phase_and_generation():
    console = a_console(terminal=True)
    with LiveView(console, "a run") as view:
        view.message("a note [not markup]")
        view.phase("statistics", 4)
        view.advance()
        assert "1/4" in rendered(view)
        assert "first generation" in rendered(view)
        view.generation(RECORD, TIMING, 12)
        panel = rendered(view)
    assert "a note [not markup]" in console.file.getvalue()
    for text in ("2 of 12", "0.5123", "0.2500", "sigmoid(wt)", "15 programs per second", "40% of", "not known yet"):
        assert text in panel
    assert "1/4" not in panel


def test_a_run_without_valid_programs_is_told_as_such():
    console = a_console(terminal=False)
    PlainView(console).generation({**RECORD, "best": -1.0, "median": -1.0}, TIMING, 12)
    assert "best none valid" in console.file.getvalue()


def test_a_negative_fitness_is_shown():
    console = a_console(terminal=False)
    PlainView(console).generation({**RECORD, "best": -0.125}, TIMING, 12)
    assert "best -0.1250" in console.file.getvalue()


@pytest.mark.parametrize(("length", "expected"), [(3, "abc"), (2, "a…")])
def test_shortened_marks_what_is_missing(length, expected):
    assert shortened("abc", length) == expected


def rendered(view: LiveView) -> str:
    console = a_console(terminal=False)
    console.print(view._panel())
    return console.file.getvalue()
