"""Formulas as numbers: postfix notation in which a code is a feature's row or an operation.

A code of 0 or more is a leaf, the row of a feature; a negative one stands for the operation with id `-1 - code`. So
the codes of a formula stay what they are when features are added. Two further codes join terms as operations of two
arguments; they stand at the root and, where they join more than two, in the first argument of the root alone:
`a b JOIN c JOIN`, where no JOIN is in a, b or c.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.features.feature import append_program
from eznas.ops.catalogue import OPERATION_COUNT, OPERATIONS
from eznas.ops.jit import compiled
from eznas.ops.program import Program, ProgramBuilder
from eznas.ops.terms import Term
from eznas.options import Orientation

ADDED: Final = -1 - OPERATION_COUNT
"""Joins two terms: the signed logarithms of both aggregates are added."""

SUBTRACTED: Final = ADDED - 1
"""Joins two terms: that of the second is subtracted."""

_ARITY: Final = np.array([*(operation.arity for operation in OPERATIONS), 2, 2], np.int64)


@compiled
def copy(codes: NDArray[np.int32], start: int, end: int, into: NDArray[np.int32], place: int) -> int:
    """Copy the codes from `start` to before `end` to `place` and after; returns the place after them."""
    for offset in range(end - start):
        into[place + offset] = codes[start + offset]
    return place + end - start


@compiled
def arity(code: int) -> int:
    """The number of arguments that a code takes: 0 for a leaf."""
    return int(_ARITY[-1 - code]) if code < 0 else 0


@compiled
def is_join(code: int) -> bool:
    """Whether a code joins terms."""
    return code <= ADDED


@compiled
def subtree_start(codes: NDArray[np.int32], end: int) -> int:
    """The first place of the subtree whose root is the code at `end`."""
    needed = 1
    place = end
    while True:
        needed += arity(codes[place]) - 1
        if needed == 0:
            return place
        place -= 1


@compiled
def term_spans(codes: NDArray[np.int32], length: int, spans: NDArray[np.int64]) -> int:
    """Write where the terms of a formula are, and return their number.

    Args:
        codes: int32[at least length].
        length: number of nodes.
        spans: int64[MAXIMUM_TERMS, 3], overwritten: a row for each term in order: its first place, the place after its
            root, and the code that joins it to the terms before, `ADDED` for the first.
    """
    count = 1
    place = length - 1
    while is_join(codes[place]):
        count += 1
        place = subtree_start(codes, place - 1) - 1
    end = length
    for term in range(count - 1, -1, -1):
        join = codes[end - 1]
        spans[term, 2] = join if is_join(join) else ADDED
        spans[term, 1] = end - 1 if is_join(join) else end
        spans[term, 0] = subtree_start(codes, spans[term, 1] - 1)
        end = spans[term, 0]
    return count


def to_terms(codes: Sequence[int], features: Sequence[Program]) -> tuple[Term, ...]:
    """Return the terms that a formula stands for, with its features written out; the first sign is +1.

    Args:
        codes: in postfix notation.
        features: by row.
    """
    builder = ProgramBuilder()
    stack: list[int] = []
    signs: list[Orientation] = [1]
    for code in codes:
        if code >= 0:
            stack.append(append_program(builder, features[code]))
        elif is_join(code):
            signs.append(1 if code == ADDED else -1)
        elif arity(code) == 1:
            stack.append(builder.apply(-1 - code, stack.pop()))
        else:
            second = stack.pop()
            stack.append(builder.apply(-1 - code, stack.pop(), second))
    return tuple(Term(builder.build(ref), sign) for ref, sign in zip(stack, signs, strict=True))
