"""Both genomes, several seeds, on NAS-Bench-201 CIFAR-10 with the paper's settings: one table.

    python bench/nasbench201_study.py --seeds 5

Each run is `eznas run --preset paper --genome G --benchmark nasbench201-cifar10 --seed S`: evolved on 100 networks,
judged on 1,000 that evolution never saw. A run that is finished is not repeated, one that was interrupted is resumed.
The table shows the best program by training tau; seconds and memory are those of the whole command, statistics and
held-out networks included, and compilation not, if an earlier command has filled the cache of compiled kernels.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from statistics import mean

from command_cost import eznas

GENOMES = ("tree", "sequential")
COLUMNS = ("genome", "seed", "tau training", "tau held-out", "95 % interval", "live share", "seconds", "CPU s", "GB")


def run(genome: str, seed: int, benchmark: str, folder: Path) -> None:
    """Run or resume one evolution, and note what the command cost."""
    path = folder / f"{genome}-{seed}"
    cost_path = folder / f"{genome}-{seed}.json"
    if cost_path.exists():
        return
    arguments = [
        "--preset",
        "paper",
        "--genome",
        genome,
        "--benchmark",
        benchmark,
        "--seed",
        str(seed),
        "--output",
        str(path),
    ]
    cost = eznas(["run", *(["--resume", str(path)] if path.exists() else arguments)])
    cost_path.write_text(json.dumps(asdict(cost)) + "\n")


def row(genome: str, seed: int, benchmark: str, folder: Path) -> list[str]:
    """Return one line of the table from what a run left."""
    path = folder / f"{genome}-{seed}"
    best = json.loads((path / "summary.json").read_text())["programs"][0]["benchmarks"][benchmark]
    history = [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()]
    cost = json.loads((folder / f"{genome}-{seed}.json").read_text())
    low, high = best["held_out"]["tau_interval"]
    return [
        genome,
        str(seed),
        f"{best['tau_training']:.3f}",
        f"{best['held_out']['tau']:.3f}",
        f"{low:.3f} to {high:.3f}",
        f"{mean(record['live_share'] for record in history):.2f}",
        f"{cost['seconds']:.0f}",
        f"{cost['cpu_seconds']:.0f}",
        f"{cost['peak_bytes'] / 1e9:.1f}",
    ]


def main() -> None:
    """Run what is missing and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--folder", type=Path, default=Path("runs/nasbench201-study"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    pairs = [(genome, seed) for seed in range(options.seeds) for genome in GENOMES]
    for genome, seed in pairs:
        run(genome, seed, options.benchmark, options.folder)
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for genome, seed in sorted(pairs, key=lambda pair: GENOMES.index(pair[0])):
        print(f"| {' | '.join(row(genome, seed, options.benchmark, options.folder))} |")


if __name__ == "__main__":
    main()
