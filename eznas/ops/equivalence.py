"""Programs that cannot differ on any unit: of all ways to write one thing that eznas knows to be the same, one.

Evolution writes one thing in many ways: `heaviside(relu(x))` is `heaviside(x)`, and `a > b` is `b < a`. `simplified`
returns what stands for all of them, so that a plan computes it once: the simplest form by the rules of
`eznas.ops.simplify`, which hold bit for bit, with one name for what has two.
"""

from __future__ import annotations

from typing import Final

from eznas.ops.catalogue import BY_NAME
from eznas.ops.program import NO_OPERAND, Program, ProgramBuilder
from eznas.ops.simplify import simplify
from eznas.terminals import TERMINAL_COUNT

_GREATER_THAN: Final = BY_NAME["greater_than"].id
_LESS_THAN: Final = BY_NAME["less_than"].id
_SYNONYMS: Final = {BY_NAME["greater_than_zero"].id: BY_NAME["heaviside"].id}


def simplified(program: Program) -> Program:
    """Return the program that stands for all that are known to be equal to this one."""
    while (simple := _respelled(simplify(program))) != program:
        program = simple  # what has one name now may be the same, which rules look at
    return simple


def _respelled(program: Program) -> Program:
    """Write what has two names by one of them."""
    builder = ProgramBuilder()
    refs = list(range(TERMINAL_COUNT))
    for operation, *places in program.nodes:
        operands = [refs[place] for place in places if place != NO_OPERAND]
        if operation == _GREATER_THAN:
            operation, operands = _LESS_THAN, operands[::-1]  # noqa: PLW2901 (another name of the same)
        refs.append(builder.apply(_SYNONYMS.get(operation, operation), *operands))
    return builder.build(refs[program.output])
