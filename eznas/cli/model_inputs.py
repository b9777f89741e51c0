"""What commands give to networks of one's own: a shape of noise, or a batch by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from eznas.errors import EznasError

if TYPE_CHECKING:
    from eznas.api.batch import Batch

DEFAULT_INPUTS: Final = "1x3x32x32"

ModelInputs = Annotated[
    str,
    typer.Option(
        metavar="SHAPE|NAME",
        help="Shape of a batch of normal noise; or module:name, or file.py:name, of a batch or of a function from a "
        "NumPy generator to one.",
    ),
]

_SHAPE: Final = re.compile(r"\d{1,9}(x\d{1,9})+")


def batch_named(text: str) -> Batch:
    """Return the shape, the batch or the function of one that `--inputs` names.

    Raises:
        EznasError: there is no such thing.
    """
    if _SHAPE.fullmatch(text):
        return tuple(map(int, text.split("x")))
    from eznas.spaces.importing import find_object

    if ":" not in text:
        raise EznasError(
            f"--inputs is {text!r}: give a shape such as {DEFAULT_INPUTS}, or module:function that returns a batch."
        )
    found: Batch = find_object(text)  # checked where it is used
    return found
