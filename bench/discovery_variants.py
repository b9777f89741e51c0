"""What the settings of a discovery buy: each variant beside the defaults, on the same networks and seeds.

    python bench/discovery_variants.py --seeds 2
    python bench/discovery_variants.py --seeds 2 terms=2 search.random_share=0.1 "objective=top terms=2"

Each search chooses its formula by training and validation networks, as `eznas discover` does. It is judged on the
networks that the next seed would search on, under that seed's weights and images, without those that it has seen: so
what a formula owes to the one draw that it saw counts against it. Both sides are feature tables, which
`bench/discovery_study.py` leaves behind for the same seeds; what is not there is computed. Finished cells are kept.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from eznas import benchmarks
from eznas.correlation.rank_correlation import kendall_tau, top_decile_tau
from eznas.discovery.archive import Found
from eznas.discovery.codes import to_terms
from eznas.discovery.discovery import Discovery
from eznas.discovery.fitness import judge, workspace_for
from eznas.discovery.machine import Machine
from eznas.discovery.networks import Networks
from eznas.discovery.problem import NetworkGroup, arrays_of
from eznas.discovery.result import outcome
from eznas.discovery.settings import DiscoverySettings
from eznas.experiments.discovering import ALWAYS_VARIED, with_settings
from eznas.experiments.seed_statistics import mean_over_seeds
from eznas.features.source import BenchmarkSource
from eznas.features.table import FeatureTable
from eznas.files import write_atomically
from eznas.ops.terms import format_terms
from eznas.scoring.ties import rankable
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.workers import available_cores

DATASETS: Final = ("nasbench201-cifar10", "nasbench201-cifar100", "nasbench201-imagenet16-120")
TRAINING: Final = 300
VALIDATION: Final = 100
TESTED: Final = 400
DEFAULTS: Final = "defaults"
VARIANTS: Final = (
    *("joined_terms=1", "joined_terms=2", "terms=2", "terms=3"),
    *("search.random_share=0.05", "search.random_share=0.2"),
    *("search.islands=1 search.children=32000", "search.islands=2 search.children=16000"),
    *("search.migrants=0", "search.restart_after=5", "search.restart_after=1000"),
    *("search.parsimony=0", "search.parsimony=0.005"),
    *("search.tournament=3", "search.tournament=10"),
    *("epochs=5", "epochs=45"),
    *("operations=paper", "aggregation=mean"),
    *("objective=top", "objective=both", "given=params"),
)


@dataclass(frozen=True)
class Cell:
    """What one search gave: figures on networks that it has not seen, and what it cost."""

    tau: float
    top_decile_tau: float
    tau_training: float
    size: int
    formula: str
    processor_seconds: float


def measure(variant: str, dataset: str, seed: int, threads: int) -> Cell:
    """Search under a variant, and judge the chosen formula."""
    base = DiscoverySettings(
        benchmarks=(dataset,), networks=TRAINING, validation=VALIDATION, held_out=0, seed=seed, rounds=1, epochs=15
    )
    texts = [] if variant == DEFAULTS else variant.split()
    discovery = Discovery.on_benchmarks(with_settings(base, texts, ALWAYS_VARIED), Machine(threads))
    begun = time.process_time()
    while not discovery.is_finished:
        discovery.advance()
    chosen = outcome(discovery).chosen.found
    return judged(chosen, discovery, dataset, seed, time.process_time() - begun)


def judged(chosen: Found, discovery: Discovery, dataset: str, seed: int, seconds: float) -> Cell:
    """Rank with a formula the networks of the next seed that it has not seen."""
    settings = discovery.settings
    benchmark = benchmarks.load(dataset)
    seen = discovery.samples[0].networks.in_search
    others = Networks.draw(benchmark, TESTED, 0, 0, seed + 1).training
    unseen = others[~np.isin(others, seen)]
    collection = CollectionSettings(settings.unit, settings.third_pass)
    table = FeatureTable(BenchmarkSource(benchmark, settings.batch_size, seed + 1, collection), unseen)
    if table.unfinished(discovery.features):
        table.compute(discovery.features, lambda _done, _count: None, threads=1)
    values = table.read(discovery.features)
    accuracies = benchmark.accuracies[unseen]
    problem = arrays_of([NetworkGroup(values.units, values.values, values.valid, accuracies)], settings.aggregation)
    training = judge(
        np.array(chosen.codes, np.int32), discovery.training_problem, workspace_for(discovery.training_problem)
    )
    work = workspace_for(problem)
    judge(np.array(chosen.codes, np.int32), problem, work)
    scores = rankable(work.scores, training.orientation)
    return Cell(
        tau=kendall_tau(scores, accuracies),
        top_decile_tau=top_decile_tau(scores, accuracies),
        tau_training=training.orientation * training.taus[0],
        size=chosen.size,
        formula=format_terms(to_terms(chosen.codes, discovery.features)),
        processor_seconds=seconds,
    )


def cell_of(folder: Path, variant: str, dataset: str, seed: int, threads: int) -> Cell:
    """Return a cell, which is computed unless it is there."""
    path = folder / f"{variant.replace(' ', '+')}-{dataset}-{seed}.json"
    if not path.exists():
        cell = measure(variant, dataset, seed, threads)
        write_atomically(path, json.dumps(vars(cell), indent=1))
        print(f"{path.stem}: {cell.tau:.3f} {cell.top_decile_tau:.3f} {cell.formula}", file=sys.stderr, flush=True)
    return Cell(**json.loads(path.read_text()))


def row_of(variant: str, cells: list[Cell], base: list[Cell]) -> str:
    """Return the row of a variant: its means, and its paired differences to the defaults."""
    parts = [variant]
    for figure in ("tau", "top_decile_tau"):
        values = np.array([getattr(cell, figure) for cell in cells])
        ahead = mean_over_seeds(values - [getattr(cell, figure) for cell in base])
        parts.append(f"{np.mean(values):.3f}")
        parts.append("" if variant == DEFAULTS else f"{ahead.mean:+.3f} [{ahead.low:+.3f}, {ahead.high:+.3f}]")
    parts.append(f"{np.mean([cell.tau_training for cell in cells]):.3f}")
    parts.append(f"{np.mean([cell.size for cell in cells]):.0f}")
    seconds = [cell.processor_seconds for cell in cells]
    parts.append(f"{math.fsum(seconds) / len(seconds):.0f}")
    return "| " + " | ".join(parts) + " |"


def main() -> None:
    """Measure what is missing, and print the table as Markdown after every variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variants", nargs="*", help="settings as NAME=VALUE, several of one variant apart by a space")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--datasets", nargs="+", default=DATASETS)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--folder", type=Path, default=Path("runs/discovery-variants"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    print(
        f"{TRAINING} training and {VALIDATION} validation networks of {', '.join(options.datasets)}, seeds 0 to "
        f"{options.seeds - 1}; judged on up to {TESTED} networks of the next seed. Differences to the defaults, paired "
        "by dataset and seed.\n"
    )
    print("| variant | tau | difference | best tenth | difference | tau, training | nodes | processor s |")
    print("|---" * 8 + "|")
    cells: dict[str, list[Cell]] = {}
    for variant in (DEFAULTS, *(options.variants or VARIANTS)):
        cells[variant] = [
            cell_of(options.folder, variant, dataset, seed, options.threads)
            for seed in range(options.seeds)
            for dataset in options.datasets
        ]
        print(row_of(variant, cells[variant], cells[DEFAULTS]), flush=True)


if __name__ == "__main__":
    main()
