"""Images of a dataset from an .npz file, and the normalisation that turns their pixels into a network's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from eznas.data.zip_damage import DAMAGED_ZIP
from eznas.errors import EznasError
from eznas.files import check_regular

Pixels = NDArray[np.uint8] | NDArray[np.float32]
"""Images (count, height, width, 3): pixels from 0 to 255, or float32 numbers that are standardised already."""


@dataclass(frozen=True)
class Normalisation:
    """Standardisation by channel, in the units of the images, which are 0 to 255 for pixels.

    Attributes:
        mean: of red, green and blue.
        deviation: standard deviation of red, green and blue.
        source: where the six numbers come from.
    """

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    source: str

    @classmethod
    def of(cls, images: Pixels, source: str) -> Self:
        """Return the standardisation of images by their own mean and standard deviation."""
        (red, green, blue), deviations = channel_statistics(images).round(4).tolist()
        return cls((red, green, blue), tuple(deviations), source)

    def apply(self, images: Pixels) -> NDArray[np.float32]:
        """Return float32 (images, 3, height, width) for images (images, height, width, 3)."""
        mean, deviation = np.array([self.mean, self.deviation], dtype=np.float32)
        standardised = (images.astype(np.float32) - mean) / deviation
        return np.ascontiguousarray(standardised.transpose(0, 3, 1, 2))


def channel_statistics(images: Pixels) -> NDArray[np.float64]:
    """Return mean and standard deviation of red, green and blue, float64 (2, 3); 1 for a channel that never varies."""
    numbers = images.reshape(-1, 3)
    deviation = numbers.std(axis=0, dtype=np.float64)
    # A channel that never varies is left at zero rather than divided by zero.
    return np.stack([numbers.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, 1.0)])


def read_arrays(path: Path, names: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    """Return the named arrays of an .npz file, or all; objects, which would have to be unpickled, are refused.

    Raises:
        EznasError: the file cannot be read, is damaged, or lacks one of the arrays.
    """
    check_regular(path)
    try:
        # Opened here, because numpy leaves its own file open when the archive is damaged.
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise EznasError(f"{path} holds a single array, not an .npz archive: save it with numpy.savez.")
            names = archive.files if names is None else names
            missing = [name for name in names if name not in archive]
            if missing:
                raise EznasError(
                    f"{path} has no array {missing[0]!r}, only {', '.join(archive.files) or 'nothing'}: "
                    "fetch the file again, or save the array under that name."
                )
            return {name: archive[name] for name in names}
    except (OSError, MemoryError, *DAMAGED_ZIP) as error:
        raise EznasError(
            f"{path} could not be read as an .npz archive of arrays ({error}): it is missing, cut off or damaged; "
            "fetch it again."
        ) from error


def read_images(path: Path, name: str, size: int) -> NDArray[np.uint8]:
    """Return one array of square RGB images: uint8 (images, size, size, 3), at least one.

    Raises:
        EznasError: the file cannot be read, or the array is something else.
    """
    images = read_arrays(path, [name])[name]
    check_images(images, path, name, size)
    return images


def read_labels(path: Path, name: str) -> NDArray[np.int64] | None:
    """Return the class of each image, int64 (images,), or None where the file has no such array of whole numbers."""
    try:
        labels = read_arrays(path, [name])[name]
    except EznasError:
        # Most tables come without; what is wrong with the file is told when its images are read.
        return None
    return labels.astype(np.int64) if labels.ndim == 1 and labels.dtype.kind in "iu" else None


def check_images(images: NDArray[Any], path: Path, name: str, size: int) -> None:
    """Raise an `EznasError` unless `images` is uint8 of shape (1 or more, size, size, 3)."""
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (size, size, 3) or len(images) == 0:
        raise EznasError(
            f"{name!r} in {path} is {images.dtype} of shape {images.shape}: it must be uint8 of shape "
            f"(images, {size}, {size}, 3) with one image or more; fetch the file again."
        )
