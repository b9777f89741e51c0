"""Programs that cannot differ on any unit: what is the same by an identity that holds bit for bit in floating point.

Evolution writes one thing in many ways: `heaviside(relu(x))` is `heaviside(x)`, and `a > b` is `b < a`. Of all ways
that the identities below know, `simplified` returns one, so that a plan computes it once. They hold for NaN, infinities
and both zeros; a NaN's sign, which no operation looks at, does not count. Shapes stay, and so does which units a
program can take. Identities of real numbers that rounding breaks, such as `(a + b) - b`, are not among them.
"""

from __future__ import annotations

from typing import Final

from eznas.ops.catalogue import BY_NAME, OPERATIONS, ShapeRule
from eznas.ops.program import NO_OPERAND, Node, Program, ProgramBuilder
from eznas.terminals import TERMINAL_COUNT


def _ids(*names: str) -> frozenset[int]:
    return frozenset(BY_NAME[name].id for name in names)


_ID: Final = {name: operation.id for name, operation in BY_NAME.items()}

_ZERO_OR_ONE: Final = _ids("heaviside", "less_than_zero", "less_than", "equal_to", "ones_like", "zeros_like")
"""Operations whose results are 0 or 1; those that `_respelled` replaces are left out here and below."""
_AT_LEAST_ZERO: Final = _ZERO_OR_ONE | _ids(
    *("abs", "power", "exp", "sigmoid", "sqrt", "softmax", "frobenius_norm", "l1_norm", "numel", "hamming_distance"),
)
"""Those whose results are NaN or not negative, -0 not among them."""

_UNCHANGED: Final[dict[int, frozenset[int]]] = {
    _ID["heaviside"]: _ZERO_OR_ONE,
    _ID["sign"]: _ZERO_OR_ONE | _ids("sign"),
    _ID["power"]: _ZERO_OR_ONE,
    _ID["abs"]: _AT_LEAST_ZERO,
    _ID["relu"]: _AT_LEAST_ZERO | _ids("relu"),
}
"""By operation, the operations whose results it returns as they are."""

_OF_SHAPE_ALONE: Final = _ids("numel", "ones_like", "zeros_like")
_SHAPE_KEEPING: Final = frozenset(
    operation.id for operation in OPERATIONS if operation.arity == 1 and operation.rule is ShapeRule.BROADCAST
)
_BLIND: Final[dict[int, frozenset[int]]] = {
    **dict.fromkeys(_OF_SHAPE_ALONE, _SHAPE_KEEPING),
    _ID["heaviside"]: _ids("relu", "sign"),
    **dict.fromkeys(_ids("power", "abs_log", "sqrt", "l1_norm", "frobenius_norm"), _ids("abs")),
}
"""By operation, the operations of one argument that it does not see: it gives the same for their argument."""


def simplified(program: Program) -> Program:
    """Return the program that stands for all that the identities make equal to this one."""
    builder = ProgramBuilder()
    nodes: dict[int, Node] = {}  # by ref
    refs = list(range(TERMINAL_COUNT))
    for operation, *operands in program.nodes:
        a, b = (NO_OPERAND if operand == NO_OPERAND else refs[operand] for operand in operands)
        refs.append(_applied(builder, nodes, operation, a, b))
    return builder.build(refs[program.output])


def _applied(builder: ProgramBuilder, nodes: dict[int, Node], operation: int, a: int, b: int) -> int:
    """The ref of a node or of what it is equal to; its operands are simplified already."""
    operation, a, b = _respelled(operation, a, b)
    below = nodes.get(a)
    while below is not None and below[0] in _BLIND.get(operation, ()):
        a = below[1]
        below = nodes.get(a)
    if below is not None:
        if below[0] in _UNCHANGED.get(operation, ()):
            return a
        if operation == _ID["less_than_zero"] and below[0] in _UNCHANGED[_ID["relu"]]:
            return _applied(builder, nodes, _ID["zeros_like"], a, NO_OPERAND)
        if operation == _ID["sign"] and below[0] == _ID["relu"]:
            return _applied(builder, nodes, _ID["heaviside"], below[1], NO_OPERAND)
    ref = builder.apply(operation, *(operand for operand in (a, b) if operand != NO_OPERAND))
    nodes[ref] = (operation, a, b)
    return ref


def _respelled(operation: int, a: int, b: int) -> Node:
    """One spelling of what has two names."""
    if operation == _ID["greater_than"]:
        operation, a, b = _ID["less_than"], b, a
    if operation == _ID["greater_than_zero"]:
        return _ID["heaviside"], a, b
    if a == b and operation == _ID["less_than"]:
        return _ID["zeros_like"], a, NO_OPERAND
    if a == b and operation == _ID["product"]:
        return _ID["power"], a, NO_OPERAND
    return operation, a, b
