"""Whole processes that are killed or interrupted, and resumed; `bench/kill_study.py` does the same many times."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas.cli.app import main

pytestmark = pytest.mark.end_to_end

RUN = {"networks": 8, "generations": 40, "population": 8, "mu": 6, "lambda": 8, "hall-of-fame": 3, "threads": 1}
OPTIONS = [text for name, value in RUN.items() for text in (f"--{name}", str(value))]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=16)


LESS_WORK = ["--race-networks", "3", "--race-share", "0.5", "--units-per-shape", "1", "--rounding", "rejected"]


@pytest.mark.parametrize(("genome", "further"), [("tree", LESS_WORK), ("sequential", [])])
def test_a_killed_and_interrupted_run_ends_with_the_same_hall_of_fame(table, tmp_path, capfd, genome, further):
    run = ["run", "--benchmark", str(table), "--genome", genome, *OPTIONS, *further]
    assert main([*run, "--output", str(tmp_path / "whole")]) == 0
    path = tmp_path / "run"
    rng = random.Random(f"moments of {genome}")

    _stop([*run, "--output", str(path)], path, generations=1 + rng.randrange(15), number=signal.SIGKILL)
    process = _stop(["run", "--resume", str(path)], path, generations=18 + rng.randrange(15), number=signal.SIGINT)
    assert process.returncode == 130
    assert f"eznas run --resume {path}" in process.stderr.read()
    process.stderr.close()

    assert len(_lines(path)) <= 40, "the run was over before it was stopped"
    assert main(["run", "--resume", str(path)]) == 0
    for name in ("hall_of_fame.json", "history.jsonl"):
        assert (path / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def _stop(arguments, path, generations, number):
    """Start a process and send it a signal once its run has so many generations."""
    process = subprocess.Popen(
        [sys.executable, "-m", "eznas", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "500"},
    )
    while process.poll() is None and len(_lines(path)) < generations:
        time.sleep(0.005)
    process.send_signal(number)
    process.wait()
    if number == signal.SIGKILL:
        process.stderr.close()
    return process


def _lines(path):
    history = path / "history.jsonl"
    return history.read_text().splitlines() if history.exists() else []
