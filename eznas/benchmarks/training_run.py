"""Train many networks with several seeds, in parallel and resumably: where a new benchmark's accuracies come from."""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import signal
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property, partial
from multiprocessing.connection import wait as wait_for_exit
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eznas import spaces
from eznas.benchmarks.image_set import ImageSet
from eznas.benchmarks.progress_file import Finished, ProgressFile
from eznas.benchmarks.training_settings import TrainingSettings
from eznas.errors import EznasError, in_users_code
from eznas.spaces.base import Space


@dataclass(frozen=True)
class Campaign:
    """Everything that a network's accuracy depends on, beside the network and the seed.

    Attributes:
        images: to train and to test on.
        training: the settings of every training.
        space_name: as `spaces.get` understands it.
        space_settings: given to `spaces.get`.
        space_folder: where a space of one's own is looked for before the current folder.
        device: `cpu`, `cuda` or `cuda:N`.
    """

    images: ImageSet
    training: TrainingSettings
    space_name: str = "nasbench201"
    space_settings: dict[str, Any] = field(default_factory=dict)
    space_folder: Path | None = None
    device: str = "cpu"

    @cached_property
    def space(self) -> Space:
        """The search space."""
        return spaces.get(self.space_name, self.space_folder, **self.space_settings)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the space out: a worker makes its own, since what comes from a file of the user's cannot be sent."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def protocol(self) -> dict[str, Any]:
        """Return what must not change between the runs of one campaign, as plain data."""
        return {
            "space": {"name": self.space_name, "settings": self.space_settings},
            "space_details": self.space.settings(),
            "image_recipe": {**self.images.recipe, "sha256": self.images.fingerprint()},
            "training": asdict(self.training),
            # GPUs of one machine may share the work, but a GPU and a CPU round differently.
            "device": self.device.partition(":")[0],
        }


Training: TypeAlias = tuple[str, int]
"""An architecture, and the number of its training."""

TrainAll: TypeAlias = Callable[[Campaign, Sequence[Training]], Iterator[Finished]]
"""Yields every training of a campaign that is asked for as it finishes."""


def in_processes(workers: int) -> TrainAll:
    """Return what trains in processes of this machine, each on one thread."""
    return partial(_train_in_processes, workers=workers)


def train_benchmark(
    campaign: Campaign,
    architectures: Sequence[str],
    seeds: int,
    progress_path: Path,
    train_all: TrainAll,
    console: Console | None = None,
) -> NDArray[np.float64]:
    """Train every architecture with the seeds 0 to `seeds` - 1, and return the accuracies.

    All networks are trained with one seed before the next seed begins, so that a campaign cut short leaves a whole
    table of fewer seeds. What `progress_path` already holds is not trained again.

    Args:
        campaign: how to train.
        architectures: canonical texts, each once.
        seeds: number of trainings per network.
        progress_path: where every finished training is noted.
        train_all: does it; the accuracies do not depend on how many trainings it does at once.
        console: where to show the progress, if it is a terminal.

    Returns:
        Test accuracies in percent, float64 (architectures, seeds).

    Raises:
        EznasError: the progress file belongs to another campaign, or a network cannot be built or trained.
        KeyboardInterrupt: on Ctrl-C; all that was finished is in the progress file.
    """
    with ProgressFile(progress_path, campaign.protocol()) as record:
        todo = [(text, seed) for seed in range(seeds) for text in architectures if (text, seed) not in record.finished]
        total = seeds * len(architectures)
        columns = (
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("left:"),
            TimeRemainingColumn(),
        )
        hidden = console is None or not console.is_terminal
        with Progress(*columns, console=console, disable=hidden, speed_estimate_period=300) as progress:
            task = progress.add_task("training", total=total, completed=total - len(todo), rate="")
            for training in train_all(campaign, todo):
                record.append(training)
                progress.advance(task)
                speed = progress.tasks[0].speed
                progress.update(task, rate=f"{speed:.2f} networks/s" if speed else "")
        return np.array([[record.finished[text, seed] for seed in range(seeds)] for text in architectures])


def complete_seeds(progress_path: Path, campaign: Campaign, architectures: Sequence[str]) -> int:
    """Return for how many seeds, counted from 0, the progress file holds all of `architectures`."""
    with ProgressFile(progress_path, campaign.protocol()) as record:
        seed = 0
        while all((text, seed) in record.finished for text in architectures):
            seed += 1
        return seed


def training_seed(architecture: str, seed: int) -> int:
    """Return the number that starts all randomness of one training, different for every network and seed."""
    sequence = np.random.SeedSequence([seed, zlib.crc32(architecture.encode())])
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def _train_in_processes(campaign: Campaign, todo: Sequence[Training], workers: int) -> Iterator[Finished]:
    """Yield every training of `todo` as it finishes; workers are ended at once if the caller stops listening."""
    if not todo:
        return
    others = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(
        min(workers, len(todo)),
        # A forked PyTorch may hang: its threads and locks do not survive the fork.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(campaign,),
    )
    remaining = iter(todo)
    try:
        # Few trainings are handed out ahead, so that the finished ones are nearly in order.
        pending: set[Future[Finished]] = {
            executor.submit(_train_one, *pair) for pair in itertools.islice(remaining, 2 * workers)
        }
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
                if (pair := next(remaining, None)) is not None:
                    pending.add(executor.submit(_train_one, *pair))
        executor.shutdown()
    except BrokenProcessPool as error:
        raise EznasError(
            "A training process was ended from outside, perhaps because memory ran out: run the same command again, "
            "with fewer --workers; it goes on from here."
        ) from error
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()


_worker_campaign: Campaign | None = None


def _start_worker(campaign: Campaign) -> None:
    global _worker_campaign  # noqa: PLW0603 - a worker's one campaign; sent once, as the images are large
    # Ctrl-C reaches the whole process group; the parent alone decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker_campaign = campaign


def _end_with_parent() -> None:
    """End this process when its parent is gone: a killed command must not leave workers behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_exit([parent.sentinel])
        os._exit(1)


def _train_one(architecture: str, seed: int) -> Finished:
    if _worker_campaign is None:
        raise RuntimeError("the worker was not started by _start_worker")
    return train_one(_worker_campaign, (architecture, seed))


def train_one(campaign: Campaign, training: Training) -> Finished:
    """Train a network in a process that serves nothing else: its PyTorch is set to what accuracies depend on.

    Raises:
        EznasError: the network cannot be built or trained.
    """
    import torch

    from eznas.benchmarks.trainer import train_network

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    architecture, seed = training
    number = training_seed(architecture, seed)
    # A space builds its networks with PyTorch's global generator; this process serves nothing else.
    torch.manual_seed(number)
    with in_users_code(
        f"The network {architecture} of the space {campaign.space_name} could not be trained",
        "correct the space, then run the same command again",
    ):
        network = campaign.space.build(architecture, campaign.images.num_classes, campaign.images.image_size)
        result = train_network(network, campaign.images, campaign.training, number, campaign.device)
    loss = result.loss if math.isfinite(result.loss) else None
    return Finished(architecture, seed, result.accuracy, loss, round(result.seconds, 3))
