"""Importing official files into the data folder, in the compact form that the benchmarks read."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas import spaces
from eznas.data import nas_archive
from eznas.data.cifar_archive import npz_bytes, read_images, which_archive
from eznas.data.compact_table import CompactTable
from eznas.data.nas_archive import DATASETS, Archive, final_accuracies
from eznas.data.nds_files import read_sweep, sweeps_in
from eznas.data.nds_sweeps import SWEEPS
from eznas.data.official_tables import DARTS_1000, NASBENCH_201, NATS_SIZE, read_darts_cells
from eznas.data.sums import record
from eznas.data.tables import read_table
from eznas.errors import EznasError
from eznas.files import LARGEST_TABLE, check_regular, read_regular, write_atomically

Report = Callable[[str], None]

# Name, training images and test images of the files that are made of each CIFAR archive.
_IMAGE_FILES: Final = {
    "CIFAR-10": (("images/cifar10_1280.npz", 1280, 320), ("images/cifar10_12k.npz", 10_000, 2_000)),
    "CIFAR-100": (("images/cifar100_1280.npz", 1280, 300),),
}
_TABLE_COLUMNS: Final = {
    nas_archive.TRAIN: "train accuracy",
    "validation": "validation accuracy",
    "test": "test accuracy",
}
_TABLE_NAMES: Final = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16-120": "ImageNet16-120"}


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        files: the files that were written, below the data folder.
        refused: sentences about the parts of an archive that could not be read; its other parts were imported.
    """

    files: tuple[str, ...]
    refused: tuple[str, ...]


def import_path(path: Path, folder: Path, report: Report | None = None) -> Imported:
    """Import a file or folder, whatever official form it has, and record the sums of what was made of it.

    Args:
        path: an NDS archive, folder or file; a NATS-Bench folder or file; NAS-Bench-201's .pth; a CIFAR archive; or
            a .csv table of NAS-Bench-201 or of DARTS cells.
        folder: the data folder.
        report: told how far it is.

    Raises:
        EznasError: there is no such path, it is of no known form, or none of it can be read; nothing is written then.
    """
    if not path.exists():
        raise EznasError(f"{path} does not exist: give a file or folder that you downloaded.")
    check_regular(path)
    refused: list[str] = []
    if (path / nas_archive.META).is_file() or path.suffix in (".pbz2", ".pth"):
        contents = _of_archive(path, report)
    elif path.suffix == ".csv":
        contents = _of_csv(path)
    elif path.name.endswith((".tar.gz", ".tgz")):
        contents = _of_cifar(path)
    elif path.is_dir() or path.suffix == ".json" or zipfile.is_zipfile(path) or path.suffix == ".zip":
        contents = _of_nds(path, refused, report)
    else:
        raise EznasError(
            f"{path} is of no form that is known: give an NDS .zip or .json, a NATS-Bench folder or .pbz2, "
            "NAS-Bench-201's .pth, a CIFAR .tar.gz, or a .csv table."
        )
    for file, content in contents.items():
        write_atomically(folder / file, content)
    record(folder, list(contents))
    return Imported(tuple(contents), tuple(refused))


def _of_nds(path: Path, refused: list[str], report: Report | None) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for name, file in sweeps_in(path).items():
        try:
            contents[SWEEPS[name].compact] = read_sweep(SWEEPS[name], file, report).to_bytes()
        except EznasError as error:
            refused.append(str(error))
    if not contents:
        raise EznasError(refused[0])
    return contents


def _of_archive(path: Path, report: Report | None) -> dict[str, bytes]:
    archive = Archive.open(path)
    if archive.is_size_space:
        return _size_tables(archive, report)
    return _cell_tables(archive, report)


def _size_tables(archive: Archive, report: Report | None) -> dict[str, bytes]:
    space = spaces.get("natsbench-size")
    _check_count(archive, NATS_SIZE.networks, "NATS-Bench's size space")
    architectures = tuple(space.check(text) for text in archive.architectures)
    tables = final_accuracies(archive, str(NATS_SIZE.epochs), DATASETS, report)
    return {
        f"natsbench/size_{dataset}.msgpack": CompactTable(
            benchmark=f"natsbench-size-{dataset}",
            epochs=NATS_SIZE.epochs,
            trainings=len(architectures),
            origin=archive.path.name,
            architectures=architectures,
            accuracies={split: accuracies[split] for split in ("validation", "test")},
        ).to_bytes()
        for dataset, accuracies in tables.items()
    }


def _cell_tables(archive: Archive, report: Report | None) -> dict[str, bytes]:
    _check_count(archive, NASBENCH_201.networks, "NAS-Bench-201")
    tables = final_accuracies(archive, str(NASBENCH_201.epochs), DATASETS, report)
    return {
        f"nasbench201/nasbench201_{_TABLE_NAMES[dataset]}.csv": _csv_bytes(archive.architectures, accuracies)
        for dataset, accuracies in tables.items()
    }


def _csv_bytes(architectures: tuple[str, ...], accuracies: dict[str, NDArray[np.float64]]) -> bytes:
    """Return a table in the form of the published ones: every network has 16 channels and 5 cells a stage."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["file id", "arch str", "cfg name", "C", "N", *_TABLE_COLUMNS.values()])
    for index, architecture in enumerate(architectures):
        numbers = [float(accuracies[split][index]) for split in _TABLE_COLUMNS]
        writer.writerow([index, architecture, "infer.tiny", 16, 5, *numbers])
    return buffer.getvalue().encode()


def _of_csv(path: Path) -> dict[str, bytes]:
    try:
        content = read_regular(path, LARGEST_TABLE)
    except OSError as error:
        raise EznasError(f"The table {path} could not be read: {error.strerror or error}.") from error
    if content.lstrip(b'"\xef\xbb\xbf').startswith(b"Genotype("):
        cells = read_darts_cells(path)
        # Any one size will do: the table has genotypes only.
        cells.architectures("genotype", spaces.get("nds-darts", widths=(16,), depths=(8,)))
        cells.percentages("accuracy")
        return {DARTS_1000.file: content}
    table = read_table(path)
    datasets = [name for name in _TABLE_NAMES.values() if path.stem.lower().endswith(f"_{name.lower()}")]
    if len(datasets) != 1:
        raise EznasError(
            f"{path} does not tell its dataset: call it nasbench201_cifar10.csv, nasbench201_cifar100.csv or "
            "nasbench201_ImageNet16-120.csv."
        )
    table.architectures("arch str", spaces.get("nasbench201"))
    for split in ("validation", "test"):
        table.percentages(_TABLE_COLUMNS[split])
    if len(table.rows) != NASBENCH_201.networks:
        raise EznasError(
            f"{path} has {len(table.rows):,} rows, and NAS-Bench-201 has {NASBENCH_201.networks:,} networks."
        )
    return {f"nasbench201/nasbench201_{datasets[0]}.csv": content}


def _of_cifar(path: Path) -> dict[str, bytes]:
    archive = which_archive(path)
    files = _IMAGE_FILES[archive.name]
    arrays = read_images(archive, path, max(train for _, train, _ in files), max(test for *_, test in files))
    # A smaller choice of images is the beginning of a larger one.
    return {
        file: npz_bytes({name: array[: train if name.endswith("train") else test] for name, array in arrays.items()})
        for file, train, test in files
    }


def _check_count(archive: Archive, count: int, what: str) -> None:
    if len(archive.architectures) != count:
        raise EznasError(f"{archive.path} has {len(archive.architectures):,} networks, and {what} has {count:,}.")
