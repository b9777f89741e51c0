"""Everything that differs from a sequence of choices in one of them: what the neighbours of an architecture are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def one_changed(choices: Sequence[T], alternatives: Callable[[int], Iterable[T]]) -> Iterator[tuple[T, ...]]:
    """Yield the sequences that have another choice at one place, the first place first.

    Args:
        choices: one for each place.
        alternatives: what may stand at a place; the choice that stands there is passed over.
    """
    for place, current in enumerate(choices):
        for other in alternatives(place):
            if other != current:
                yield (*choices[:place], other, *choices[place + 1 :])


def one_number_changed(
    parts: Sequence[tuple[Any, ...]], allowed: Sequence[Sequence[Any]]
) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """Yield the sequences of parts of which one has another value in one of its fields.

    Args:
        parts: each with as many fields.
        allowed: for every field, the values that it may have.
    """
    return one_changed(parts, lambda place: (part for part in one_changed(parts[place], lambda field: allowed[field])))
