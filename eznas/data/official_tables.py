"""What the published accuracy tables hold, so that one which is cut off, or of something else, is refused."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eznas.data.tables import Table
from eznas.errors import EznasError
from eznas.files import LARGEST_TABLE, read_regular


@dataclass(frozen=True)
class OfficialTable:
    """One published collection of trained networks.

    Attributes:
        networks: how many it has.
        epochs: passes over the training images before the accuracies were measured.
        file: below the data folder, where all of it is one file; else empty.
    """

    networks: int
    epochs: int
    file: str = ""


NASBENCH_201: Final = OfficialTable(networks=15_625, epochs=200)
NATS_SIZE: Final = OfficialTable(networks=32_768, epochs=90)
DARTS_1000: Final = OfficialTable(networks=1_000, epochs=200, file="darts/DARTS_archs_CIFAR10.csv")


def read_darts_cells(path: Path) -> Table:
    """Return the table of DARTS-1000, which has no header: columns `genotype` and `accuracy`.

    Raises:
        EznasError: it cannot be read, is cut off, or has a row of another form.
    """
    try:
        text = read_regular(path, LARGEST_TABLE).decode("utf-8-sig")
    except OSError as error:
        raise EznasError(f"The table {path} could not be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise EznasError(f"The table {path} is no UTF-8 text: it is damaged, so fetch it again.") from error
    if not text.endswith("\n"):
        raise EznasError(f"The table {path} is empty or cut off: its last line has no end of line. Fetch it again.")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if len(row) != 2:
                raise EznasError(
                    f"{path}, line {reader.line_num}: the row has {len(row)} cells, not a genotype and an accuracy; "
                    "fetch the table again."
                )
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise EznasError(f"{path}, line {reader.line_num}: {error}; fetch the table again.") from error
    return Table(path, ("genotype", "accuracy"), rows, lines)
