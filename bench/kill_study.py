"""Kill runs at random moments, resume them, and count how many end with the result of an uninterrupted run.

`python bench/kill_study.py run --kills 50 --genome tree` starts as many runs, kills each with SIGKILL at a moment drawn
uniformly from the time that an undisturbed process takes, resumes it until it is finished, and compares the hall of
fame and the history byte by byte. `python bench/kill_study.py discover --kills 30` does the same with discoveries of two
rounds, of which it compares checkpoint (the archive and all islands), report and proxy. Every discovery has feature
tables of its own: those of the standard bank, so that what can be interrupted is the search, the growth of the table and
the report; `--empty-tables` lets it compute the standard bank as well.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path

EPOCHS = 4


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

    @abstractmethod
    def start(self, path: Path) -> list[str]:
        """Return the arguments that start it in `path`."""

    @abstractmethod
    def resume(self, path: Path) -> list[str]:
        """Return the arguments that continue it."""

    @abstractmethod
    def moment(self, path: Path) -> str:
        """Return how far it had come."""

    def environment(self, path: Path) -> dict[str, str]:
        """Return the environment of its processes."""
        return dict(os.environ)


class RunStudy(Study):
    """Evolution of programs."""

    compared = ("hall_of_fame.json", "history.jsonl")

    def start(self, path: Path) -> list[str]:
        given = self.options
        return [
            *("run", "--genome", given.genome, "--benchmark", given.benchmark, "--seed", str(given.seed)),
            *("--generations", "15", "--networks", str(given.networks), "--held-out", str(given.held_out)),
            *("--output", str(path)),
        ]

    def resume(self, path: Path) -> list[str]:
        return ["run", "--resume", str(path)] if path.exists() else self.start(path)

    def moment(self, path: Path) -> str:
        if not path.exists():
            return "before the run directory"
        if not (path / "history.jsonl").exists():
            return "in the first generation"
        return "after the evolution" if (path / "summary.json").exists() else "between or after generations"


class DiscoverStudy(Study):
    """Search for formulas, in which the table of features grows between two rounds."""

    compared = ("checkpoint.npz", "result.json", "proxy.json")

    def start(self, path: Path) -> list[str]:
        given = self.options
        return [
            *("discover", "--benchmark", given.benchmark, "--seed", str(given.seed), "--rounds", "2"),
            *("--networks", str(given.networks), "--validation", str(given.networks // 2)),
            *("--held-out", str(given.held_out), "--epochs", str(EPOCHS), "--proposals", "20"),
            *("--output", str(path)),
        ]

    def resume(self, path: Path) -> list[str]:
        return self.start(path)

    def environment(self, path: Path) -> dict[str, str]:
        tables = self.folder / f"{path.name}-tables"
        if not tables.exists() and not self.options.empty_tables and self._prepared.exists():
            shutil.copytree(self._prepared, tables)
        return {**os.environ, "EZNAS_CACHE": str(tables)}

    def prepare(self) -> None:
        """Compute the standard bank, which every discovery finds."""
        given = self.options
        command = ["features", "build", "--benchmark", given.benchmark, "--seed", str(given.seed)]
        command += ["--networks", str(given.networks + given.networks // 2)]
        finish(command, {**os.environ, "EZNAS_CACHE": str(self._prepared)})

    def moment(self, path: Path) -> str:
        import json

        import numpy as np

        if (path / "result.json").exists():
            return "after the report"
        if not (path / "checkpoint.npz").exists():
            return "before the first checkpoint"
        with np.load(path / "checkpoint.npz") as state:
            epochs = json.loads(state["about"].tobytes())["epochs"]
        if epochs == 2 * EPOCHS:
            return "after the search, in the report"
        return "while the table grew" if epochs == EPOCHS else f"in the search of round {1 + epochs // EPOCHS}"

    @property
    def _prepared(self) -> Path:
        return self.folder / "standard-bank"


def eznas(arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the command line in a process of its own."""
    command = [sys.executable, "-m", "eznas", *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(arguments: list[str], environment: dict[str, str]) -> float:
    """Run a command to its end and return the seconds that it took."""
    started = time.perf_counter()
    process = eznas(arguments, environment)
    _, errors = process.communicate()
    if process.returncode != 0:
        sys.exit(f"eznas {' '.join(arguments)} failed:\n{errors.decode()}")
    return time.perf_counter() - started


def kill(arguments: list[str], environment: dict[str, str], seconds: float) -> bool:
    """Kill a command after so many seconds; return whether it was still running."""
    process = eznas(arguments, environment)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


def main() -> None:
    """Print how many runs ended identical, and where they were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("run", "discover"))
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--genome", default="tree", help="of runs")
    parser.add_argument("--benchmark", default="digits")
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--held-out", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments, and of the runs")
    parser.add_argument("--empty-tables", action="store_true", help="of discoveries: compute the standard bank as well")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        study = (RunStudy if options.command == "run" else DiscoverStudy)(options, Path(folder))
        if isinstance(study, DiscoverStudy) and not options.empty_tables:
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
