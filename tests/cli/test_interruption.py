"""Whole processes that get SIGINT, at moments that they tell themselves by a line on stdout."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from functools import partial

import pytest

STOPPED = "eznas: Stopped by Ctrl-C.\n"

# What is put in the place of `eznas.cli.app.main`.
IN_THREADS = """
from eznas.statistics.workers import run_in_threads
def work(n):
    if n == 0: print("ready", flush=True)
    time.sleep(SECONDS)
run_in_threads(work, count=9, threads=2, limit=lambda: 2)
"""
IN_EXEC = """exec("print('ready', flush=True); time.sleep(60)")"""
SWALLOWED = """
try:
    print("ready", flush=True); time.sleep(60)
except KeyboardInterrupt:
    raise ImportError("a library's own idea of what went wrong")
"""
AFTERWARDS = """
import atexit
def last(): print("ready", flush=True); time.sleep(0.5)
atexit.register(last)
"""


@pytest.fixture
def start(tmp_path):
    """What starts a module that is like `python -m eznas` with the given body of its command line."""
    return partial(_start, tmp_path)


def _start(folder, command, ignored=False):
    body = "\n    ".join(command.strip().splitlines())
    (folder / "starter.py").write_text(
        "import runpy, sys, time, types\n"
        f"def main():\n    {body}\n    return 0\n"
        "sys.modules['eznas.cli.app'] = types.SimpleNamespace(main=main)\n"
        "runpy.run_module('eznas', run_name='__main__', alter_sys=True)"
    )
    disposition = signal.signal(signal.SIGINT, signal.SIG_IGN) if ignored else None
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "starter"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
        )
    finally:
        if ignored:
            signal.signal(signal.SIGINT, disposition)
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("command", [IN_THREADS.replace("SECONDS", "0.3"), IN_EXEC, SWALLOWED])
@pytest.mark.parametrize("gaps", [[], [0.01], [0.03, 0.03]])
def test_one_sentence_and_one_exit_code_however_often_the_key_bounces(start, command, gaps):
    process = start(command)
    process.send_signal(signal.SIGINT)
    for gap in gaps:
        time.sleep(gap)
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, STOPPED)


def test_a_later_press_does_not_wait_for_what_is_in_progress(start):
    process = start(IN_THREADS.replace("SECONDS", "30"))
    process.send_signal(signal.SIGINT)
    time.sleep(1.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (
        130,
        "\neznas: Stopped at once, without waiting for what was in progress.\n",
    )


def test_a_press_while_the_interpreter_ends_changes_nothing(start):
    process = start(AFTERWARDS)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")


def test_a_command_that_was_started_with_interruptions_ignored_ignores_them(start):
    process = start(IN_THREADS.replace("SECONDS", "0.1"), ignored=True)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("module", ["typer", "rich.console", "eznas.cli.run"])
def test_a_press_during_the_imports_is_told_in_a_sentence(tmp_path, module):
    # Where Python looks for the module, a look that takes long.
    code = (
        "import sys, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}: print('ready', flush=True); time.sleep(30)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "sys.argv = ['eznas', 'operations']\n"
        "from eznas.__main__ import main\n"
        "sys.exit(main())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, STOPPED)
