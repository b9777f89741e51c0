"""Evolve on full-size networks of the DARTS space under two memory budgets, and compare peak memory and results.

    python bench/memory_study.py --networks 30 --budgets 2GB 8GB

The networks are random genotypes of width 32 and depth 20 with labels drawn at random and random images of 32x32, since
only size matters here: `eznas run` on them is timed, and its peak memory is read from the operating system. The exit
code is 1 if a budget is exceeded by more than 1 GB, or if the halls of fame or histories differ.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from command_cost import Cost, eznas

from eznas import spaces
from eznas.runs.settings import parse_memory

COMPARED = ("hall_of_fame.json", "history.jsonl")
ALLOWANCE = 10**9  # PyTorch, the compiled kernels and the networks themselves


def write_benchmark(folder: Path, space_name: str, width: int, depth: int, networks: int, seed: int) -> Path:
    """Write a benchmark of random networks of a cell space, with random labels, and return its table."""
    rng = np.random.default_rng(seed)
    settings = {"widths": [width], "depths": [depth]}
    space = spaces.get(space_name, **settings)
    rows = [(space.random(rng).replace('"', '""'), rng.uniform(80, 95)) for _ in range(networks)]
    table = folder / "full_size.csv"
    lines = ["architecture,accuracy_seed_0", *(f'"{architecture}",{label:.4f}' for architecture, label in rows)]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    np.savez(folder / "images.npz", x_train=rng.integers(0, 256, (16, 32, 32, 3), dtype=np.uint8))
    record = {
        "format": 2,
        "dataset": "random images, with random labels",
        "space": {"name": space_name, "settings": settings},
        "epochs": 1,
        "num_classes": 10,
        "image_size": 32,
        "architecture_column": "architecture",
        "splits": {"test": {"columns": ["accuracy_seed_0"], "lower_is_better": False}},
        "images": "images.npz",
        "normalisation": {"mean": [127.5] * 3, "deviation": [73.9] * 3},
    }
    table.with_suffix(".json").write_text(json.dumps(record), encoding="utf-8")
    return table


def run(table: Path, output: Path, budget: str, options: argparse.Namespace) -> Cost:
    """Evolve under a budget, and return what that cost."""
    command = ["run", "--benchmark", str(table), "--memory", budget, "--held-out", "0"]
    command += ["--networks", str(options.networks), "--generations", str(options.generations)]
    command += ["--output", str(output), "--seed", str(options.seed), "--genome", options.genome]
    return eznas(command)


def main() -> None:
    """Print one line for each budget, and whether the results are the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=30)
    parser.add_argument("--generations", type=int, default=15)
    parser.add_argument("--genome", default="tree")
    parser.add_argument("--space", default="nds-darts")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--budgets", nargs="+", default=["2GB", "8GB"])
    parser.add_argument("--seed", type=int, default=0, help="of the networks, and of the runs")
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = write_benchmark(folder, options.space, options.width, options.depth, options.networks, options.seed)
        results = []
        for budget in options.budgets:
            output = folder / budget
            cost = run(table, output, budget, options)
            within = cost.peak_bytes <= parse_memory(budget) + ALLOWANCE
            failed |= not within
            print(
                f"--memory {budget}: {cost.seconds:.0f} s, peak {cost.peak_bytes / 1e9:.2f} GB"
                f"{'' if within else ': more than the budget and 1 GB'}",
                flush=True,
            )
            results.append([(output / compared).read_bytes() for compared in COMPARED])
        same = all(result == results[0] for result in results)
        print(f"halls of fame and histories are {'identical' if same else 'DIFFERENT'}")
    sys.exit(failed or not same)


if __name__ == "__main__":
    main()
