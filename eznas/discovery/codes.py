"""Formulas as numbers: postfix notation in which a code is a feature's row or an operation.

A code of 0 or more is a leaf, the row of a feature; a negative one stands for the operation with id `-1 - code`. So
the codes of a formula stay what they are when features are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.features.feature import append_program
from eznas.genomes.feature_tree import BINARY_WEIGHTS, UNARY_WEIGHTS
from eznas.ops.catalogue import BY_NAME, OPERATIONS
from eznas.ops.jit import compiled
from eznas.ops.program import Program, ProgramBuilder

MAXIMUM_NODES: Final = 24
"""The most nodes, operations and leaves, of a formula."""


def _choices(weights: dict[str, int]) -> NDArray[np.int64]:
    return np.repeat([-1 - BY_NAME[name].id for name in weights], list(weights.values())).astype(np.int64)


UNARY: Final = _choices(UNARY_WEIGHTS)
"""int64: codes of operations of one argument, each as many times as its weight."""

BINARY: Final = _choices(BINARY_WEIGHTS)
"""int64: codes of operations of two arguments, each as many times as its weight."""

_ARITY: Final = np.array([operation.arity for operation in OPERATIONS], np.int64)


@compiled
def arity(code: int) -> int:
    """The number of arguments that a code takes: 0 for a leaf."""
    return int(_ARITY[-1 - code]) if code < 0 else 0


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


def to_program(codes: Sequence[int], features: Sequence[Program]) -> Program:
    """Return the program that a formula stands for, with its features written out.

    Args:
        codes: in postfix notation.
        features: by row.
    """
    builder = ProgramBuilder()
    stack: list[int] = []
    for code in codes:
        if code >= 0:
            stack.append(append_program(builder, features[code]))
        elif arity(code) == 1:
            stack.append(builder.apply(-1 - code, stack.pop()))
        else:
            second = stack.pop()
            stack.append(builder.apply(-1 - code, stack.pop(), second))
    return builder.build(stack[0])
