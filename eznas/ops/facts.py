"""What is known of every value of a program before it runs: its sign, its shape, and when it exists at all.

A fact holds for every network and every number in it, NaN and infinities included; what is not known is taken as not
so. `simplify` replaces a part of a program only by what has the same facts.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final, NamedTuple, TypeAlias

from eznas.ops.catalogue import ShapeRule
from eznas.ops.own import FIRST_OWN_ID, operation_of
from eznas.terminals import TERMINALS

Shape: TypeAlias = Hashable
"""Values of equal `Shape` have the same shape on every unit: `SCALAR`, the name of a group of statistics, or how it
follows from those."""

SCALAR: Final = "scalar"

_ZERO_OR_ONE: Final = frozenset(
    {
        *("less_than", "greater_than", "equal_to", "heaviside", "greater_than_zero", "less_than_zero"),
        *("ones_like", "zeros_like"),
    }
)
_FINITE: Final = _ZERO_OR_ONE | {"sign", "numel", "hamming_distance"}
_FINITE_OF_ZEROS_AND_ONES: Final = frozenset({"sum", "difference", "product", "matmul", "normalized_sum"})
_NOT_NEGATIVE: Final = _ZERO_OR_ONE | {
    *("abs", "power", "exp", "sigmoid", "softmax", "sqrt", "relu"),
    *("numel", "hamming_distance", "frobenius_norm", "l1_norm", "participation_ratio"),
}
_NOT_NEGATIVE_OF_SUCH: Final = frozenset({"sum", "product", "matmul", "normalized_sum"})
_NO_MINUS_ZERO: Final = (_NOT_NEGATIVE - {"relu"}) | {"sign"}  # relu keeps the -0 that it is given
_NO_NEEDS: Final[frozenset[Hashable]] = frozenset()


class Facts(NamedTuple):
    """What is known of a value.

    Attributes:
        shape: see `Shape`.
        needs: the conditions on the shapes of statistics under which it exists on a unit, each as plain data.
        zero_or_one: every number is 0 or 1.
        not_negative: no number is below zero; one may be -0 or NaN.
        no_minus_zero: no number is -0, which `1 / A` and `A + 0` tell from 0.
        finite: no number is NaN or infinite.
    """

    shape: Shape
    needs: frozenset[Hashable] = frozenset()
    zero_or_one: bool = False
    not_negative: bool = False
    no_minus_zero: bool = False
    finite: bool = False


TERMINAL_FACTS: Final = tuple(Facts(terminal.shape_of) for terminal in TERMINALS)
"""The facts of each statistic, by address. Any numbers may be in it; that it exists on a unit needs nothing."""


def facts_of(operation: int, operands: tuple[Facts, ...]) -> Facts:
    """Return the facts of an operation's result.

    Args:
        operation: the id.
        operands: the facts of its arguments.
    """
    rule = operation_of(operation)
    shape, own_needs = _shape(rule.rule, operands)
    if len(operands) == 1 and not own_needs:  # as most are: the same set, and no copy of it
        needs = operands[0].needs
    else:
        needs = own_needs.union(*(operand.needs for operand in operands))
    if operation >= FIRST_OWN_ID:  # a function of the user's own, which may refuse any shapes
        condition: Hashable = (rule.name, *(operand.shape for operand in operands))
        needs |= {condition}
        if not operands and shape != SCALAR:
            shape = condition
    # Every operation refuses a statistic with too many elements; the result of another operation has been checked.
    for operand in operands:
        if not operand.needs and operand.shape != SCALAR:
            needs |= {("size", operand.shape)}
    zeros_and_ones = bool(operands) and all(operand.zero_or_one for operand in operands)
    return Facts(
        shape,
        needs,
        zero_or_one=rule.name in _ZERO_OR_ONE or (rule.name == "product" and zeros_and_ones),
        not_negative=rule.name in _NOT_NEGATIVE or _is_not_negative(rule.name, operands),
        no_minus_zero=_has_no_minus_zero(rule.name, operands),
        finite=rule.name in _FINITE or (rule.name in _FINITE_OF_ZEROS_AND_ONES and zeros_and_ones),
    )


def _is_not_negative(name: str, operands: tuple[Facts, ...]) -> bool:
    """Whether a result is not negative since its operands are not."""
    if name == "invert":  # of -0 it is -infinity
        return operands[0].not_negative and operands[0].no_minus_zero
    return name in _NOT_NEGATIVE_OF_SUCH and all(operand.not_negative for operand in operands)


def _has_no_minus_zero(name: str, operands: tuple[Facts, ...]) -> bool:
    if name in _NO_MINUS_ZERO:
        return True
    if name == "relu":
        return operands[0].no_minus_zero
    if name == "sum":  # only -0 + -0 is -0
        return any(operand.no_minus_zero for operand in operands)
    if name == "difference":  # only -0 - 0 is -0
        return operands[0].no_minus_zero
    if name in {"product", "matmul", "normalized_sum", "invert"}:
        return all(operand.not_negative and operand.no_minus_zero for operand in operands)
    return False


def _shape(rule: ShapeRule, operands: tuple[Facts, ...]) -> tuple[Shape, frozenset[Hashable]]:
    """The shape of a result, and what it needs beyond what its operands do."""
    if rule is ShapeRule.BROADCAST and len(operands) == 1:
        return operands[0].shape, _NO_NEEDS
    if rule is ShapeRule.SCALAR:
        return SCALAR, _NO_NEEDS
    shapes = tuple([operand.shape for operand in operands])
    if rule is ShapeRule.BROADCAST or rule is ShapeRule.SCALAR_OF_TWO:
        lengths = frozenset(shape for shape in shapes if shape != SCALAR)
        if len(lengths) < 2:
            shape = SCALAR if rule is ShapeRule.SCALAR_OF_TWO else next(iter(lengths), SCALAR)
            return shape, _NO_NEEDS
        common: Shape = ("broadcast", lengths)
        return SCALAR if rule is ShapeRule.SCALAR_OF_TWO else common, frozenset({common})
    condition: Shape = (rule.name, *shapes)
    return (SCALAR if rule.gives_scalar else condition), frozenset({condition})
