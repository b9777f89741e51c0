"""NATS-Bench's size space (Dong et al., TPAMI 2021): 32,768 channel configurations trained on three datasets.

The tables are read from compact files that `eznas data import` makes of the official archive.
"""

from __future__ import annotations

from typing import Final

from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.image_datasets import CIFAR10, CIFAR100, IMAGENET16_120
from eznas.data.compact_table import CompactTable
from eznas.data.folder import data_file
from eznas.data.official_tables import NATS_SIZE
from eznas.data.sources import how_to_get
from eznas.errors import EznasError
from eznas.spaces.nats_size import NATSSize

SPLITS: Final = ("validation", "test")

_DATASETS: Final = {
    "natsbench-size-cifar10": CIFAR10,
    "natsbench-size-cifar100": CIFAR100,
    "natsbench-size-imagenet16-120": IMAGENET16_120,
}


def load(name: str, split: str | None = None) -> Benchmark:
    """Return the size space on one dataset.

    Args:
        name: `natsbench-size-cifar10`, `natsbench-size-cifar100` or `natsbench-size-imagenet16-120`.
        split: accuracies on the `validation` (default) or the `test` images.

    Raises:
        EznasError: there is no such split, or the table is missing or damaged. Images are read when first needed.
    """
    dataset = _DATASETS[name]
    split = split or SPLITS[0]
    if split not in SPLITS:
        raise EznasError(f"{name} has no split {split!r}: choose {' or '.join(SPLITS)}.")
    file = f"natsbench/{name.removeprefix('natsbench-').replace('-', '_', 1)}.msgpack"
    path = data_file(file, how_to_get(file))
    table = CompactTable.read(path, name)
    if len(table.architectures) != NATS_SIZE.networks or split not in table.accuracies:
        raise EznasError(
            f"The table {path} has {len(table.architectures):,} of {NATS_SIZE.networks:,} networks and the accuracies "
            f"{', '.join(table.accuracies)}: import the official archive again."
        )
    space = NATSSize()
    return Benchmark(
        name=name,
        space=space,
        dataset=dataset.name,
        architectures=tuple(space.check(text) for text in table.architectures),
        accuracies=table.accuracies[split],
        accuracy_split=split,
        epochs=NATS_SIZE.epochs,
        num_classes=dataset.num_classes,
        image_size=dataset.image_size,
        read_images=dataset.images,
        read_labels=dataset.labels,
        normalisation=dataset.normalisation,
        description=(
            f"NATS-Bench's size space on {dataset.name}: {NATS_SIZE.networks:,} networks, {split} accuracy after "
            f"{NATS_SIZE.epochs} epochs, mean over the benchmark's seeds"
            f"{f'; {dataset.remark}' if dataset.remark else ''}."
        ),
        source=f"{path}: {how_to_get(file)}; {dataset.file}",
    )
