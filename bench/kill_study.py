"""Kill runs at random moments, resume them, and count how many end with the result of an uninterrupted run.

`python bench/kill_study.py run --kills 50 --genome tree` starts as many runs, kills each with SIGKILL at a moment drawn
uniformly from the time that an undisturbed process takes, resumes it until it is finished, and compares the hall of
fame and the history byte by byte.

`python bench/kill_study.py discover --kills 30` does the same with discoveries of two rounds, of which it compares
checkpoint (the archive and all islands), report and proxy. Each has feature tables of its own. They hold the standard
bank from the beginning, so that what is interrupted is the search, the growth of the table and the report;
`--empty-tables` lets each compute the standard bank as well. Checkpoints are written every `--checkpoint-seconds`, not
every ten seconds, so that many kills come between two of them, and at a moment of the search that is known.

All processes are forked from one that has loaded libraries and kernels, which takes longer than the work itself.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np

import eznas.discovery.session
import eznas.report.discovery
import eznas.runs.run
from eznas.cli.app import main as command_line
from eznas.discovery.alphabet import alphabet_of
from eznas.discovery.problem import NetworkGroup, arrays_of
from eznas.discovery.search import FormulaSearch, SearchSettings
from eznas.scoring.kernel_loading import load_kernels


class Study(ABC):
    """A command that is killed and resumed.

    Attributes:
        compared: the files of its folder that must end the same.
    """

    compared: tuple[str, ...]

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        """Take what was given on the command line; `folder` is for what all runs share."""
        self.options = options
        self.folder = folder

    def prepare(self) -> None:
        """Do what all of them need beforehand."""
        return

    @abstractmethod
    def start(self, path: Path) -> list[str]:
        """Return the arguments that start it in `path`."""

    @abstractmethod
    def resume(self, path: Path) -> list[str]:
        """Return the arguments that continue it."""

    @abstractmethod
    def moment(self, path: Path) -> str:
        """Return how far it had come."""

    @abstractmethod
    def environment(self, path: Path) -> dict[str, str]:
        """Return the environment of its processes."""


class RunStudy(Study):
    """Evolution of programs."""

    compared = ("hall_of_fame.json", "history.jsonl")

    def start(self, path: Path) -> list[str]:
        """Return `eznas run` for a new run."""
        given = self.options
        return [
            *("run", "--genome", given.genome, "--benchmark", given.benchmark, "--seed", str(given.seed)),
            *("--generations", "15", "--networks", str(given.networks), "--held-out", str(given.held_out)),
            *("--output", str(path)),
        ]

    def resume(self, path: Path) -> list[str]:
        """Return `eznas run` for a run that there may be."""
        return ["run", "--resume", str(path)] if path.exists() else self.start(path)

    def environment(self, path: Path) -> dict[str, str]:  # noqa: ARG002
        """Return that of this process."""
        return dict(os.environ)

    def moment(self, path: Path) -> str:
        """Return how far it had come, as far as its files tell."""
        if not path.exists():
            return "before the run directory"
        if not (path / "history.jsonl").exists():
            return "in the first generation"
        return "after the evolution" if (path / "summary.json").exists() else "between or after generations"


class DiscoverStudy(Study):
    """Search for formulas, in which the table of features grows between two rounds."""

    compared = ("checkpoint.npz", "result.json", "proxy.json")

    def start(self, path: Path) -> list[str]:
        """Return `eznas discover`."""
        given = self.options
        return [
            *("discover", "--benchmark", given.benchmark, "--seed", str(given.seed), "--rounds", "2"),
            *("--networks", str(given.networks), "--validation", str(given.networks // 2)),
            *("--held-out", str(given.held_out), "--epochs", str(given.epochs), "--proposals", "20"),
            *("--output", str(path)),
        ]

    def resume(self, path: Path) -> list[str]:
        """Return the same command, which goes on with what there is."""
        return self.start(path)

    def environment(self, path: Path) -> dict[str, str]:
        """Return one with feature tables of its own."""
        tables = self.folder / f"{path.name}-tables"
        if self._prepared.exists() and not tables.exists():
            shutil.copytree(self._prepared, tables)
        return {**os.environ, "EZNAS_CACHE": str(tables)}

    def prepare(self) -> None:
        """Load the kernels of the search, and compute the standard bank unless every discovery is to do so."""
        eznas.discovery.session.SECONDS_BETWEEN_CHECKPOINTS = self.options.checkpoint_seconds
        values = np.arange(8, dtype=np.float32)[np.newaxis]
        group = NetworkGroup(np.full(4, 2), values, np.ones(values.shape, bool), np.arange(4.0))
        settings = SearchSettings(islands=1, members=2, children=2)
        search = FormulaSearch(arrays_of([group], "sum"), alphabet_of(np.arange(1)), settings, np.random.default_rng(0))
        search.advance(1)
        given = self.options
        if given.empty_tables:
            return
        command = ["features", "build", "--benchmark", given.benchmark, "--seed", str(given.seed)]
        command += ["--networks", str(given.networks + given.networks // 2)]
        finish(command, {**os.environ, "EZNAS_CACHE": str(self._prepared)})

    def moment(self, path: Path) -> str:
        """Return how far its last checkpoint was."""
        if (path / "result.json").exists():
            return "after the report"
        if not (path / "checkpoint.npz").exists():
            return "before the first checkpoint"
        with np.load(path / "checkpoint.npz") as state:
            epochs = json.loads(state["about"].tobytes())["epochs"]
        of_round = self.options.epochs
        if epochs == 2 * of_round:
            return "after the search, in the report"
        return "around the growth of the table" if epochs == of_round else f"in round {1 + epochs // of_round}"

    @property
    def _prepared(self) -> Path:
        return self.folder / "standard-bank"


def started(arguments: list[str], environment: dict[str, str]) -> int:
    """Start the command line in a process of its own, which finds everything loaded, and return its number."""
    process = os.fork()
    if process:
        return process
    os.environ.update(environment)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    try:
        os._exit(command_line(arguments))
    finally:
        os._exit(70)  # it raised


def finish(arguments: list[str], environment: dict[str, str]) -> float:
    """Run a command to its end and return the seconds that it took."""
    begun = time.perf_counter()
    _, status = os.waitpid(started(arguments, environment), 0)
    if status != 0:
        sys.exit(f"eznas {' '.join(arguments)} failed")
    return time.perf_counter() - begun


def kill(arguments: list[str], environment: dict[str, str], seconds: float) -> bool:
    """Kill a command after so many seconds; return whether it was still running."""
    process = started(arguments, environment)
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)  # until it is waited for, the number is that of no other process
    _, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status)


def main() -> None:
    """Print how many runs ended identical, and where they were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("run", "discover"))
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--genome", default="tree", help="of runs")
    parser.add_argument("--benchmark", default="digits")
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--held-out", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=12, help="of each of the two rounds of a discovery")
    parser.add_argument("--seed", type=int, default=0, help="of the moments, and of the runs")
    parser.add_argument("--checkpoint-seconds", type=float, default=0.2, help="between checkpoints of a discovery")
    parser.add_argument("--empty-tables", action="store_true", help="of discoveries: compute the standard bank as well")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    load_kernels()
    with tempfile.TemporaryDirectory() as folder:
        study = (RunStudy if options.command == "run" else DiscoverStudy)(options, Path(folder))
        study.prepare()
        whole, warm_up = Path(folder) / "whole", Path(folder) / "warm-up"
        finish(study.start(warm_up), study.environment(warm_up))
        duration = finish(study.start(whole), study.environment(whole))
        print(f"an uninterrupted run takes {duration:.1f} s", flush=True)
        identical = 0
        moments: collections.Counter[str] = collections.Counter()
        number = kills = 0
        while kills < options.kills:
            path = Path(folder) / f"run-{number}"
            number += 1
            if not kill(study.start(path), study.environment(path), rng.uniform(0, duration)):
                continue  # it had ended before its moment came, which proves nothing
            kills += 1
            where = study.moment(path)
            moments[where] += 1
            finish(study.resume(path), study.environment(path))
            same = all((path / name).read_bytes() == (whole / name).read_bytes() for name in study.compared)
            identical += same
            print(f"{kills}: killed {where}: {'identical' if same else f'{path.name} differs'}", flush=True)
        print(f"{identical} of {options.kills} ended identical; killed:")
        for where, count in moments.most_common():
            print(f"  {count:3d} {where}")


if __name__ == "__main__":
    main()
