"""Architecture texts that are JSON: reading and writing them, and saying what is wrong with a value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np

from eznas.errors import EznasError


def decoded(text: str) -> dict[str, object]:
    """Return the JSON object that `text` holds.

    Raises:
        EznasError: the text is not JSON, or holds something else.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EznasError(f"The architecture {shortened(text)} is not valid JSON: {error}.") from error
    if not isinstance(data, dict):
        raise EznasError(f"The architecture {shortened(text)} is JSON, but not an object between braces.")
    return data


def encoded(data: Mapping[str, object]) -> str:
    """Return `data` as JSON without spaces, in the order of its keys."""
    return json.dumps(data, separators=(",", ":"))


def shortened(value: object) -> str:
    """Return `value` as Python writes it, cut to what fits in a message."""
    text = repr(value)
    return text if len(text) <= 70 else f"{text[:50]}...{text[-15:]}"


def integer(value: object, meaning: str, minimum: int, maximum: int) -> int:
    """Return `value` when it is a whole number in [minimum, maximum]; else raise an EznasError about `meaning`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not minimum <= value <= maximum:
        raise EznasError(f"{meaning} is {shortened(value)}: give a whole number from {minimum} to {maximum}.")
    return int(value)


def choices(value: object, meaning: str, maximum: int) -> tuple[int, ...]:
    """Return `value` when it is a list of whole numbers in [1, maximum], at least one; else raise an EznasError."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise EznasError(f"{meaning} is {shortened(value)}: give a list of at least one number.")
    return tuple(integer(entry, f"One of the numbers of {meaning}", 1, maximum) for entry in value)


def reject_unknown_keys(data: Mapping[str, object], known: Sequence[str]) -> None:
    """Raise an EznasError that names a key of `data` which is not in `known`, so that no misspelling goes unnoticed.

    A key without a value (null, false, an empty list) is let pass: tables write those for what a family lacks.
    """
    if unknown := sorted(key for key, value in data.items() if value and key not in known):
        raise EznasError(f"The architecture has the unknown key {unknown[0]!r}: it may have {', '.join(known)}.")
