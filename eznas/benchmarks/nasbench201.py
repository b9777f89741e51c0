"""NAS-Bench-201 (Dong and Yang, ICLR 2020): 15,625 cells trained on three datasets for 200 epochs.

Tables and images are read from the data folder (see `eznas.data.folder`); none of them comes with eznas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.image_datasets import CIFAR10, CIFAR100, IMAGENET16_120, ImageDataset
from eznas.data.folder import data_file
from eznas.data.official_tables import NASBENCH_201
from eznas.data.sources import how_to_get
from eznas.data.tables import Table, read_table
from eznas.errors import EznasError
from eznas.spaces.nasbench201 import NASBench201

SPLITS: Final = ("validation", "test")


@dataclass(frozen=True)
class _Dataset:
    """What differs between the three benchmarks.

    Attributes:
        images: the dataset.
        table: file below the data folder.
        remark: what to know of the accuracies and the images.
    """

    images: ImageDataset
    table: str
    remark: str


_DATASETS: Final = {
    "nasbench201-cifar10": _Dataset(
        images=CIFAR10,
        table="nasbench201/nasbench201_cifar10.csv",
        remark="trained on half of the training images (cifar10-valid), the other half being the validation split",
    ),
    "nasbench201-cifar100": _Dataset(
        images=CIFAR100,
        table="nasbench201/nasbench201_cifar100.csv",
        remark="trained on all training images, validation and test being halves of the official test images",
    ),
    "nasbench201-imagenet16-120": _Dataset(
        images=IMAGENET16_120,
        table="nasbench201/nasbench201_ImageNet16-120.csv",
        remark=IMAGENET16_120.remark,
    ),
}


def load(name: str, split: str | None = None) -> Benchmark:
    """Return NAS-Bench-201 on one dataset.

    Args:
        name: `nasbench201-cifar10`, `nasbench201-cifar100` or `nasbench201-imagenet16-120`.
        split: accuracies on the `validation` (default) or the `test` images.

    Raises:
        EznasError: there is no such split, or the table is missing or damaged. Images are read when first needed.
    """
    dataset = _DATASETS[name]
    split = split or SPLITS[0]
    if split not in SPLITS:
        raise EznasError(f"{name} has no split {split!r}: choose {' or '.join(SPLITS)}.")
    images = dataset.images
    table = read_table(data_file(dataset.table, how_to_get(dataset.table)))
    _check_rows(table)
    space = NASBench201()
    return Benchmark(
        name=name,
        space=space,
        dataset=images.name,
        architectures=table.architectures("arch str", space),
        accuracies=table.percentages(f"{split} accuracy"),
        accuracy_split=split,
        epochs=NASBENCH_201.epochs,
        num_classes=images.num_classes,
        image_size=images.image_size,
        read_images=images.images,
        read_labels=images.labels,
        normalisation=images.normalisation,
        description=(
            f"NAS-Bench-201 on {images.name}: {NASBENCH_201.networks:,} cells, {split} accuracy after "
            f"{NASBENCH_201.epochs} epochs, mean over the benchmark's seeds; {dataset.remark}."
        ),
        source=f"{dataset.table}: {how_to_get(dataset.table)}; {images.file}",
    )


def _check_rows(table: Table) -> None:
    """Refuse a table of other rows than the benchmark's, whose position is the benchmark's index."""
    if len(table.rows) != NASBENCH_201.networks:
        raise EznasError(
            f"{table.path} has {len(table.rows):,} rows, and NAS-Bench-201 has {NASBENCH_201.networks:,} networks: "
            "the table is cut off or of something else; fetch it again."
        )
    for index, (cell, line) in enumerate(zip(table.column("file id"), table.lines, strict=True)):
        if cell != str(index):
            raise EznasError(
                f"{table.path}, line {line}: the file id is {cell!r} where the benchmark's order has {index}; "
                "fetch the table again."
            )
