"""Kill runs at random moments, resume them, and count how many end with the hall of fame of an uninterrupted run.

`python bench/kill_study.py --kills 50 --genome tree` starts as many runs, kills each with SIGKILL at a moment drawn
uniformly from the time that an undisturbed process takes, resumes it until it is finished, and compares
`hall_of_fame.json` and `history.jsonl` byte by byte.
"""

from __future__ import annotations

import argparse
import collections
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMPARED = ("hall_of_fame.json", "history.jsonl")


def eznas(arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start the command line in a process of its own."""
    command = [sys.executable, "-m", "eznas", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(arguments: list[str]) -> float:
    """Run a command to its end and return the seconds that it took."""
    started = time.perf_counter()
    process = eznas(arguments)
    _, errors = process.communicate()
    if process.returncode != 0:
        sys.exit(f"eznas {' '.join(arguments)} failed:\n{errors.decode()}")
    return time.perf_counter() - started


def kill(arguments: list[str], seconds: float) -> bool:
    """Kill a command after so many seconds; return whether it was still running."""
    process = eznas(arguments)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


def moment(path: Path) -> str:
    """Return how far the run in `path` had come."""
    if not path.exists():
        return "before the run directory"
    if not (path / "history.jsonl").exists():
        return "in the first generation"
    return "after the evolution" if (path / "summary.json").exists() else "between or after generations"


def main() -> None:
    """Print how many runs ended identical, and where they were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--genome", default="tree")
    parser.add_argument("--benchmark", default="digits")
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--held-out", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments, and of the runs")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    run = ["run", "--genome", options.genome, "--benchmark", options.benchmark, "--seed", str(options.seed)]
    run += ["--generations", "15", "--networks", str(options.networks), "--held-out", str(options.held_out)]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        finish([*run, "--output", f"{whole}-warm-up"])
        duration = finish([*run, "--output", str(whole)])
        print(f"an uninterrupted run takes {duration:.1f} s", flush=True)
        identical = 0
        moments: collections.Counter[str] = collections.Counter()
        number = kills = 0
        while kills < options.kills:
            path = Path(folder) / f"run-{number}"
            number += 1
            start = [*run, "--output", str(path)]
            if not kill(start, rng.uniform(0, duration)):
                continue  # it had ended before its moment came, which proves nothing
            kills += 1
            moments[moment(path)] += 1
            finish(["run", "--resume", str(path)] if path.exists() else start)
            same = all((path / name).read_bytes() == (whole / name).read_bytes() for name in COMPARED)
            identical += same
            if not same:
                print(f"{path.name} differs")
        print(f"{identical} of {options.kills} runs of the genome {options.genome} ended identical; killed:")
        for where, count in moments.most_common():
            print(f"  {count:3d} {where}")


if __name__ == "__main__":
    main()
