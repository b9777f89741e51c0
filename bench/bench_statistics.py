"""Time to collect the statistics of NAS-Bench-201 networks, beside three plain forward and backward passes.

    python bench/bench_statistics.py --networks 20 --threads 2

Architectures and images are random (seeded): the time does not depend on what the images show. Beside it, what else is
done with a network: it is built, its FLOPs are counted, and its statistics are written to the disk and read back, all
numbers of them. The times of one thread are processor seconds, of several threads seconds on the clock; tasks take
turns on every network, and *over the passes* is the median over networks of how many times as long one takes as the
passes. Garbage collection passes over the libraries, as in the program.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import closing

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from eznas.spaces.complexity import flops
from eznas.spaces.nasbench201 import NASBench201
from eznas.statistics.collect import CollectionSettings, collect
from eznas.statistics.disk import DiskArrays
from eznas.statistics.inputs import Inputs, make_inputs
from eznas.statistics.isolation import reproducible_kernels
from eznas.statistics.workers import run_in_threads
from eznas.system.garbage import pass_over_what_is_there
from eznas.terminals import BY_NAME

PASSES = "three plain passes"

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
    PASSES: plain_passes,
    "all 22, R-C-B": collection(CollectionSettings()),
    "all 22, C-B-R": collection(CollectionSettings(unit="C-B-R")),
    "inp_grad.data (EZNAS-A)": collection(CollectionSettings(terminals=frozenset({BY_NAME["inp_grad.data"].address}))),
    "FLOPs": lambda network, inputs: void(flops(network, tuple(inputs.data.shape))),
}


def main() -> None:
    """Print a table: a row for each task, seconds per network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3, help="turns of each task on each network")
    arguments = parser.parse_args()
    pass_over_what_is_there()
    space, rng = NASBench201(), np.random.default_rng(0)
    architectures = [space.random(rng) for _ in range(arguments.networks)]
    inputs = make_inputs(torch.from_numpy(rng.standard_normal((arguments.batch_size, 3, 32, 32), np.float32)), 0)
    sizes = [collect(space.build(a, 10, 32), inputs, copy=False) for a in architectures[:10]]
    print(
        f"{arguments.networks} networks, batch size {arguments.batch_size}; on average of the first {len(sizes)}: "
        f"{statistics.mean(s.units for s in sizes):.0f} units, {statistics.mean(s.nbytes for s in sizes) / 1e6:.0f} MB"
    )
    print(
        f"{'':36}{'1 thread: median':>18}{'mean':>9}{f'{arguments.threads} threads: mean':>18}{'over the passes':>16}"
    )
    print_row("building", [seconds_of(lambda a=a: space.build(a, 10, 32)) for a in architectures])
    seconds = in_turns(architectures, inputs, arguments.repeats)
    for name, task in TASKS.items():
        together = in_threads(task, [space.build(a, 10, 32) for a in architectures], inputs, arguments.threads)
        times = float(np.median(seconds[name] / seconds[PASSES]))
        print_row(name, seconds[name].tolist(), together, times)
    with closing(DiskArrays()) as disk:
        starts = []
        print_row("to the disk", [seconds_of(lambda s=s: starts.append(disk.write(s.values))) for s in sizes])
        places = [(start, len(s.values)) for start, s in zip(starts, sizes, strict=True)]
        print_row("from the disk, and summed", [seconds_of(lambda p=p: disk.read(*p).sum()) for p in places])
    print_row("in memory, and summed", [seconds_of(lambda s=s: s.values.sum()) for s in sizes])


def in_turns(architectures: Sequence[str], inputs: Inputs, repeats: int) -> dict[str, NDArray[np.float64]]:
    """Return the processor seconds of every task by network, the median of its turns: (networks,) for each task.

    A network is given to one task after the other, and again, so that what else the machine does is shared by all.
    """
    space = NASBench201()
    seconds = {name: np.empty((len(architectures), repeats)) for name in TASKS}
    for place, architecture in enumerate(architectures):
        for task in TASKS.values():  # the first time, PyTorch prepares layers of a shape that it has not met
            task(space.build(architecture, 10, 32), inputs)
        for turn in range(repeats):
            for name, task in TASKS.items():
                network = space.build(architecture, 10, 32)
                seconds[name][place, turn] = seconds_of(lambda task=task, network=network: task(network, inputs))
    return {name: np.median(of_task, axis=1) for name, of_task in seconds.items()}


def in_threads(task: Task, networks: Sequence[nn.Module], inputs: Inputs, threads: int) -> float:
    """Return seconds on the clock for one network, of several threads."""
    begun = time.perf_counter()
    run_in_threads(lambda n: task(networks[n], inputs), count=len(networks), threads=threads, limit=lambda: threads)
    return (time.perf_counter() - begun) / len(networks)


def seconds_of(work: Callable[[], object]) -> float:
    """Return the processor seconds of some work."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def print_row(name: str, seconds: Sequence[float], together: float | None = None, times: float | None = None) -> None:
    """Print what a task takes for one network: in one thread, in several, and how many times the bare passes."""
    several = "" if together is None else f"{together:16.4f} s"
    over = "" if times is None else f"{times:16.2f}"
    print(f"{name:36}{statistics.median(seconds):16.4f} s{statistics.mean(seconds):7.4f} s{several}{over}")


if __name__ == "__main__":
    main()
