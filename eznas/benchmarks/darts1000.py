"""DARTS-1000: random DARTS cells with their CIFAR-10 accuracy, the table that came with SWAP (Peng et al., ICLR 2024).

The table does not say at which width and depth the cells were trained, so networks to score are built at a chosen one:
16 channels and 8 cells by default, the size at which DARTS itself searches. The accuracies, at most 86.6 % after 200
epochs, are far below the 97 % of DARTS's full size (36 channels, 20 cells) and speak for a small network. The variants
of other sizes are there to see how much the choice matters; for the number of parameters it hardly does (Kendall tau
with the accuracy of 150 of the cells: .604 at 16 and 8, .598 at 16 and 20, .598 at 36 and 8, .595 at 36 and 20).
"""

from __future__ import annotations

import re
from typing import Final

from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.image_datasets import CIFAR10
from eznas.data.folder import data_file
from eznas.data.official_tables import DARTS_1000, read_darts_cells
from eznas.data.sources import how_to_get
from eznas.errors import EznasError
from eznas.spaces.nds import DARTS

SPLIT: Final = "validation"
WIDTH: Final = 16
DEPTH: Final = 8

_SIZE: Final = re.compile(r"darts-1000-w(\d+)-d(\d+)")


def load(name: str, split: str | None = None) -> Benchmark:
    """Return the benchmark: `darts-1000`, or `darts-1000-wWIDTH-dDEPTH` for networks of another size.

    Raises:
        EznasError: there is no such split, or the table is missing or damaged. Images are read when first needed.
    """
    if split not in (None, SPLIT):
        raise EznasError(f"{name} has no split {split!r}: its accuracies are of the {SPLIT} split.")
    size = _SIZE.fullmatch(name)
    return load_cells(int(size[1]) if size else WIDTH, int(size[2]) if size else DEPTH, name)


def load_cells(width: int = WIDTH, depth: int = DEPTH, name: str = "darts-1000") -> Benchmark:
    """Return the benchmark with its networks at any width and depth.

    Args:
        width: channels of a node in the first cells.
        depth: number of cells.
        name: of the benchmark.

    Raises:
        EznasError: the table is missing or damaged, or the size cannot be built.
    """
    path = data_file(DARTS_1000.file, how_to_get(DARTS_1000.file))
    table = read_darts_cells(path)
    space = DARTS(widths=(width,), depths=(depth,))
    return Benchmark(
        name=name,
        space=space,
        dataset=CIFAR10.name,
        architectures=table.architectures("genotype", space),
        accuracies=table.percentages("accuracy"),
        accuracy_split=SPLIT,
        epochs=DARTS_1000.epochs,
        num_classes=CIFAR10.num_classes,
        image_size=CIFAR10.image_size,
        read_images=CIFAR10.images,
        read_labels=CIFAR10.labels,
        normalisation=CIFAR10.normalisation,
        description=(
            f"DARTS-1000: {len(table.rows):,} random DARTS cells on CIFAR-10, {SPLIT} accuracy after "
            f"{DARTS_1000.epochs} epochs; the table does not state the size of the trained networks, those built here "
            f"have width {width} and depth {depth}."
        ),
        source=f"{path}: {how_to_get(DARTS_1000.file)}; {CIFAR10.file}",
    )
