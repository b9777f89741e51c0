"""Benchmarks whose accuracies `eznas benchmark train` measured: a table, and a JSON file that says what it is of.

The table `NAME.csv` has the columns `architecture` and `accuracy_seed_0`, `accuracy_seed_1` and so on; beside it lie
`NAME.json` and the sample images that it names. This is how a search space of your own becomes a benchmark.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas import spaces
from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.images import Normalisation, read_images
from eznas.benchmarks.record import Record
from eznas.data.tables import Table, read_table
from eznas.errors import EznasError

FORMAT: Final = 1
"""Version of the JSON file; one of another version is refused."""

_SEED_COLUMN: Final = re.compile(r"accuracy_seed_\d+")


def load_trained_table(path: Path, name: str | None = None, split: str | None = None, remark: str = "") -> Benchmark:
    """Return the benchmark of a table; a network's accuracy is the mean over the table's seeds.

    Args:
        path: the table; its JSON file has the same name with the ending .json.
        name: of the benchmark; None for the path.
        split: None, or the split that the accuracies must be of.
        remark: put before the description.

    Raises:
        EznasError: table, JSON file or search space is missing or damaged, or the accuracies are of another split.
            Images are read when first needed.
    """
    # The table comes first: a mistyped path should be told as that, not as a missing JSON file.
    table = read_table(path)
    record = Record.read(path.with_suffix(".json"))
    if record.count("format") != FORMAT:
        raise EznasError(
            f"{record.path} has format {record.count('format')}, and this version of eznas reads format {FORMAT}: "
            "update eznas, or write the table again."
        )
    name = name or str(path)
    accuracy_split = record.text("accuracy_split")
    if split not in (None, accuracy_split):
        raise EznasError(f"{name} has no split {split!r}: its accuracies are of the {accuracy_split} split.")
    space_record = record.nested("space")
    space = spaces.get(space_record.text("name"), **space_record.nested("settings").content)
    accuracies = _accuracies(table)
    normalisation = record.nested("normalisation")
    dataset, epochs, image_size = record.text("dataset"), record.count("epochs"), record.count("image_size")
    images = path.parent / record.text("images")
    return Benchmark(
        name=name,
        space=space,
        dataset=dataset,
        architectures=table.architectures("architecture", space),
        accuracies=accuracies.mean(axis=1),
        accuracy_split=accuracy_split,
        epochs=epochs,
        num_classes=record.count("num_classes"),
        image_size=image_size,
        read_images=lambda: read_images(images, "x_train", image_size),
        normalisation=Normalisation(
            mean=normalisation.channels("mean", positive=False),
            deviation=normalisation.channels("deviation", positive=True),
            source=f"mean and standard deviation of the training images, in {record.path.name}",
        ),
        description=(
            f"{remark}{len(table.rows):,} networks of the space {space.name}, trained by eznas on {dataset} for "
            f"{epochs} epochs; {accuracy_split} accuracy, mean over {accuracies.shape[1]} seeds{_reliability(record)}."
        ),
        source=str(path),
    )


def _accuracies(table: Table) -> NDArray[np.float64]:
    """Return float64 (networks, seeds)."""
    columns = [column for column in table.header if _SEED_COLUMN.fullmatch(column)]
    if not columns:
        raise EznasError(
            f"{table.path} has no column of accuracies, only {', '.join(map(repr, table.header))}: "
            "call it accuracy_seed_0, and those of further seeds accuracy_seed_1 and so on."
        )
    return np.stack([table.percentages(column) for column in columns], axis=1)


def _reliability(record: Record) -> str:
    if "reliability" not in record.content:
        return ""
    tau = record.nested("reliability").number_or_none("tau")
    return "" if tau is None else f" (two halves of the seeds rank the networks with tau {tau:.2f} between them)"
