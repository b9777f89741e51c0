"""Benchmarks of a table of accuracies and a JSON record beside it that says what the table is of.

`eznas benchmark train` writes both for accuracies that it measured, `eznas benchmark new` the record for a table that
is there already. The record of `NAME.csv` is `NAME.json`, an object with these entries (others are for the reader):

- `format`: 2;
- `space`: `name`, as `spaces.get` takes it, files being relative to the table's folder; `settings` of the space;
- `architecture_column`, and `splits`: for each task its `columns` (several are the seeds of one task) and whether
  `lower_is_better`; the first is taken if nobody says otherwise;
- `dataset`, `num_classes`, `image_size`, `epochs` (null where they are not known);
- `images`: an .npz file, relative to the table's folder, with uint8 `x_train` (images, image_size, image_size, 3),
  and, where they are known, their classes `y_train`;
- `normalisation`: `mean` and `deviation` of red, green and blue, in pixels from 0 to 255;
- `training`: how eznas trained the networks; missing where it did not;
- `reliability`: `tau` between halves of the seeds, where it is known.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas import spaces
from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.images import Normalisation, Pixels, read_images, read_labels
from eznas.benchmarks.record import Record
from eznas.benchmarks.table_layout import AccuracySplit, Measurements, TableLayout
from eznas.data.tables import Table, read_own_table
from eznas.errors import EznasError
from eznas.spaces.base import Space

FORMAT: Final = 2
"""Version of the record; one of another version is refused."""


def load_recorded_table(path: Path, name: str | None = None, split: str | None = None, remark: str = "") -> Benchmark:
    """Return the benchmark of a table.

    Args:
        path: the table; its record has the same name with the ending .json.
        name: of the benchmark; None for the path.
        split: which of the record's tasks; None for the first.
        remark: put before the description.

    Raises:
        EznasError: table, record or search space is missing or damaged, or there is no such split. Images are read
            when first needed.
    """
    # The table comes first: a mistyped path should be told as that, not as a missing record.
    table = read_own_table(path)
    record = Record.read(path.with_suffix(".json"))
    if record.count("format") != FORMAT:
        raise EznasError(
            f"{record.path} has format {record.count('format')}, and this version of eznas reads format {FORMAT}: "
            f"write it again with `eznas benchmark new {shlex.quote(str(path))}`."
        )
    space_record = record.nested("space")
    space = spaces.get(space_record.text("name"), path.parent, **space_record.nested("settings").content)
    normalisation = record.nested("normalisation")
    image_size, images = record.count("image_size"), path.parent / record.text("images")
    return recorded_benchmark(
        table,
        record,
        space,
        read=lambda: read_images(images, "x_train", image_size),
        normalisation=Normalisation(
            mean=normalisation.channels("mean", positive=False),
            deviation=normalisation.channels("deviation", positive=True),
            source=f"mean and standard deviation of the images, in {record.path.name}",
        ),
        name=name or str(path),
        split=split,
        remark=remark,
        labels=lambda: read_labels(images, "y_train"),
    )


def recorded_benchmark(
    table: Table,
    record: Record,
    space: Space,
    read: Callable[[], Pixels],
    normalisation: Normalisation,
    name: str,
    split: str | None = None,
    remark: str = "",
    labels: Callable[[], NDArray[np.int64] | None] = lambda: None,
) -> Benchmark:
    """Return the benchmark of a table with its record, space and images at hand.

    Args:
        table: the accuracies.
        record: what they are of.
        space: of the networks.
        read: returns the images, which are read when first needed.
        normalisation: of the images.
        name: of the benchmark.
        split: which of the record's tasks; None for the first.
        remark: put before the description.
        labels: returns the class of each image, where it is known.

    Raises:
        EznasError: table or record is damaged, or there is no such split.
    """
    layout = TableLayout.from_record(record)
    chosen = layout.split(split, name)
    measured = layout.measurements(table, chosen, space)
    networks = f"{len(measured.architectures):,} networks of the space {space.name}"
    return Benchmark(
        name=name,
        space=space,
        dataset=record.text("dataset"),
        architectures=measured.architectures,
        accuracies=-measured.values if chosen.lower_is_better else measured.values,
        accuracy_split=chosen.name,
        epochs=record.count_or_none("epochs"),
        num_classes=record.count("num_classes"),
        image_size=record.count("image_size"),
        read_images=read,
        normalisation=normalisation,
        description=f"{remark}{networks}, {_origin(record, chosen, table)}{_remarks(measured)}.",
        source=str(table.path),
        lower_is_better=chosen.lower_is_better,
        read_labels=labels,
    )


def _origin(record: Record, split: AccuracySplit, table: Table) -> str:
    """Return who measured what, as a part of a sentence; eznas takes credit for its own trainings only."""
    seeds = f", mean over {len(split.columns)} seeds" if "training" in record.content or len(split.columns) > 1 else ""
    if "training" in record.content:
        epochs = record.count("epochs")
        tau = record.nested("reliability").number_or_none("tau") if "reliability" in record.content else None
        halves = "" if tau is None else f" (two halves of the seeds rank the networks with tau {tau:.2f} between them)"
        return f"trained by eznas on {record.text('dataset')} for {epochs} epochs; {split.name} accuracy{seeds}{halves}"
    better = ", of which lower is better" if split.lower_is_better else ""
    return f"with {split.name} as given in {table.path.name}{seeds}{better}; images: {record.text('dataset')}"


def _remarks(measured: Measurements) -> str:
    repeated = f"; {measured.repeated:,} on several lines, whose values are averaged" if measured.repeated else ""
    missing = f"; {measured.without_value:,} more have no value and are left out" if measured.without_value else ""
    return repeated + missing
