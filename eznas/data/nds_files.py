"""Reading the official NDS files (Radosavovic et al., ICCV 2019): a JSON list of trained networks for each sweep."""

from __future__ import annotations

import contextlib
import json
import math
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from eznas import spaces
from eznas.data.compact_table import CompactTable, merged
from eznas.data.json_records import iterate_records
from eznas.data.nds_sweeps import SWEEPS, Sweep
from eznas.data.zip_damage import DAMAGED_ZIP, damaged_zip
from eznas.errors import EznasError, shown

# Some files hold these two lists in place of one.
_LISTS: Final = ("top", "mid")


def read_sweep(sweep: Sweep, path: Path, report: Callable[[str], None] | None = None) -> CompactTable:
    """Read an official file, also one inside the official zip archive.

    A network that was trained several times keeps its first place and gets the mean accuracy.

    Args:
        sweep: which file it is.
        path: the JSON file, or the zip archive that holds one of its name.
        report: called now and then with how many records were read.

    Raises:
        EznasError: the file cannot be read or is damaged, or a record has no network of the space, no final test
            error, or fewer epochs than it was to have; the sentence names the record.
    """
    space = spaces.get(sweep.space, **sweep.settings)
    epochs: list[int] = []

    def trainings() -> Iterator[tuple[str, float]]:
        with _opened(sweep, path) as file:
            for where, record in iterate_records(file, path, _LISTS):
                errors = _test_errors(record, f"{path}, {where}")
                try:
                    architecture = space.check(json.dumps(record["net"]))
                except EznasError as error:
                    raise EznasError(f"{path}, {where}, has a network that cannot be built: {error}") from error
                epochs.append(len(errors))
                if report is not None and len(epochs) % 500 == 0:
                    report(f"{sweep.stem}: {len(epochs):,} networks")
                # The last error in percent, as a difference of decimals: 100 - 6.73 is to be 93.27.
                yield architecture, round(100.0 - errors[-1], 10)

    architectures, accuracies = merged(trainings())
    if not architectures:
        raise EznasError(f"{path} holds no records: it is not an official file; download it again.")
    return CompactTable(
        benchmark=sweep.benchmark,
        epochs=max(epochs),
        trainings=len(epochs),
        origin=path.name,
        architectures=architectures,
        accuracies={"test": accuracies},
    )


def sweeps_in(path: Path) -> dict[str, Path]:
    """Return the benchmarks that a JSON file, a folder of them or the zip archive holds, with the file of each.

    Raises:
        EznasError: there is none, or the archive is damaged.
    """
    if path.is_dir():
        files = {
            name: next(
                (
                    found
                    for found in (path / f"{sweep.stem}.json", path / "nds_data" / f"{sweep.stem}.json")
                    if found.is_file()
                ),
                None,
            )
            for name, sweep in SWEEPS.items()
        }
        found = {name: file for name, file in files.items() if file is not None}
    elif zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                stems = {Path(member).name for member in archive.namelist()}
        except DAMAGED_ZIP as error:
            raise damaged_zip(path, error) from error
        found = {name: path for name, sweep in SWEEPS.items() if f"{sweep.stem}.json" in stems}
    else:
        found = {name: path for name, sweep in SWEEPS.items() if path.name == f"{sweep.stem}.json"}
    if not found:
        stems_known = ", ".join(f"{sweep.stem}.json" for sweep in SWEEPS.values())
        raise EznasError(
            f"{path} holds no NDS file, or a download of one that is cut off: an NDS file keeps its official name, one "
            f"of {stems_known}."
        )
    return found


@contextlib.contextmanager
def _opened(sweep: Sweep, path: Path) -> Iterator[IO[bytes]]:
    with contextlib.ExitStack() as stack:
        try:
            if zipfile.is_zipfile(path):
                archive = stack.enter_context(zipfile.ZipFile(path))
                file = stack.enter_context(archive.open(_only_member(archive, sweep, path)))
            else:
                file = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise EznasError(f"{path} could not be read: {error.strerror or error}.") from error
        except DAMAGED_ZIP as error:
            raise damaged_zip(path, error) from error
        yield file


def _only_member(archive: zipfile.ZipFile, sweep: Sweep, path: Path) -> str:
    wanted = f"{sweep.stem}.json"
    members = [name for name in archive.namelist() if Path(name).name == wanted]
    if len(members) != 1:
        raise EznasError(f"{path} has {len(members)} files called {wanted}: give the official archive.")
    return members[0]


def _test_errors(record: Any, where: str) -> list[float]:
    """Return the test error after each epoch, in percent."""
    if not isinstance(record, dict):
        raise EznasError(f"{where}, is no object: the file is not an official one; download it again.")
    for key in ("net", "test_ep_top1"):
        if key not in record:
            raise EznasError(f"{where}, has no {key!r}: the file is not an official one; download it again.")
    errors = record["test_ep_top1"]
    if not isinstance(errors, list) or not errors or not _is_percentage(errors[-1]):
        last = errors[-1] if isinstance(errors, list) and errors else errors
        raise EznasError(
            f"{where}, has the final test error {shown(last)}: it must be a percentage; download the file again."
        )
    planned = record["optim"].get("max_ep") if isinstance(record.get("optim"), dict) else None
    if planned is not None and planned != len(errors):
        raise EznasError(
            f"{where}, has {len(errors)} test errors for {shown(planned)} epochs: its training was not finished; "
            "download the file again."
        )
    return errors


def _is_percentage(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 100
