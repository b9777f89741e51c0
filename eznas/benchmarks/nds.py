"""NDS (Radosavovic et al., ICCV 2019): networks of nine search spaces trained on CIFAR-10 and on ImageNet.

`nds-darts` and the other four cell spaces have widths and depths that vary; `-in` is the sweep on ImageNet,
`-fix-w-d` the one of fixed width and depth. A table is read from the compact file that `eznas data` makes, or from the
official file when that lies in the data folder, which takes longer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from eznas import spaces
from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.image_datasets import CIFAR10, IMAGENET
from eznas.data.compact_table import CompactTable
from eznas.data.folder import data_file, data_folder
from eznas.data.nds_files import read_sweep
from eznas.data.nds_sweeps import SWEEPS, Sweep
from eznas.data.sources import how_to_get
from eznas.errors import EznasError

SPLIT: Final = "test"
"""NDS measured no other images."""

_OFFICIAL_PLACES: Final = ("nds/{stem}.json", "nds/nds_data/{stem}.json", "nds/data.zip")


def load(name: str, split: str | None = None) -> Benchmark:
    """Return one sweep of NDS.

    Args:
        name: a key of `eznas.data.nds_sweeps.SWEEPS`, such as `nds-darts`.
        split: None or `test`.

    Raises:
        EznasError: there is no such split, or the table is missing or damaged. Images are read when first needed.
    """
    if split not in (None, SPLIT):
        raise EznasError(f"{name} has no split {split!r}: NDS measured its networks on the {SPLIT} images only.")
    sweep = SWEEPS[name]
    table, path = _table(sweep)
    space = spaces.get(sweep.space, **sweep.settings)
    dataset = IMAGENET if sweep.is_imagenet else CIFAR10
    repeats = table.trainings - len(table.architectures)
    return Benchmark(
        name=name,
        space=space,
        dataset=dataset.name,
        architectures=tuple(space.check(text) for text in table.architectures),
        accuracies=table.accuracies[SPLIT],
        accuracy_split=SPLIT,
        epochs=table.epochs,
        num_classes=dataset.num_classes,
        image_size=dataset.image_size,
        read_images=dataset.images,
        read_labels=dataset.labels,
        normalisation=dataset.normalisation,
        description=(
            f"NDS, the sweep {sweep.stem} on {dataset.name}: {len(table.architectures):,} networks, {SPLIT} accuracy "
            f"after the last of {table.epochs} epochs"
            + (f", the mean where one was trained repeatedly ({repeats:,} further trainings)." if repeats else ".")
        ),
        source=f"{path}: {how_to_get(sweep.compact)}; {dataset.file}",
    )


def _table(sweep: Sweep) -> tuple[CompactTable, Path]:
    compact = data_folder() / sweep.compact
    if not compact.is_file():
        for place in _OFFICIAL_PLACES:
            official = data_folder() / place.format(stem=sweep.stem)
            if official.is_file():
                return read_sweep(sweep, official), official
    path = data_file(sweep.compact, how_to_get(sweep.compact))
    table = CompactTable.read(path, sweep.benchmark)
    if SPLIT not in table.accuracies:
        raise EznasError(f"The table {path} has no {SPLIT} accuracies: import the official file again.")
    return table, path
