"""A proxy: its formula, how its score is computed, and which end of the score is the good one; and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, get_args

from eznas.errors import EznasError, shown
from eznas.files import LARGEST_TEXT, read_regular, write_atomically
from eznas.ops.own import own_named
from eznas.ops.program import Program
from eznas.ops.terms import Term, format_terms, parse_terms
from eznas.options import Aggregation, Orientation, ThirdPass, ToScalar, Unit
from eznas.proxies.provenance import Provenance

PROXY_FILE: Final = "proxy.json"
"""What the proxy that a folder holds is called, such as the one that a discovery found."""

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
_PROGRAMS: Final = ("program", "further_terms")  # which a file states as the formula
_DERIVED: Final = "extensions"  # of the formula; stated in a file for whoever reads it elsewhere
_NEEDS: Final = "needs"  # own operations, which have to be registered before the formula can be read


@dataclass(frozen=True)
class Proxy:
    """A named program with everything that its score depends on.

    Attributes:
        name: a short name, or the formula itself.
        program: from the statistics of a unit to a tensor; of several terms the first.
        orientation: +1 where a higher score means a better network, -1 where a lower one does.
        unit: the layers that make a unit, `R-C-B`, `C-B-R` or `A-L-N`.
        to_scalar: from the program's result to one number per unit, `mean` or `l2`.
        aggregation: from the units' numbers to the network's score, `mean` or `sum`.
        third_pass: whether the third pass gives its statistics as they are (`perturbed`) or minus those of the data
            pass (`difference`).
        source: where the proxy was published, or the run that found it.
        note: anything else to know.
        provenance: of an evolved proxy, where it is from and how well it ranks.
        further_terms: what is joined to the aggregate of `program` to make the score, see `eznas.ops.terms`.

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
    provenance: Provenance | None = None
    further_terms: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        for setting, choices in _CHOICES.items():
            value = getattr(self, setting)
            # `True == 1`, but no file should say so.
            if isinstance(value, bool) or value not in choices:
                raise EznasError(
                    f"The proxy {self.name!r} has {setting} {value!r}: choose {' or '.join(map(repr, choices))}."
                )
        if not all(term.program.is_well_formed for term in self.terms):
            raise EznasError(
                f"The proxy {self.name!r} applies an operation that needs tensors to a single number, so it scores no "
                f"network: change the formula {self.formula}."
            )

    @property
    def terms(self) -> tuple[Term, ...]:
        """What the score is made of: one term or several."""
        return (Term(self.program), *self.further_terms)

    @property
    def formula(self) -> str:
        """The terms as text."""
        return format_terms(self.terms)

    @property
    def size(self) -> int:
        """How many operations the terms compute, each distinct one counted once in its term."""
        return sum(term.program.size for term in self.terms)

    @property
    def depth(self) -> int:
        """How many operations lie on the longest path from a statistic to a term's result."""
        return max(term.program.depth for term in self.terms)

    @property
    def extensions(self) -> tuple[str, ...]:
        """The names of the operations beyond the paper's that the formula uses."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term.program.extensions))

    @property
    def own(self) -> tuple[str, ...]:
        """The names of the own operations and terminals that the formula uses, see `eznas.ops.own`."""
        return tuple(sorted({name for term in self.terms for name in term.program.own}))

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
    terms = parse_terms(formula)
    return Proxy(
        name=format_terms(terms),
        program=terms[0].program,
        further_terms=terms[1:],
        source="a formula",
        note="the orientation is not known and taken as +1",
    )


def file_text(proxy: Proxy) -> str:
    """Return what stands in the JSON file of a proxy."""
    content = {"format": FORMAT, **{key: value for key, value in vars(proxy).items() if key not in _PROGRAMS}}
    content |= {"formula": proxy.formula, _DERIVED: list(proxy.extensions)}
    if proxy.own:
        content[_NEEDS] = {one.name: one.module for one in own_named(proxy.own, f"The proxy {proxy.name!r}")}
    if proxy.provenance is None:
        del content["provenance"]
    else:
        content["provenance"] = proxy.provenance.to_dict()
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def save(proxy: Proxy, path: Path) -> None:
    """Write a proxy to a JSON file that `read_proxy` reads; an existing file is replaced as a whole.

    Raises:
        EznasError: the file cannot be written.
    """
    write_atomically(path, file_text(proxy))


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
    settings = [one.name for one in fields(Proxy) if one.name not in _PROGRAMS]
    for key, value in content.items():
        if key not in ("format", "formula", _DERIVED, _NEEDS, *settings):
            raise EznasError(
                f"The proxy file {path} has {key!r}, which is no setting of a proxy: there are "
                f"{', '.join(['format', 'formula', _DERIVED, _NEEDS, *settings])}."
            )
        if key in (_DERIVED, _NEEDS, "provenance"):
            continue
        expected, kind = (int, "a number") if key in ("format", "orientation") else (str, "a text")
        if not isinstance(value, expected):
            raise EznasError(f"The proxy file {path} has {key} {value!r}: it must be {kind}.")
    _check_needs(path, content.get(_NEEDS, {}))
    try:
        first, *further = parse_terms(content["formula"])
        given = {key: value for key, value in content.items() if key in settings}
        if "provenance" in given:
            given["provenance"] = Provenance.from_dict(given["provenance"])
        proxy = Proxy(program=first.program, further_terms=tuple(further), **given)
    except EznasError as error:
        raise EznasError(f"The proxy file {path} cannot be used. {error}") from error
    if content.get(_DERIVED, list(proxy.extensions)) != list(proxy.extensions):
        raise EznasError(
            f"The proxy file {path} has {_DERIVED} {content[_DERIVED]!r}, and its formula uses "
            f"{list(proxy.extensions)!r}: correct it, or leave it out."
        )
    return proxy


def _check_needs(path: Path, needs: object) -> None:
    """Raise an `EznasError` unless all own operations are registered, or where the entry of a file is none."""
    if not isinstance(needs, dict) or not all(isinstance(one, str) for pair in needs.items() for one in pair):
        raise EznasError(f"The proxy file {path} has {_NEEDS} {shown(needs)}: it must be an object of texts.")
    modules = ", ".join(sorted(set(needs.values())))
    own_named(needs, f"The proxy file {path}, written where they were in {modules},")


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
