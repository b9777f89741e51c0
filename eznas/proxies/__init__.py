"""Proxies: programs with what it takes to use one as a score, as data files and as formulas; and hand-made scores.

Neither torch nor numba is loaded before a hand-made proxy is.
"""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Final, TypeAlias

from eznas.errors import EznasError
from eznas.proxies import hand_made
from eznas.proxies.hand_made.base import HandMadeProxy
from eznas.proxies.nearest import nearest
from eznas.proxies.proxy import Proxy, read_proxy, save
from eznas.proxies.proxy import from_formula as _from_formula
from eznas.proxies.rank_aggregate import NAMED, RankAggregate, aggregate_of, is_aggregate

__all__ = [
    "REFERENCE",
    "AnyProxy",
    "HandMadeProxy",
    "Proxy",
    "RankAggregate",
    "baselines",
    "data_folder",
    "every_name",
    "load",
    "load_program",
    "names",
    "reference_and_baselines",
    "save",
]

AnyProxy: TypeAlias = Proxy | HandMadeProxy | RankAggregate
"""What can score networks: a program with how its score is computed, a hand-made proxy, or several that vote."""

REFERENCE: Final = "eznas-a"
"""The published program that every report shows beside others."""

_DATA: Final = resources.files("eznas.proxies") / "data"
_NAME: Final = re.compile(r"[\w.-]+")


def data_folder() -> Path:
    """Return the folder of the files of the programs that come with eznas."""
    return Path(str(_DATA))


def names() -> tuple[str, ...]:
    """Return the names of the programs that come with eznas, in alphabetical order."""
    return tuple(sorted(file.name.removesuffix(".json") for file in _DATA.iterdir() if file.name.endswith(".json")))


def every_name() -> tuple[str, ...]:
    """Return the names of all proxies: programs, hand-made ones and aggregates, in alphabetical order."""
    return tuple(sorted({*names(), *hand_made.names(), *NAMED}))


def load(text: str) -> AnyProxy:
    """Return a proxy.

    Args:
        text: one of `every_name()`, the path of a file that `save` wrote (it ends in .json), a formula, which is taken
            with the default settings and orientation +1, or `rank(PROXY,PROXY,...)` of any of these.

    Raises:
        EznasError: there is no such proxy, the file is missing or damaged, or the text is no formula.
    """
    if is_aggregate(text):
        return aggregate_of(text, load)
    return hand_made.load(text) if text in hand_made.names() else load_program(text)


def load_program(text: str) -> Proxy:
    """Return a proxy as `load` does, where only a program will do.

    Raises:
        EznasError: it is a hand-made proxy, or `load` refuses it.
    """
    if text in names():
        return read_proxy(data_folder() / f"{text}.json")
    if text.endswith(".json"):
        return read_proxy(Path(text))
    try:
        return _from_formula(text)
    except EznasError as error:
        # One word is meant as a name; the word that is a formula, `wt`, was read above.
        if _NAME.fullmatch(text) is None:
            raise
        if text in hand_made.names() or text in NAMED:
            raise EznasError(f"{text} is a hand-made proxy, and this takes a program, such as {REFERENCE}.") from error
        near = nearest(text, every_name())
        choice = f"did you mean {' or '.join(near)}?" if near else f"choose one of {', '.join(every_name())}."
        raise EznasError(
            f"There is no proxy called {text!r}: {choice} "
            "A path ends in .json, and a formula is written as in frobenius_norm(inp_grad.data)."
        ) from error


def reference_and_baselines() -> list[AnyProxy]:
    """Return what every report shows beside what was found: the paper's formula, then the baselines."""
    return [load(REFERENCE), *baselines()]


def baselines() -> list[HandMadeProxy]:
    """Return the hand-made proxies that every report and table shows, in alphabetical order."""
    return [score for score in map(hand_made.load, hand_made.names()) if score.is_baseline]
