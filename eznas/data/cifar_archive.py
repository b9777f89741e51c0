"""A small class-balanced part of the official CIFAR archives, as an .npz file of plain arrays.

The choice is fixed: the archive's images are taken class by class in rounds, each round the next image of class 0, of
class 1 and so on in the archive's own order, until there are enough. So every class has the same number of images, or
one more than others, and a smaller choice is the beginning of a larger one.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.data.restricted_pickle import PickledArray, load_pickle, read_whole
from eznas.errors import EznasError


@dataclass(frozen=True)
class CifarArchive:
    """One of the two official archives.

    Attributes:
        name: of the dataset.
        train: members with training images.
        test: members with test images.
        labels: key of the classes.
        classes: number of classes.
    """

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    labels: bytes
    classes: int


CIFAR10: Final = CifarArchive(
    name="CIFAR-10",
    train=tuple(f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6)),
    test=("cifar-10-batches-py/test_batch",),
    labels=b"labels",
    classes=10,
)
CIFAR100: Final = CifarArchive(
    name="CIFAR-100",
    train=("cifar-100-python/train",),
    test=("cifar-100-python/test",),
    labels=b"fine_labels",
    classes=100,
)


def which_archive(path: Path) -> CifarArchive:
    """Return which of the two archives a .tar.gz file is, after a check that all of it is there.

    Raises:
        EznasError: it is neither, or damaged.
    """
    try:
        with gzip.open(path) as whole:
            # The checksum stands at the end, and tarfile does not read so far.
            while whole.read(1 << 22):
                pass
        with tarfile.open(path) as archive:
            first = archive.next()
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise EznasError(_damaged(path, error)) from error
    for known in (CIFAR10, CIFAR100):
        if first is not None and first.name.split("/")[0] == known.train[0].split("/")[0]:
            return known
    raise EznasError(f"{path} is no official CIFAR archive: give cifar-10-python.tar.gz or cifar-100-python.tar.gz.")


def read_images(archive: CifarArchive, path: Path, train: int, test: int) -> dict[str, NDArray[Any]]:
    """Return `x_train`, `y_train`, `x_test` and `y_test`: uint8 (count, 32, 32, 3) and int64 (count,).

    Raises:
        EznasError: the archive is damaged, names something that is not allowed, or has too few images of a class.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for part, members, count in (("train", archive.train, train), ("test", archive.test, test)):
        images, labels = _read_members(archive, path, members)
        chosen = balanced_choice(labels, archive.classes, count)
        if len(chosen) < count:
            raise EznasError(f"{path} has not {count} {part}ing images in equal parts of {archive.classes} classes.")
        arrays[f"x_{part}"], arrays[f"y_{part}"] = images[chosen], labels[chosen]
    return arrays


def balanced_choice(labels: NDArray[np.int64], classes: int, count: int) -> NDArray[np.int64]:
    """Return the indices that the module's rule chooses; fewer than `count` where a class runs out of images."""
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels, minlength=classes)
    rounds = np.concatenate([np.arange(size) for size in sizes])
    whole = order[np.lexsort((labels[order], rounds))]
    return whole[: min(count, int(sizes.min()) * classes)]


def npz_bytes(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Return the content of a compressed .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _read_members(
    archive: CifarArchive, path: Path, members: Sequence[str]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    parts: dict[str, Any] = {}
    try:
        with tarfile.open(path) as tar:
            # In the archive's own order, because going back means unpacking from the beginning again.
            for member in tar:
                if member.name in members and member.isfile():
                    file = tar.extractfile(member)
                    assert file is not None
                    parts[member.name] = load_pickle(read_whole(file, path), path, encoding="bytes")
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise EznasError(_damaged(path, error)) from error
    if missing := [name for name in members if name not in parts]:
        raise EznasError(f"{path} has no {missing[0]}: give the official archive of {archive.name} for Python.")
    batches = [_batch(archive, parts[name], f"{path}, {name}") for name in members]
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _batch(archive: CifarArchive, content: Any, where: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    data = content.get(b"data") if isinstance(content, dict) else None
    pixels = data.values if isinstance(data, PickledArray) else None
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != 3 * 32 * 32:
        raise EznasError(f"{where}, has no images under 'data': give the official archive of {archive.name}.")
    labels = content.get(archive.labels)
    valid = isinstance(labels, list) and all(type(label) is int and 0 <= label < archive.classes for label in labels)
    if not valid or len(labels) != len(pixels):
        raise EznasError(
            f"{where}, has no class for each image under {archive.labels.decode()!r}: give the official archive of "
            f"{archive.name}."
        )
    images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(labels, dtype=np.int64)


def _damaged(path: Path, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return f"{path} is cut off or damaged, or no .tar.gz archive ({reason}): download it again."
