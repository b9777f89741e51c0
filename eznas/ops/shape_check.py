"""Which shapes an operation can take, for the PyTorch reference; `shapes.py` says the same for the compiled kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from eznas.ops.catalogue import ShapeRule
from eznas.ops.limits import MAXIMUM_ELEMENTS


class ShapeError(ValueError):
    """The shapes of the arguments are ones that the operation cannot take; the program is invalid on that unit."""


def check_shapes(name: str, rule: ShapeRule, arguments: Sequence[Tensor]) -> None:
    """Raise a `ShapeError` where an operation cannot take its arguments.

    A tensor without elements is one that none takes, and a result or a common shape of more than `MAXIMUM_ELEMENTS`
    elements counts as one.

    Args:
        name: of the operation, for the message.
        rule: of the operation.
        arguments: one tensor or two.
    """
    shapes = [tuple(argument.shape) for argument in arguments]
    if not all(len(shape) >= rule.minimum_axes and 0 < math.prod(shape) <= MAXIMUM_ELEMENTS for shape in shapes):
        raise ShapeError(f"{name} cannot take {shapes}")
    if _walked_elements(rule, shapes) > MAXIMUM_ELEMENTS:
        raise ShapeError(f"{name} of {shapes} has more than {MAXIMUM_ELEMENTS} elements")


def _walked_elements(rule: ShapeRule, shapes: list[tuple[int, ...]]) -> int:
    """How many elements an operation gives or walks over, from the shapes of its arguments."""
    factor = 1
    if rule is ShapeRule.MATMUL:
        (*leading, rows, inner), (*other_leading, other_inner, columns) = shapes
        if inner != other_inner:
            raise ShapeError(f"the matrix product of {shapes} has inner lengths {inner} and {other_inner}")
        shapes, factor = [tuple(leading), tuple(other_leading)], rows * columns
    elif rule is ShapeRule.DETERMINANT and shapes[0][-1] != shapes[0][-2]:
        raise ShapeError(f"the determinant of {shapes[0]} needs its last two axes of equal length")
    elif rule is ShapeRule.SCALAR_OF_ROWS:
        shapes = [(shape[0], math.prod(shape[1:])) for shape in shapes]
    elif rule is ShapeRule.SCALAR_OF_GRAM:
        shapes = [(shape[0], shape[0]) for shape in shapes]
    try:
        return factor * math.prod(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise ShapeError(f"{shapes} do not broadcast against each other") from error
