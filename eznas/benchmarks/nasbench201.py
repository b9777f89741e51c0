"""NAS-Bench-201 (Dong and Yang, ICLR 2020): 15,625 cells trained on three datasets for 200 epochs.

Tables and images are read from the data folder (see `eznas.data_folder`); none of them comes with eznas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.images import Normalisation, check_images, read_arrays, read_images
from eznas.benchmarks.tables import Table, read_table
from eznas.data_folder import data_file
from eznas.errors import EznasError
from eznas.spaces.nasbench201 import NASBench201

NETWORKS: Final = 15_625
EPOCHS: Final = 200
SPLITS: Final = ("validation", "test")

_TABLES: Final = (
    "the table of NAS-Bench-201 published as data/{file} in github.com/Zhenhan-Huang/NASGraph-Public "
    "(commit 1f8fd621c60a48728fcc890818b6b94eee62e4dc)"
)
_CIFAR_IMAGES: Final = (
    "an .npz file with the array x_train, uint8 (images, 32, 32, 3), taken from the official {dataset} archive at "
    "cs.toronto.edu/~kriz/cifar.html"
)
_IMAGENET_IMAGES: Final = (
    "an .npz file with the arrays x, uint8 (images, 16, 16, 3), and label, 1 to 1000, of ImageNet pictures reduced to "
    "16 by 16 pixels"
)
# The constants with which the benchmark's networks were trained.
_CONSTANTS: Final = "AutoDL-Projects, xautodl/datasets/get_dataset_with_transform.py"


@dataclass(frozen=True)
class _Dataset:
    """What differs between the three benchmarks.

    Attributes:
        name: of the dataset.
        table: file below the data folder.
        images: file below the data folder.
        images_origin: where a user gets that file.
        read_images: from its path to uint8 (images, size, size, 3).
        image_size: pixels.
        num_classes: length of the logits.
        normalisation: with which the networks were trained.
        remark: what to know of the accuracies and the images.
    """

    name: str
    table: str
    images: str
    images_origin: str
    read_images: Callable[[Path], NDArray[np.uint8]]
    image_size: int
    num_classes: int
    normalisation: Normalisation
    remark: str


def _cifar_images(path: Path) -> NDArray[np.uint8]:
    return read_images(path, "x_train", 32)


def _imagenet16_images(path: Path) -> NDArray[np.uint8]:
    """Return the pictures of the first 120 classes, which are those of ImageNet16-120."""
    arrays = read_arrays(path, ["x", "label"])
    images, labels = arrays["x"], arrays["label"]
    check_images(images, path, "x", 16)
    if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
        raise EznasError(
            f"'label' in {path} is {labels.dtype} of shape {labels.shape}: it must be one integer for each of the "
            f"{len(images)} images; fetch the file again."
        )
    chosen = images[(labels >= 1) & (labels <= 120)]
    if len(chosen) == 0:
        raise EznasError(f"{path} has no image with a label from 1 to 120: fetch the file again.")
    return chosen


_DATASETS: Final = {
    "nasbench201-cifar10": _Dataset(
        name="CIFAR-10",
        table="nasbench201/nasbench201_cifar10.csv",
        images="images/cifar10_1280.npz",
        images_origin=_CIFAR_IMAGES.format(dataset="CIFAR-10"),
        read_images=_cifar_images,
        image_size=32,
        num_classes=10,
        normalisation=Normalisation((125.3, 123.0, 113.9), (63.0, 62.1, 66.7), _CONSTANTS),
        remark="trained on half of the training images (cifar10-valid), the other half being the validation split",
    ),
    "nasbench201-cifar100": _Dataset(
        name="CIFAR-100",
        table="nasbench201/nasbench201_cifar100.csv",
        images="images/cifar100_1280.npz",
        images_origin=_CIFAR_IMAGES.format(dataset="CIFAR-100"),
        read_images=_cifar_images,
        image_size=32,
        num_classes=100,
        normalisation=Normalisation((129.3, 124.1, 112.4), (68.2, 65.4, 70.4), _CONSTANTS),
        remark="trained on all training images, validation and test being halves of the official test images",
    ),
    "nasbench201-imagenet16-120": _Dataset(
        name="ImageNet16-120",
        table="nasbench201/nasbench201_ImageNet16-120.csv",
        images="images/imagenet16_like_1000.npz",
        images_origin=_IMAGENET_IMAGES,
        read_images=_imagenet16_images,
        image_size=16,
        num_classes=120,
        normalisation=Normalisation((122.68, 116.66, 104.01), (63.22, 61.26, 65.09), _CONSTANTS),
        remark=(
            "the sample images are a stand-in, ImageNet pictures of the same 120 classes reduced to 16x16, and not the "
            "benchmark's own files"
        ),
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
    origin = _TABLES.format(file=Path(dataset.table).name)
    table = read_table(data_file(dataset.table, origin))
    _check_rows(table)
    space = NASBench201()
    return Benchmark(
        name=name,
        space=space,
        dataset=dataset.name,
        architectures=table.architectures("arch str", space),
        accuracies=table.percentages(f"{split} accuracy"),
        accuracy_split=split,
        epochs=EPOCHS,
        num_classes=dataset.num_classes,
        image_size=dataset.image_size,
        read_images=lambda: dataset.read_images(data_file(dataset.images, dataset.images_origin)),
        normalisation=dataset.normalisation,
        description=(
            f"NAS-Bench-201 on {dataset.name}: {NETWORKS:,} cells, {split} accuracy after {EPOCHS} epochs, mean over "
            f"the benchmark's seeds; {dataset.remark}."
        ),
        source=f"{dataset.table}: {origin}; {dataset.images}",
    )


def _check_rows(table: Table) -> None:
    """Refuse a table of other rows than the benchmark's, whose position is the benchmark's index."""
    if len(table.rows) != NETWORKS:
        raise EznasError(
            f"{table.path} has {len(table.rows):,} rows, and NAS-Bench-201 has {NETWORKS:,} networks: "
            "the table is cut off or of something else; fetch it again."
        )
    for index, (cell, line) in enumerate(zip(table.column("file id"), table.lines, strict=True)):
        if cell != str(index):
            raise EznasError(
                f"{table.path}, line {line}: the file id is {cell!r} where the benchmark's order has {index}; "
                "fetch the table again."
            )
