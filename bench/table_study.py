"""The table of the standard bank for full-size networks of the DARTS space: seconds and peak memory.

    python bench/table_study.py --networks 8

The networks, labels and images are those of `memory_study.py`. `eznas features build` runs in a process of its own, and
its peak memory is read from the operating system; the exit code is 1 if that is more than 3 GB. Some of the networks,
at most `SHAKEN_NETWORKS`, are computed twice, to measure roundoff.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from command_cost import eznas
from memory_study import write_benchmark

from eznas.features.folder import VARIABLE
from eznas.features.table import SHAKEN_NETWORKS

LARGEST_PEAK = 3 * 10**9


def main() -> None:
    """Build a table and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--space", default="nds-darts")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--seed", type=int, default=0, help="of the networks and their weights")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = write_benchmark(folder, given.space, given.width, given.depth, given.networks, given.seed)
        os.environ[VARIABLE] = str(folder / "cache")
        command = ["features", "build", "--benchmark", str(table), "--networks", str(given.networks)]
        command += ["--threads", str(given.threads), "--memory", given.memory, "--seed", str(given.seed)]
        cost = eznas(command)
        nbytes = sum(file.stat().st_size for file in (folder / "cache").rglob("*") if file.is_file())
    print(f"{given.networks} networks of {given.space}, width {given.width}, depth {given.depth}: ", end="")
    print(
        f"{cost.seconds:.0f} s, {cost.cpu_seconds:.0f} s of processor time, peak {cost.peak_bytes / 1e9:.2f} GB, ",
        end="",
    )
    print(f"{nbytes / 1e6:.0f} MB on disk; {min(given.networks, SHAKEN_NETWORKS)} networks computed twice")
    sys.exit(cost.peak_bytes > LARGEST_PEAK)


if __name__ == "__main__":
    main()
