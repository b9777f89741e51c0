"""Sample images of a user's own, made ready for the passes of a proxy: some of them, square, all of one size.

They come from an .npz file, from a folder of image files with a sub-folder for each class, or from an array.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks import SAMPLE_IMAGES
from eznas.benchmarks.images import Normalisation, Pixels, read_arrays
from eznas.errors import EznasError, described
from eznas.files import check_regular

_IMAGE_ARRAYS: Final = ("x_train", "x", "images", "data", "x_test")
_LABEL_ARRAYS: Final = ("y_train", "y", "labels", "label", "targets", "y_test")
_FILES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
_PARTS: Final = frozenset({"test", "train", "training", "val", "valid", "validation"})
_RESIZE: Final = "give the size to which they are to be cropped and resized (`--image-size 32`, `image_size=32`)"


@dataclass(frozen=True)
class SampleImages:
    """Square images of one size.

    Attributes:
        pixels: (images, size, size, 3), uint8; or float32 where an array was standardised already.
        num_classes: how many classes the labels or sub-folders have; None without either.
        dataset: name of the file or folder that they are from.
        source: how many of how many they are, and from where, for printing.
        normalisation: by their own mean and standard deviation; none where they were standardised already.
    """

    pixels: Pixels
    num_classes: int | None
    dataset: str
    source: str
    normalisation: Normalisation

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return int(self.pixels.shape[1])


def sample_images(
    images: str | os.PathLike[str] | Any, size: int | None = None, count: int = SAMPLE_IMAGES
) -> SampleImages:
    """Draw `count` images, always the same ones, or take all if there are no more.

    Args:
        images: path of an .npz file or of a folder; or an array or a PyTorch tensor, of which all images are taken.
            Arrays are (images, height, width, 3), also with the channels first, or with one grey channel or none;
            pixels are whole numbers from 0 to 255 or floats from 0 to 1. An array with negative numbers has been
            standardised and is taken as it is.
        size: height and width to crop and resize to; None for images that are square and of one size already.
        count: how many at most.

    Raises:
        EznasError: there are none, one cannot be read, or without `size` they are not square and of one size.
    """
    if size is not None and size < 1:
        raise EznasError(f"The image size is {size}: give 1 or more pixels.")
    if not isinstance(images, str | os.PathLike):
        return _of_array(images, size)
    path = Path(images).expanduser()
    if path.is_dir():
        return _of_folder(path, size, count)
    if path.suffix.lower() == ".npz":
        return _of_archive(path, size, count)
    raise EznasError(
        f"There are no images at {path}: give an .npz file, or a folder that has a sub-folder of image files for each "
        "class."
    )


def _of_array(images: Any, size: int | None) -> SampleImages:
    array = np.asarray(images.detach().cpu() if hasattr(images, "detach") else images)
    called = "the images"
    source = f"{len(array) if array.ndim else 0:,} images as given"
    # A pixel is never negative, so these were standardised as for training.
    if array.dtype.kind == "f" and array.size and np.isfinite(array).all() and array.min() < 0:
        pixels = _square(_in_three_channels(array, called).astype(np.float32), size, called)
        as_they_are = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "none: the images were given standardised")
        return SampleImages(pixels, None, "given images", source, as_they_are)
    return _sample(_square(_pixels(array, called), size, called), None, "given images", source)


def _of_archive(path: Path, size: int | None, count: int) -> SampleImages:
    arrays = read_arrays(path)
    known = next((name for name in _IMAGE_ARRAYS if name in arrays), None)
    candidates = [known] if known else [name for name, array in arrays.items() if array.ndim in (3, 4)]
    if len(candidates) != 1:
        raise EznasError(
            f"{path} has the arrays {', '.join(map(repr, arrays)) or 'none'}: call the one with the images 'x_train', "
            "and their classes 'y_train'."
        )
    images, called = arrays[candidates[0]], f"{candidates[0]!r} in {path}"
    total = len(images) if images.ndim else 0
    if total > count:
        images = images[_drawn(total, count)]
    labels = [arrays[name] for name in _LABEL_ARRAYS if name in arrays]
    highest = [int(one.max()) for one in labels if one.dtype.kind in "iu" and one.size]
    pixels = _square(_pixels(images, called), size, called)
    return _sample(pixels, max(highest) + 1 if highest else None, path.stem, _source(len(pixels), total, path))


def _of_folder(path: Path, size: int | None, count: int) -> SampleImages:
    classes = sorted(one.name for one in path.iterdir() if one.is_dir() and not one.name.startswith("."))
    if classes and _PARTS.issuperset(classes):
        raise EznasError(
            f"The folder {path} has the parts {', '.join(classes)}: give one of them, such as {path / classes[-1]}."
        )
    files = [file for name in classes or ["."] for file in _image_files(path / name)]
    if not files:
        raise EznasError(
            f"The folder {path} has no image files ({', '.join(sorted(_FILES))}): give one that has a sub-folder of "
            "them for each class."
        )
    chosen = [files[number] for number in _drawn(len(files), count)]
    decoded = [_decoded(file) for file in chosen]
    if size is not None:
        decoded = [_square(image[np.newaxis], size, str(path))[0] for image in decoded]
    shapes = {image.shape for image in decoded}
    if len(shapes) > 1:
        raise EznasError(f"The images in {path} are of {len(shapes)} different sizes: {_RESIZE}.")
    pixels = _square(np.stack(decoded), size, str(path))
    return _sample(pixels, len(classes) or None, path.name, _source(len(chosen), len(files), path))


def _source(count: int, total: int, path: Path) -> str:
    return f"{f'{count:,} of the {total:,}' if count < total else f'all {total:,}'} images in {path}"


def _sample(pixels: NDArray[np.uint8], num_classes: int | None, dataset: str, source: str) -> SampleImages:
    normalisation = Normalisation.of(pixels, "mean and standard deviation of the sample images")
    return SampleImages(pixels, num_classes, dataset or "images", source, normalisation)


def _drawn(total: int, count: int) -> NDArray[np.int64]:
    """Return the positions of `count` of `total` images in rising order: spread over all, as they may be sorted."""
    rng = np.random.default_rng(0)
    return np.sort(rng.permutation(total)[:count]).astype(np.int64)


def _image_files(folder: Path) -> Sequence[Path]:
    found = [Path(root, name) for root, _, names in os.walk(folder, followlinks=True) for name in names]
    return sorted(file for file in found if file.suffix.lower() in _FILES and not file.name.startswith("."))


def _decoded(file: Path) -> NDArray[np.uint8]:
    try:
        from PIL import Image
    except ImportError as error:
        raise EznasError(
            "Reading image files needs Pillow: run `pip install pillow`, or give the images as an .npz file."
        ) from error
    check_regular(file)
    try:
        with Image.open(file) as image:
            return np.asarray(image.convert("RGB"), dtype=np.uint8)
    except Exception as error:  # Pillow's readers raise whatever a damaged file leads them to
        raise EznasError(f"The image {file} could not be read ({described(error)}): replace or remove it.") from error


def _pixels(array: NDArray[Any], called: str) -> NDArray[np.uint8]:
    """Return uint8 (images, height, width, 3)."""
    images = _in_three_channels(array, called)
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images, np.uint8)
    if images.dtype.kind == "f" and images.min() >= 0 and images.max() <= 1:
        return (images * 255).round().astype(np.uint8)
    if images.min() >= 0 and images.max() <= 255 and (images == images.round()).all():
        return images.astype(np.uint8)
    raise EznasError(
        f"The numbers of {called} are {images.dtype} from {images.min():g} to {images.max():g}: give pixels, as "
        "whole numbers from 0 to 255 or as floats from 0 to 1."
    )


def _in_three_channels(array: NDArray[Any], called: str) -> NDArray[Any]:
    """Return the array as (images, height, width, 3), one grey channel repeated."""
    if array.size and array.dtype.kind in "uif":
        if array.ndim == 4 and array.shape[-1] in (1, 3):
            return np.broadcast_to(array, (*array.shape[:-1], 3))
        if array.ndim == 4 and array.shape[1] in (1, 3):
            moved = array.transpose(0, 2, 3, 1)
            return np.broadcast_to(moved, (*moved.shape[:-1], 3))
        if array.ndim == 3 and array.shape[-1] > 4:
            return np.broadcast_to(array[..., np.newaxis], (*array.shape, 3))
    raise EznasError(
        f"{called[0].upper()}{called[1:]} is {array.dtype} of shape {array.shape}: give numbers of shape "
        "(images, height, width, 3), with at least one image."
    )


def _square(images: Any, size: int | None, called: str) -> Any:
    """Return images (images, size, size, 3): the middle square of each, resized, in the type that they have."""
    height, width = images.shape[1:3]
    if size is None and height != width:
        raise EznasError(f"The images of {called} have {height}x{width} pixels: {_RESIZE}.")
    side = min(height, width)
    size = size or side
    top, left = (height - side) // 2, (width - side) // 2
    images = images[:, top : top + side, left : left + side]
    if side == size:
        return np.ascontiguousarray(images)
    import torch
    from torch.nn import functional

    numbers = torch.from_numpy(np.array(images, dtype=np.float32)).permute(0, 3, 1, 2)
    resized = functional.interpolate(numbers, (size, size), mode="bilinear", antialias=True).permute(0, 2, 3, 1).numpy()
    if images.dtype == np.uint8:
        resized = resized.round().clip(0, 255)
    return np.ascontiguousarray(resized, images.dtype)
