"""The archives of NAS-Bench-201 and NATS-Bench: what their pickles hold, and the final accuracies in them.

Three forms are read. NAS-Bench-201's `.pth` and NATS-Bench's whole `.pickle.pbz2` are one object each, which takes
about six times its uncompressed size in memory; NATS-Bench's folder `...-simple` holds `meta.pickle.pbz2` and one small
file for each network, and is read one by one. In all of them a network has, for each training schedule, the state of
the official `ArchResults`: `dataset_seed` maps a dataset to the seeds of its trainings, `all_results` maps a dataset
and a seed to one training with `epochs`, `train_acc1es` (by epoch) and `eval_acc1es` (by `SET@EPOCH`), in percent.
"""

from __future__ import annotations

import bz2
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.data.restricted_pickle import load_pickle, read_whole
from eznas.data.torch_file import load_torch
from eznas.errors import EznasError, shown

META: Final = "meta.pickle.pbz2"

TRAIN: Final = "train"

_LARGEST_NUMBER: Final = 1e9  # of epochs, or percent

# The name of a schedule in NATS-Bench is its epochs; NAS-Bench-201 calls its one of 200 epochs `full`.
_SCHEDULES: Final = {"full": "200"}


@dataclass(frozen=True)
class Dataset:
    """How the archives name a dataset.

    Attributes:
        name: as benchmarks are called after it.
        key: of the trainings. CIFAR-10's is the training on one half of the training images, with the other half as
            the validation images.
        sets: of the split `validation` and `test` each.
    """

    name: str
    key: str
    sets: Mapping[str, str]


DATASETS: Final = (
    Dataset("cifar10", "cifar10-valid", {"validation": "x-valid", "test": "ori-test"}),
    Dataset("cifar100", "cifar100", {"validation": "x-valid", "test": "x-test"}),
    Dataset("imagenet16-120", "ImageNet16-120", {"validation": "x-valid", "test": "x-test"}),
)


@dataclass(frozen=True)
class Archive:
    """An opened archive.

    Attributes:
        path: of the file or folder.
        architectures: the texts of all networks in the benchmark's order.
        results: returns a network's state for each schedule.
    """

    path: Path
    architectures: tuple[str, ...]
    results: Callable[[int], Mapping[str, Any]]

    @property
    def is_size_space(self) -> bool:
        """Whether this is NATS-Bench's size space, whose texts are channel counts, or NAS-Bench-201's cells."""
        return "|" not in self.architectures[0]

    @classmethod
    def open(cls, path: Path) -> Archive:
        """Open an archive of any of the three forms.

        Raises:
            EznasError: it cannot be read, is damaged, names something that is not allowed, or is something else.
        """
        if path.is_dir():
            meta = _mapping(_load_bz2(path / META), f"{path / META}")
            return cls(path, _architectures(meta, path / META), lambda index: _of_folder(path, index))
        content = _mapping(load_torch(path) if path.suffix == ".pth" else _load_bz2(path), str(path))
        networks = _mapping(_entry(content, "arch2infos", str(path)), f"{path}, arch2infos")

        def results(index: int) -> Mapping[str, Any]:
            return _schedules(_entry(networks, index, f"{path}, arch2infos"), f"{path}, network {index}")

        return cls(path, _architectures(content, path), results)


