"""Labelled training and test images as plain arrays, read from an .npz file or made by a recipe."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.images import check_images, read_arrays
from eznas.errors import EznasError

_ARRAYS = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True)
class ImageSet:
    """Images to train and to test on.

    Attributes:
        x_train: uint8 RGB images (count, size, size, 3).
        y_train: their classes, integers from 0, (count,).
        x_test: like `x_train`, other images.
        y_test: their classes.
        recipe: where the images come from, as plain data for the record of a benchmark.
    """

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]
    recipe: dict[str, Any]

    @property
    def image_size(self) -> int:
        """Height and width of an image, in pixels."""
        return int(self.x_train.shape[1])

    @property
    def num_classes(self) -> int:
        """One more than the highest label."""
        return int(max(self.y_train.max(), self.y_test.max())) + 1

    def fingerprint(self) -> str:
        """Return the SHA-256 of all pixels and labels, so that a changed image set is noticed."""
        digest = hashlib.sha256()
        for name in _ARRAYS:
            array = np.ascontiguousarray(getattr(self, name))
            digest.update(f"{name}{array.shape}".encode())
            digest.update(array.data)
        return digest.hexdigest()


def load_image_set(path: Path) -> ImageSet:
    """Read `x_train`, `y_train`, `x_test` and `y_test` (images uint8, NHWC) from an .npz file.

    Raises:
        EznasError: the file cannot be read, an array is missing, or one has the wrong type or shape.
    """
    arrays = read_arrays(path, _ARRAYS)
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        check_images(images, path, f"x_{part}", images.shape[1] if images.ndim == 4 else 0)
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
            raise EznasError(
                f"y_{part} in {path} is {labels.dtype} of shape {labels.shape}: give one class for each of the "
                f"{len(images)} images of x_{part}, as integers."
            )
        if labels.min() < 0:
            raise EznasError(f"y_{part} in {path} has the class {labels.min()}: number the classes from 0.")
    if arrays["x_train"].shape[1] != arrays["x_test"].shape[1]:
        raise EznasError(
            f"The images in {path} differ in size, {arrays['x_train'].shape[1]} pixels for training and "
            f"{arrays['x_test'].shape[1]} for testing: give both the same size."
        )
    return ImageSet(
        x_train=arrays["x_train"],
        y_train=arrays["y_train"].astype(np.int64),
        x_test=arrays["x_test"],
        y_test=arrays["y_test"].astype(np.int64),
        recipe={"source": path.name},
    )
