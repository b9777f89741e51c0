"""A proxy: a program, how its score is computed, and which end of the score is the good one; and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, get_args

from eznas.errors import EznasError
from eznas.files import LARGEST_TEXT, read_regular, write_atomically
from eznas.ops.notation import format_program, parse_program
from eznas.ops.program import Program
from eznas.options import Aggregation, Orientation, ThirdPass, ToScalar, Unit

FORMAT: Final = 1
"""Version of the file format; a file of a later version is refused."""

_CHOICES: Final[dict[str, tuple[str | int, ...]]] = {
    "orientation": get_args(Orientation),
    "unit": get_args(Unit),
    "to_scalar": get_args(ToScalar),
    "aggregation": get_args(Aggregation),
    "third_pass": get_args(ThirdPass),
}

_REQUIRED: Final = ("format", "name", "formula", "orientation")


@dataclass(frozen=True)
class Proxy:
    """A named program with everything that its score depends on.

    Attributes:
        name: a short name, or the formula itself.
        program: from the statistics of a unit to a tensor.
        orientation: +1 where a higher score means a better network, -1 where a lower one does.
        unit: the three consecutive layers that make a unit, `R-C-B` or `C-B-R`.
        to_scalar: from the program's result to one number per unit, `mean` or `l2`.
        aggregation: from the units' numbers to the network's score, `mean` or `sum`.
        third_pass: whether the third pass gives its statistics as they are (`perturbed`) or minus those of the data
            pass (`difference`).
        source: where the proxy was published, or the run that found it.
        note: anything else to know.

    Raises:
        EznasError: a setting has a value that it cannot have, or no network could be scored with the program.
    """

    name: str
    program: Program
    orientation: Orientation = 1
    unit: Unit = "R-C-B"
    to_scalar: ToScalar = "mean"
    aggregation: Aggregation = "mean"
    third_pass: ThirdPass = "perturbed"
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for setting, choices in _CHOICES.items():
            value = getattr(self, setting)
            # `True == 1`, but no file should say so.
            if isinstance(value, bool) or value not in choices:
                raise EznasError(
                    f"The proxy {self.name!r} has {setting} {value!r}: choose {' or '.join(map(repr, choices))}."
                )
        if not self.program.is_well_formed:
            raise EznasError(
                f"The proxy {self.name!r} applies an operation that needs tensors to a single number, so it scores no "
                f"network: change the formula {self.formula}."
            )

    @property
    def formula(self) -> str:
        """The program as text."""
        return format_program(self.program)

    @property
    def extensions(self) -> tuple[str, ...]:
        """The operations beyond the paper's 34 that the formula uses."""
        return self.program.extensions

    def describe(self) -> dict[str, Any]:
        """Return what the score depends on, as plain data."""
        return {
            "formula": self.formula,
            "extensions": list(self.extensions),
            "unit": self.unit,
            "to_scalar": self.to_scalar,
            "aggregation": self.aggregation,
            "third_pass": self.third_pass,
            "orientation": self.orientation,
            "source": self.source,
        }


def from_formula(formula: str) -> Proxy:
    """Return a proxy with the default settings whose name is the formula, in its canonical text.

    Raises:
        EznasError: the text is no formula.
    """
    program = parse_program(formula)
    return Proxy(
        name=format_program(program),
        program=program,
        source="a formula",
        note="the orientation is not known and taken as +1",
    )


def save(proxy: Proxy, path: Path) -> None:
    """Write a proxy to a JSON file that `read_proxy` reads; an existing file is replaced as a whole.

    Raises:
        EznasError: the file cannot be written.
    """
    content = {"format": FORMAT, **{key: value for key, value in vars(proxy).items() if key != "program"}}
    content["formula"] = proxy.formula
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_proxy(path: Path) -> Proxy:
    """Read a proxy from its JSON file.

    `format`, `name`, `formula` and `orientation` must be there; the other settings have the defaults of `Proxy`.

    Raises:
        EznasError: the file is missing, is no JSON, is of another version, or a value in it is none of its kind.
    """
    content = _json_object(path)
    missing = [key for key in _REQUIRED if key not in content]
    if missing:
        raise EznasError(f"The proxy file {path} has no {missing[0]!r}: add it, or write the file with `save` again.")
    if content["format"] != FORMAT:
        raise EznasError(
            f"The proxy file {path} has format {content['format']!r}, and this version of eznas reads format {FORMAT}: "
            "update eznas, or write the file again."
        )
    settings = [one.name for one in fields(Proxy) if one.name != "program"]
    for key, value in content.items():
        if key not in ("format", "formula", *settings):
            raise EznasError(
                f"The proxy file {path} has {key!r}, which is no setting of a proxy: there are "
                f"{', '.join(['format', 'formula', *settings])}."
            )
        expected, kind = (int, "a number") if key in ("format", "orientation") else (str, "a text")
        if not isinstance(value, expected):
            raise EznasError(f"The proxy file {path} has {key} {value!r}: it must be {kind}.")
    try:
        program = parse_program(content["formula"])
        return Proxy(program=program, **{key: value for key, value in content.items() if key in settings})
    except EznasError as error:
        raise EznasError(f"The proxy file {path} cannot be used. {error}") from error


def _json_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(read_regular(path, LARGEST_TEXT))
    except OSError as error:
        raise EznasError(f"The proxy file {path} could not be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise EznasError(f"The proxy file {path} is no JSON ({error}): correct it, or write it again.") from error
    if not isinstance(content, dict):
        raise EznasError(f"The proxy file {path} holds no JSON object: write it again.")
    return content