def final_accuracies(
    archive: Archive, schedule: str, datasets: Sequence[Dataset], report: Callable[[str], None] | None = None
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Return the accuracies after the last epoch, means over the seeds, in percent.

    Args:
        archive: of any form.
        schedule: number of epochs as a text.
        datasets: which ones.
        report: called now and then with how many networks were read.

    Returns:
        For the name of each dataset and for `train`, `validation` and `test`: float64 (networks,).

    Raises:
        EznasError: a network, schedule, dataset or accuracy is missing; the sentence names it.
    """
    count = len(archive.architectures)
    tables = {dataset.name: {split: np.empty(count) for split in (TRAIN, *dataset.sets)} for dataset in datasets}
    for index in range(count):
        schedules = archive.results(index)
        where = f"{archive.path}, network {index}"
        state = _mapping(_entry(schedules, schedule, f"{where}, schedules"), f"{where}, schedule {schedule}")
        for dataset in datasets:
            for split, values in tables[dataset.name].items():
                values[index] = _mean_over_seeds(state, dataset.key, dataset.sets.get(split), where)
        if report is not None and (index + 1) % 500 == 0:
            report(f"{index + 1:,} of {count:,} networks")
    return tables


def _mean_over_seeds(state: Mapping[str, Any], dataset: str, evaluated: str | None, where: str) -> float:
    """Return the final accuracy on a set of images; None for the training images."""
    where = f"{where}, {dataset}"
    seeds = _entry(_mapping(_entry(state, "dataset_seed", where), where), dataset, f"{where}, dataset_seed")
    trainings = _mapping(_entry(state, "all_results", where), f"{where}, all_results")
    if not isinstance(seeds, list | tuple) or not seeds or not all(isinstance(seed, int | str) for seed in seeds):
        raise EznasError(f"{where}, has no seeds: the archive is not an official one; download it again.")
    total = 0.0
    for seed in seeds:
        training = _mapping(_entry(trainings, (dataset, seed), f"{where}, all_results"), f"{where}, seed {seed}")
        last = int(_number(training, "epochs", where)) - 1
        name, key = ("train_acc1es", last) if evaluated is None else ("eval_acc1es", f"{evaluated}@{last}")
        accuracies = _mapping(_entry(training, name, f"{where}, seed {seed}"), f"{where}, seed {seed}, {name}")
        accuracy = _number(accuracies, key, f"{where}, seed {seed}, {name}")
        if not 0.0 <= accuracy <= 100.0:
            raise EznasError(f"{where}, seed {seed}, {name}, has {key} {accuracy}: it must be a percentage.")
        total += accuracy
    return total / len(seeds)


def _of_folder(folder: Path, index: int) -> Mapping[str, Any]:
    path = folder / f"{index:06d}.pickle.pbz2"
    return _schedules(_load_bz2(path), str(path))


def _load_bz2(path: Path) -> Any:
    try:
        with bz2.open(path, "rb") as file:
            return load_pickle(read_whole(file, path), path)
    except FileNotFoundError as error:
        raise EznasError(f"{path} is missing: the folder is not whole; unpack or download it again.") from error
    except (OSError, EOFError) as error:
        # BZ2File says "Invalid data stream" as an OSError without a number.
        raise EznasError(
            f"{path} is cut off or damaged ({getattr(error, 'strerror', None) or error}): download it again."
        ) from error


def _architectures(content: Mapping[Any, Any], path: Path) -> tuple[str, ...]:
    texts = _entry(content, "meta_archs", str(path))
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        raise EznasError(f"{path} has no list of texts meta_archs: it is not an official archive; download it again.")
    return tuple(texts)


def _schedules(value: object, where: str) -> Mapping[str, Any]:
    states = {name if isinstance(name, str) else shown(name): state for name, state in _mapping(value, where).items()}
    return {_SCHEDULES.get(name, name): state for name, state in states.items()}


def _mapping(value: object, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise EznasError(f"{where}, is no dictionary: the archive is not an official one; download it again.")
    return value


def _entry(content: Mapping[Any, Any], key: object, where: str) -> Any:
    if key not in content:
        raise EznasError(
            f"{where}, has no {key!r}: the archive is not an official one, or not whole; download it again."
        )
    return content[key]


def _number(content: Mapping[Any, Any], key: object, where: str) -> float:
    value = _entry(content, key, where)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST_NUMBER:
        raise EznasError(f"{where}, has {key!r} {shown(value)}: it must be a number, and none that large.")
    return float(value)
