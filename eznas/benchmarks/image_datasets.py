"""The images of the published benchmarks: which file of the data folder, which size, which normalisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.images import Normalisation, check_images, read_arrays, read_images, read_labels
from eznas.data.folder import data_file
from eznas.data.sources import how_to_get
from eznas.errors import EznasError


@dataclass(frozen=True)
class ImageDataset:
    """A dataset that networks were trained on.

    Attributes:
        name: as papers write it.
        file: below the data folder.
        read: from its path to uint8 (images, size, size, 3).
        image_size: pixels.
        num_classes: length of the logits.
        normalisation: with which the networks were trained.
        read_classes: from the path to the class of each of those images, or None where they are not known.
        remark: what to know of the images, as the end of a sentence; empty when they are the dataset's own.
    """

    name: str
    file: str
    read: Callable[[Path], NDArray[np.uint8]]
    image_size: int
    num_classes: int
    normalisation: Normalisation
    read_classes: Callable[[Path], NDArray[np.int64] | None]
    remark: str = ""

    def images(self) -> NDArray[np.uint8]:
        """Return the images: uint8 (images, size, size, 3).

        Raises:
            EznasError: the file is missing or damaged.
        """
        return self.read(data_file(self.file, how_to_get(self.file)))

    def labels(self) -> NDArray[np.int64] | None:
        """Return the class of each image, int64 (images,), or None.

        Raises:
            EznasError: the file is missing or damaged.
        """
        return self.read_classes(data_file(self.file, how_to_get(self.file)))


def _cifar_images(path: Path) -> NDArray[np.uint8]:
    return read_images(path, "x_train", 32)


def _cifar_classes(path: Path) -> NDArray[np.int64] | None:
    return read_labels(path, "y_train")


def _imagenet_images(path: Path) -> NDArray[np.uint8]:
    return read_images(path, "x", 224)


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
    chosen = images[_of_the_120_classes(labels)]
    if len(chosen) == 0:
        raise EznasError(f"{path} has no image with a label from 1 to 120: fetch the file again.")
    return chosen


def _imagenet16_classes(path: Path) -> NDArray[np.int64] | None:
    labels = read_labels(path, "label")
    return None if labels is None else labels[_of_the_120_classes(labels)] - 1


def _of_the_120_classes(labels: NDArray[Any]) -> NDArray[np.bool_]:
    chosen: NDArray[np.bool_] = (labels >= 1) & (labels <= 120)
    return chosen


# The constants with which NAS-Bench-201 and NATS-Bench were trained; NDS and DARTS have the same for CIFAR-10.
_CONSTANTS: Final = "AutoDL-Projects, xautodl/datasets/get_dataset_with_transform.py"

CIFAR10: Final = ImageDataset(
    name="CIFAR-10",
    file="images/cifar10_1280.npz",
    read=_cifar_images,
    image_size=32,
    num_classes=10,
    normalisation=Normalisation((125.3, 123.0, 113.9), (63.0, 62.1, 66.7), _CONSTANTS),
    read_classes=_cifar_classes,
)
CIFAR100: Final = ImageDataset(
    name="CIFAR-100",
    file="images/cifar100_1280.npz",
    read=_cifar_images,
    image_size=32,
    num_classes=100,
    normalisation=Normalisation((129.3, 124.1, 112.4), (68.2, 65.4, 70.4), _CONSTANTS),
    read_classes=_cifar_classes,
)
IMAGENET16_120: Final = ImageDataset(
    name="ImageNet16-120",
    file="images/imagenet16_like_1000.npz",
    read=_imagenet16_images,
    image_size=16,
    num_classes=120,
    normalisation=Normalisation((122.68, 116.66, 104.01), (63.22, 61.26, 65.09), _CONSTANTS),
    read_classes=_imagenet16_classes,
    remark=(
        "the sample images are a stand-in, ImageNet pictures of the same 120 classes reduced to 16x16, and not the "
        "benchmark's own files"
    ),
)
IMAGENET: Final = ImageDataset(
    name="ImageNet",
    file="images/imagenet_224.npz",
    read=_imagenet_images,
    image_size=224,
    num_classes=1000,
    normalisation=Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375), "pycls and torchvision"),
    read_classes=lambda _: None,
)
