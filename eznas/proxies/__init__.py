"""Proxies: programs with what it takes to use one as a score, as data files and as formulas; and hand-made scores.

Neither torch nor numba is loaded before a hand-made score is.
"""

from __future__ import annotations

import difflib
import re
from importlib import resources
from pathlib import Path
from typing import Final, TypeAlias

from eznas.errors import EznasError
from eznas.proxies import hand_made
from eznas.proxies.hand_made import HandMadeProxy
from eznas.proxies.proxy import Proxy, read_proxy, save
from eznas.proxies.proxy import from_formula as _from_formula

__all__ = [
    "REFERENCE",
    "AnyProxy",
    "HandMadeProxy",
    "Proxy",
    "baselines",
    "data_folder",
    "load",
    "load_program",
    "names",
    "save",
]

AnyProxy: TypeAlias = Proxy | HandMadeProxy
"""What can score networks: a program with how its score is computed, or a hand-made score."""

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


def load(text: str) -> AnyProxy:
    """Return a proxy.

    Args:
        text: one of `names()` or `hand_made.names()`, the path of a file that `save` wrote (it ends in .json), or a
            formula, which is taken with the default settings and orientation +1.

    Raises:
        EznasError: there is no such proxy, the file is missing or damaged, or the text is no formula.
    """
    return hand_made.load(text) if text in hand_made.names() else load_program(text)


def load_program(text: str) -> Proxy:
    """Return a proxy as `load` does, where only a program will do.

    Raises:
        EznasError: it is a hand-made score, or `load` refuses it.
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
        if text in hand_made.names():
            raise EznasError(f"{text} is a hand-made score, and this takes a program, such as {REFERENCE}.") from error
        known = sorted({*names(), *hand_made.names()})
        near = difflib.get_close_matches(text.lower(), known, n=3, cutoff=0.5)
        choice = f"did you mean {' or '.join(near)}?" if near else f"choose one of {', '.join(known)}."
        raise EznasError(
            f"There is no proxy called {text!r}: {choice} "
            "A path ends in .json, and a formula is written as in frobenius_norm(inp_grad.data)."
        ) from error


def baselines() -> list[HandMadeProxy]:
    """Return the hand-made scores that every report and table shows, in alphabetical order."""
    return [score for score in map(hand_made.load, hand_made.names()) if score.is_baseline]
