"""The containers that `torch.save` writes around a pickle, read without PyTorch and without the tensors in them.

`torch.load(weights_only=True)` is as safe, but interprets the pickle in Python, which takes hours for a benchmark of
gigabytes, and would load every weight.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Final

from eznas.data.restricted_pickle import iterate_pickles, load_pickle, read_whole
from eznas.data.zip_damage import DAMAGED_ZIP, damaged_zip
from eznas.errors import EznasError

# Before PyTorch 1.6 a file was a row of pickles: this number, the format's version, the machine, then the object.
_OLD_FORMAT: Final = 0x1950A86A20F9469CFC6C


def load_torch(path: Path) -> Any:
    """Return the object in a file of `torch.save`, of the zip format or of the one before it; tensors are None.

    Raises:
        EznasError: the file cannot be read, is damaged, or names something that is not allowed.
    """
    try:
        if zipfile.is_zipfile(path):
            return _load_zip(path)
        with path.open("rb") as file:
            objects = iterate_pickles(read_whole(file, path), path)
        if next(objects) != _OLD_FORMAT:
            raise EznasError(f"{path} is no file that torch.save wrote: give the .pth file as it was downloaded.")
        _, _, content = (next(objects) for _ in ("version", "machine", "content"))
        return content
    except OSError as error:
        raise EznasError(f"{path} could not be read: {error.strerror or error}.") from error


def _load_zip(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.rpartition("/")[2] == "data.pkl"]
            if len(pickles) != 1:
                raise EznasError(f"{path} is a zip file but none that torch.save wrote: it has no data.pkl.")
            with archive.open(pickles[0]) as file:
                return load_pickle(read_whole(file, path), path)
    except DAMAGED_ZIP as error:
        raise damaged_zip(path, error) from error
