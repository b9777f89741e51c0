"""Programs that cannot differ on any unit: of all ways to write one thing that eznas knows to be the same, one.

Evolution writes one thing in many ways: `heaviside(relu(x))` is `heaviside(x)`, and `a > b` is `b < a`. `simplified`
returns what stands for all of them, so that a plan computes it once: the simplest form by the rules of
`eznas.ops.simplify`, which hold bit for bit, with one name for what has two.
"""

from __future__ import annotations

from typing import Final

from eznas.ops.catalogue import BY_NAME
from eznas.ops.program import Program
from eznas.ops.simplify import Simplifier

_GREATER_THAN: Final = BY_NAME["greater_than"].id
_LESS_THAN: Final = BY_NAME["less_than"].id
_SYNONYMS: Final = {BY_NAME["greater_than_zero"].id: BY_NAME["heaviside"].id}


def simplifier() -> Simplifier:
    """Return what gives, for each of many programs, the one that stands for all that are known to be equal to it."""
    return Simplifier(_spelled)


def simplified(program: Program) -> Program:
    """Return the program that stands for all that are known to be equal to this one."""
    return simplifier().simplify(program)


def _spelled(operation: int, operands: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Write what has two names by one of them."""
    if operation == _GREATER_THAN:
        return _LESS_THAN, operands[::-1]
    return _SYNONYMS.get(operation, operation), operands
