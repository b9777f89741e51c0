from __future__ import annotations

import io
import sys
import threading

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


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def plain():
    """A view for logs, what it has printed, and the clock that it looks at."""
    console, clock = a_console(terminal=False), Clock()
    return PlainView(console, clock), lambda: console.file.getvalue().splitlines(), clock


def test_plain_lines_tell_the_generation(plain):
    view, lines, _ = plain
    view.generation(RECORD, TIMING, 12)
    assert lines() == [
        "generation 2/12  best 0.5123  median 0.2500  repeats 40%  15 programs/s  time left not known yet"
    ]


def test_the_time_left_is_told_once_a_generation_without_collection_is_known(plain):
    view, lines, _ = plain
    view.expect(30)
    view.evaluating(2, 40, collecting=True)
    view.generation(RECORD, {**TIMING, "seconds": 100.0}, 12)
    view.evaluating(3, 40, collecting=False)
    view.generation({**RECORD, "generation": 3}, TIMING, 12)
    view.evaluating(4, 40, collecting=False)
    view.generation({**RECORD, "generation": 4}, {**TIMING, "seconds": 4.0}, 12)
    _, first, second, third = lines()
    assert first.endswith("time left not known yet")
    # 9 generations of 2 s, then 8 of 3 s, and 30 networks of 100 / 40 s.
    assert second.endswith("programs/s  time left 1 min 33 s")
    assert third.endswith("programs/s  time left 1 min 39 s")


@pytest.mark.parametrize(("to_come", "left"), [(0, "time left 0 s"), (80, "time left 3 min 20 s")])
def test_the_last_generation_tells_how_long_the_networks_to_come_take(plain, to_come, left):
    view, lines, _ = plain
    view.expect(to_come)
    view.evaluating(12, 40, collecting=True)
    view.generation({**RECORD, "generation": 12}, {**TIMING, "seconds": 100.0}, 12)
    assert lines()[-1].endswith(left)


def test_a_phase_is_followed_by_time_and_to_its_end(plain):
    view, lines, clock = plain
    view.phase("scoring", 10)
    for _ in range(15):
        clock.now += 4.0
        view.advance()
    assert lines() == [
        "scoring: 10 networks",
        "scoring: 3/10, 28 s for the others",
        "scoring: 6/10, 16 s for the others",
        "scoring: 9/10, 4 s for the others",
        "scoring: 10/10",
    ]


def timers():
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_what_is_over_soon_is_not_told_in_a_log():
    console = a_console(terminal=False)
    before = timers()
    with PlainView(console, patience_seconds=60.0) as view:
        view.phase("loading digits")
        view.phase("loading kernels")
        late = [timer for timer in timers() if timer not in before]
    for timer in late:
        timer.function(*timer.args)  # what it does when its time has come
        timer.cancel()
    assert len(late) == 2
    assert console.file.getvalue() == ""
    with PlainView(console, patience_seconds=0.0) as view:
        view.phase("loading digits")
        for timer in timers():
            timer.join()
        view.advance()
    assert console.file.getvalue() == "loading digits\n"


def test_a_generation_is_followed_only_if_it_takes_long(plain):
    view, lines, clock = plain
    view.evaluating(0, 4, collecting=True)
    for generation, seconds in ((0, 1.0), (1, 1.0), (2, 6.0)):
        if generation:
            view.evaluating(generation, 4, collecting=False)
        for _ in range(4):
            clock.now += seconds
            view.advance()
        view.generation({**RECORD, "generation": generation}, TIMING, 2)
    assert [line.split("  best")[0] for line in lines()] == [
        "statistics: 4 networks",
        "statistics: 4/4",
        "generation 0/2",
        "generation 1/2",
        "generation 2: 2/4, 12 s for the others",
        "generation 2/2",
    ]


def test_the_panel_shows_phase_and_generation():
    console = a_console(terminal=True)
    with LiveView(console, "a run") as view:
        view.message("a note [not markup]")
        view.phase("loading digits")
        assert "loading digits" in rendered(view)
        view.expect(20)
        view.evaluating(1, 4, collecting=True)
        view.advance()
        assert "statistics" in rendered(view)
        assert "1/4" in rendered(view)
        view.generation({**RECORD, "generation": 1}, {**TIMING, "seconds": 40.0}, 12)
        assert "not known yet" in rendered(view)
        view.evaluating(2, 4, collecting=False)
        view.advance()
        assert "generation 2 " in rendered(view)
        assert "1/4" in rendered(view)
        view.generation(RECORD, TIMING, 12)
        panel = rendered(view)
    assert "a note [not markup]" in console.file.getvalue()
    # 10 generations of 2 s and 20 networks of 40 / 4 s.
    for text in ("2 of 12", "0.5123", "0.2500", "sigmoid(wt)", "15 programs per second", "40% of", "3 min 40 s"):
        assert text in panel
    assert "1/4" not in panel


def test_a_panel_without_a_generation_is_gone_at_the_end():
    console = a_console(terminal=True)
    with LiveView(console, "a run") as view:
        view.phase("loading digits")
    assert view._live.transient
    with LiveView(console, "a run") as view:
        view.generation(RECORD, TIMING, 12)
    assert not view._live.transient


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


def test_ctrl_c_at_the_worst_moment_does_not_let_the_view_wait_for_ever(plain):
    view, _, _ = plain
    view.phase("loading")

    def interrupt(frame, event, _):
        if event == "return" and frame.f_code is threading.Condition.__enter__.__code__:
            raise KeyboardInterrupt  # the lock is locked, and the block that unlocks it is not entered
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        view.generation(RECORD, TIMING, 12)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    ending = threading.Thread(target=view.__exit__, args=(None, None, None), daemon=True)
    ending.start()
    ending.join(timeout=20)
    assert not ending.is_alive()
