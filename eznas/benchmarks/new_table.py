"""Make a table of one's own a benchmark: find out what was not said, and write the record and the sample images.

Source of the format: `eznas.benchmarks.recorded_table`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import numpy as np

from eznas import spaces
from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.network_check import output_count
from eznas.benchmarks.record import Record
from eznas.benchmarks.recorded_table import FORMAT, recorded_benchmark
from eznas.benchmarks.sample_images import SampleImages, sample_images
from eznas.benchmarks.table_layout import TableLayout
from eznas.data.tables import Table, read_own_table
from eznas.errors import EznasError
from eznas.files import LARGEST_TEXT, read_regular, write_atomically
from eznas.spaces.base import Space
from eznas.spaces.foreign import ForeignSpace, as_space
from eznas.spaces.importing import stored_name


@dataclass(frozen=True)
class NewTable:
    """A table with all that makes it a benchmark.

    Attributes:
        table: the accuracies.
        layout: its columns.
        space: builds the networks.
        images: what the networks see.
        record: the content of the record file.
    """

    table: Table
    layout: TableLayout
    space: Space
    images: SampleImages
    record: dict[str, Any]

    @classmethod
    def of(
        cls,
        path: Path,
        space: object,
        images: object,
        *,
        space_settings: Mapping[str, object] | None = None,
        architecture_column: str | None = None,
        accuracy_columns: Sequence[str] = (),
        lower_is_better: Sequence[str] = (),
        image_size: int | None = None,
        num_classes: int | None = None,
        dataset: str | None = None,
    ) -> Self:
        """Read table, space and images, and find out what is not given; nothing is written.

        Args:
            path: of the table.
            space: a text as `spaces.get` takes it, or an object as `as_space` does.
            images: as `sample_images` takes them.
            space_settings: of the space.
            architecture_column: None to find it.
            accuracy_columns: those in which higher is better; with neither, the only one that can be meant.
            lower_is_better: those in which lower is better.
            image_size: height and width that images are cropped and resized to; None to leave them as they are.
            num_classes: None for as many as the labels have, or as the networks have outputs.
            dataset: its name; None for that of the images.

        Raises:
            EznasError: table, space or images cannot be used, or what was not said cannot be found out.
        """
        if num_classes is not None and num_classes < 1:
            raise EznasError(f"The number of classes is {num_classes}: give 1 or more.")
        table = read_own_table(path)
        layout = TableLayout.of(table, architecture_column, accuracy_columns, lower_is_better)
        settings = dict(space_settings or {})
        if isinstance(space, str):
            space_name = stored_name(space, path.parent)
            found = spaces.get(space_name, path.parent, **settings)
        else:
            space_name = getattr(space, "__name__", type(space).__name__)
            found = as_space(space, space_name, settings)
        sample = sample_images(images, image_size)
        record = {
            "format": FORMAT,
            "dataset": dataset or sample.dataset,
            "space": {"name": space_name, "settings": settings},
            **layout.to_record(),
            "epochs": None,
            # Of a space that decides itself how many numbers its networks give, one network is asked below.
            "num_classes": num_classes or sample.num_classes or 1,
            "image_size": sample.size,
            "images": _images_file(sample),
            "normalisation": {
                "mean": list(sample.normalisation.mean),
                "deviation": list(sample.normalisation.deviation),
            },
        }
        new = cls(table, layout, found, sample, record)
        if isinstance(found, ForeignSpace) and not found.takes_num_classes:
            benchmark = new.benchmark()
            return replace(new, record=record | {"num_classes": output_count(benchmark.build(0), benchmark, 0)})
        if num_classes is None and sample.num_classes is None:
            raise EznasError(
                f"There are no labels for {sample.source}: give the number of classes (`--num-classes 10`, "
                "`num_classes=10`)."
            )
        return new

    def benchmark(self, split: str | None = None) -> Benchmark:
        """Return the benchmark as it will be loaded from the files.

        Args:
            split: which of the tasks; None for the first.

        Raises:
            EznasError: a cell of the table is no architecture or no number, or there is no such task.
        """
        return recorded_benchmark(
            self.table,
            Record(self.record_path, self.record),
            self.space,
            read=lambda: self.images.pixels,
            normalisation=self.images.normalisation,
            name=str(self.table.path),
            split=split,
        )

    @property
    def record_path(self) -> Path:
        """Where the record goes: beside the table."""
        return self.table.path.with_suffix(".json")

    def write(self) -> Path:
        """Write the record and the sample images beside the table, and return the path of the images.

        Raises:
            EznasError: there is another file where the record is to go, or the folder cannot be written.
        """
        self.check_writable()
        images = self.record_path.with_name(self.record["images"])
        buffer = io.BytesIO()
        np.savez_compressed(buffer, x_train=self.images.pixels)
        write_atomically(images, buffer.getvalue())
        write_atomically(self.record_path, json.dumps(self.record, indent=2, allow_nan=False) + "\n")
        return images

    def check_writable(self) -> None:
        """Raise an `EznasError` when the record would replace a file that is not such a record."""
        if not self.record_path.exists():
            return
        try:
            before: object = json.loads(read_regular(self.record_path, LARGEST_TEXT))
        except (OSError, ValueError, RecursionError):
            before = None
        is_record = isinstance(before, dict) and {"format", "space", "normalisation"} <= before.keys()
        if not is_record:
            raise EznasError(
                f"{self.record_path}, where the record of the table is to go, is something else: rename it, or the "
                "table."
            )
        if isinstance(before, dict) and "training" in before:
            raise EznasError(
                f"{self.record_path} says that eznas trained the networks of {self.table.path}, which can be used as "
                "it is: copy the table to another name to describe it anew."
            )


def _images_file(sample: SampleImages) -> str:
    """Return a name that follows from the images, so that tables of the same images share them."""
    digest = blake2b(np.ascontiguousarray(sample.pixels).data, digest_size=6, key=str(sample.pixels.shape).encode())
    return f"images-{digest.hexdigest()}.npz"
