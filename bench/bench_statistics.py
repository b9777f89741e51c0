"""Time to collect the statistics of NAS-Bench-201 networks, beside three plain forward and backward passes.

    python bench/bench_statistics.py --networks 20 --threads 2

Architectures and images are random (seeded): the time does not depend on what the images show.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from eznas.spaces.nasbench201 import NASBench201
from eznas.statistics.collect import CollectionSettings, collect
from eznas.statistics.inputs import Inputs, make_inputs
from eznas.statistics.isolation import reproducible_kernels
from eznas.statistics.workers import run_in_threads
from eznas.terminals import BY_NAME

Task = Callable[[nn.Module, Inputs], None]


def plain_passes(network: nn.Module, inputs: Inputs) -> None:
    """Three forward and backward passes and nothing else: what collection cannot be faster than."""
    network.train()
    with reproducible_kernels():
        for images in inputs:
            logits = network(images)
            logits.backward(torch.ones_like(logits))


def collection(settings: CollectionSettings) -> Task:
    """Return the task of collecting with `settings`."""
    return lambda network, inputs: void(collect(network, inputs, settings, copy=False))


def void(_: object) -> None:
    """Drop a result, as a consumer would that is done with it."""


TASKS: dict[str, Task] = {
    "three plain passes": plain_passes,
    "all 22, R-C-B": collection(CollectionSettings()),
    "all 22, C-B-R": collection(CollectionSettings(unit="C-B-R")),
    "inp_grad.data (EZNAS-A)": collection(CollectionSettings(terminals=frozenset({BY_NAME["inp_grad.data"].address}))),
}


def main() -> None:
    """Print a table: a row for each task, seconds per network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=1)
    arguments = parser.parse_args()
    space, rng = NASBench201(), np.random.default_rng(0)
    architectures = [space.random(rng) for _ in range(arguments.networks)]
    inputs = make_inputs(torch.from_numpy(rng.standard_normal((arguments.batch_size, 3, 32, 32), np.float32)), 0)
    sizes = [collect(space.build(a, 10, 32), inputs, copy=False) for a in architectures[:10]]
    print(
        f"{arguments.networks} networks, batch size {arguments.batch_size}; on average of the first {len(sizes)}: "
        f"{statistics.mean(s.units for s in sizes):.0f} units, {statistics.mean(s.nbytes for s in sizes) / 1e6:.0f} MB"
    )
    print(f"{'':26}{'1 thread: median':>18}{'mean':>9}{f'{arguments.threads} threads: mean':>18}")
    for name, task in TASKS.items():
        networks = [space.build(a, 10, 32) for a in architectures]
        seconds = []
        for network in networks:
            begun = time.perf_counter()
            task(network, inputs)
            seconds.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        run_in_threads(
            lambda n, task=task, networks=networks: task(networks[n], inputs),
            count=arguments.networks,
            threads=arguments.threads,
            limit=lambda: arguments.threads,
            progress=None,
        )
        together = (time.perf_counter() - begun) / arguments.networks
        print(f"{name:26}{statistics.median(seconds):16.4f} s{statistics.mean(seconds):7.4f} s{together:16.4f} s")


if __name__ == "__main__":
    main()
