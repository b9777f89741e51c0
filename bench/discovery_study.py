"""What discovery finds on NAS-Bench-201: each dataset alone, and one formula for the three; several seeds; one table.

    python bench/discovery_study.py --seeds 5
    python bench/discovery_study.py --datasets nasbench201-imagenet16-120 --formulas alone --rounds 1 --epochs 45

For each seed and dataset, 300 networks to evolve on, 100 to choose by, and 1,000 held out that nothing else has
touched; each dataset with its own images. Every search is what `eznas discover` does under the settings that stand
above the table. Searches and judgements that are finished are not repeated, what was interrupted goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Final

from eznas import benchmarks
from eznas.discovery.discovery import Discovery
from eznas.discovery.machine import Machine
from eznas.discovery.networks import Networks
from eznas.discovery.session import discover
from eznas.discovery.settings import DiscoverySettings
from eznas.files import write_atomically
from eznas.proxies import AnyProxy, reference_and_baselines
from eznas.proxies.proxy import PROXY_FILE, read_proxy
from eznas.scoring.ranking import rank_networks
from eznas.scoring.settings import ScoringSettings
from eznas.statistics.workers import available_cores

DATASETS: Final = ("nasbench201-cifar10", "nasbench201-cifar100", "nasbench201-imagenet16-120")
ALONE: Final = "its dataset alone"
TOGETHER: Final = "the three at once"


def settings_of(options: argparse.Namespace, names: tuple[str, ...], seed: int) -> DiscoverySettings:
    """Return the settings of one search; held-out networks are judged later, for all formulas in one pass."""
    return DiscoverySettings(
        benchmarks=names,
        networks=options.networks,
        validation=options.validation,
        held_out=0,
        seed=seed,
        combine=options.combine,
        terms=options.terms,
        joined_terms=options.joined_terms,
        rounds=options.rounds,
        epochs=options.epochs,
    )


def search(options: argparse.Namespace, names: tuple[str, ...], seed: int) -> Path:
    """Search, unless that is done; return the file of the chosen formula."""
    folder = options.folder / f"{'+'.join(name.removeprefix('nasbench201-') for name in names)}-{seed}"
    path: Path = folder / PROXY_FILE
    done = folder / "seconds.json"
    if not done.exists():
        begun, processor = time.perf_counter(), time.process_time()
        settings = settings_of(options, names, seed)
        discover(lambda: Discovery.on_benchmarks(settings, Machine(options.threads)), folder, None, lambda _: None)
        seconds = {"wall": time.perf_counter() - begun, "processor": time.process_time() - processor}
        write_atomically(done, json.dumps(seconds))
        print(folder.name, seconds, json.loads(path.read_text())["formula"], file=sys.stderr, flush=True)
    return path


def judge(options: argparse.Namespace, dataset: str, seed: int, files: dict[str, Path]) -> dict[str, Any]:
    """Rank the held-out networks of one dataset with the formulas of this seed and what they are compared with."""
    cell = options.folder / f"held-out-{dataset.removeprefix('nasbench201-')}-{seed}.json"
    if not cell.exists():
        benchmark = benchmarks.load(dataset)
        networks = Networks.draw(benchmark, options.networks, options.validation, options.held_out, seed)
        proxies: dict[str, AnyProxy] = {
            **{label: read_proxy(path) for label, path in files.items()},
            **{proxy.name: proxy for proxy in reference_and_baselines()},
        }
        rankings = rank_networks(
            list(proxies.values()), benchmark, networks.held_out, ScoringSettings(seed=seed, threads=options.threads)
        )
        figures = {label: ranking.figures() for label, ranking in zip(proxies, rankings, strict=True)}
        write_atomically(cell, json.dumps(figures, indent=1))
        print(cell.name, {label: round(one["tau"], 3) for label, one in figures.items()}, file=sys.stderr, flush=True)
    content: dict[str, Any] = json.loads(cell.read_text())
    return content


def table(cells: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return the lines of the table: each cell is mean, standard deviation and best over the seeds."""
    labels = list(next(iter(cells.values()))[0])
    lines = ["| | " + " | ".join(f"{dataset}: tau | best tenth" for dataset in cells) + " |"]
    lines.append("|---" * (1 + 2 * len(cells)) + "|")
    for label in labels:
        parts = []
        for of_dataset in cells.values():
            for figure in ("tau", "top_decile_tau"):
                values = [cell[label][figure] for cell in of_dataset]
                spread = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
                parts.append(f"{mean(values):.3f}{spread} ({max(values):.3f})")
        lines.append(f"| {label} | " + " | ".join(parts) + " |")
    return lines


def main() -> None:
    """Search and judge what is missing, and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--datasets", nargs="+", default=DATASETS)
    parser.add_argument(
        "--formulas",
        nargs="+",
        choices=("alone", "together"),
        default=("alone", "together"),
        help="which to search for",
    )
    parser.add_argument("--networks", type=int, default=300)
    parser.add_argument("--validation", type=int, default=100)
    parser.add_argument("--held-out", type=int, default=1000)
    parser.add_argument("--joined-terms", type=int, default=DiscoverySettings.joined_terms)
    parser.add_argument(
        "--combine",
        choices=("minimum", "mean"),
        default=DiscoverySettings.combine,
        help="what one formula for the three is to raise: the least of their taus, or the mean",
    )
    parser.add_argument("--terms", type=int, default=DiscoverySettings.terms)
    parser.add_argument("--rounds", type=int, default=DiscoverySettings.rounds)
    parser.add_argument("--epochs", type=int, default=DiscoverySettings.epochs)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--folder", type=Path, default=Path("runs/discovery-study"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    cells: dict[str, list[dict[str, Any]]] = {dataset: [] for dataset in options.datasets}
    for seed in range(options.seeds):
        wanted = options.formulas
        together = {TOGETHER: search(options, tuple(options.datasets), seed)} if "together" in wanted else {}
        for dataset in options.datasets:
            alone = {ALONE: search(options, (dataset,), seed)} if "alone" in wanted else {}
            cells[dataset].append(judge(options, dataset, seed, {**alone, **together}))
    print(f"Settings: {settings_of(options, tuple(options.datasets), 0)!r}, seeds 0 to {options.seeds - 1}")
    print(f"Mean ± standard deviation (best) over the seeds, {options.held_out} held-out networks each.\n")
    print("\n".join(table(cells)))


if __name__ == "__main__":
    main()
