"""A call of the function of an own operation or terminal, with everything that it may get wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from eznas.errors import EznasError, described
from eznas.ops.catalogue import ShapeRule
from eznas.ops.limits import MAXIMUM_ELEMENTS
from eznas.ops.own import OwnOperation
from eznas.ops.shape_check import ShapeError

_MAXIMUM_AXES: Final = 4


def apply_own(rule: OwnOperation, arguments: Sequence[Tensor]) -> Tensor:
    """Return the result of an own operation or terminal.

    Args:
        rule: which.
        arguments: of an operation its arguments, of a terminal what it reads.

    Raises:
        ShapeError: it cannot take these shapes.
        EznasError: its function raises, changes an argument, or returns something else than the operation says.
    """
    shapes = [tuple(one.shape) for one in arguments]
    common = _common_shape(rule, arguments)
    versions = [one._version for one in arguments]  # which every change in place raises
    try:
        result: object = rule.function(*arguments)
    except Exception as error:  # the user's own code
        raise EznasError(
            f"The own operation {rule.name} raised {described(error)}, for {_shapes_text(shapes)}: let it return None "
            "where it cannot take the shapes."
        ) from error
    if [one._version for one in arguments] != versions:
        raise EznasError(f"The own operation {rule.name} changes its arguments: let it work on copies.")
    if result is None:
        raise ShapeError(f"{rule.name} cannot take {shapes}")
    if not isinstance(result, Tensor) or not result.dtype.is_floating_point:
        kind = str(result.dtype) if isinstance(result, Tensor) else type(result).__name__
        raise EznasError(f"The own operation {rule.name} returned a {kind}: let it return a tensor of floats, or None.")
    result = result.to(torch.float32)
    if rule.rule is ShapeRule.SCALAR:
        if result.numel() != 1:
            raise EznasError(
                f"The own operation {rule.name} returned {tuple(result.shape)} for {_shapes_text(shapes)}, and says "
                "that it reduces: let it return one number, or leave `reduces` out."
            )
        return result.reshape(())
    if rule.arity and tuple(result.shape) != common:
        raise EznasError(
            f"The own operation {rule.name} returned {tuple(result.shape)} for {_shapes_text(shapes)}: let it return "
            f"{common}, the common shape of its arguments, or say `reduces=True` and return one number."
        )
    if result.ndim > _MAXIMUM_AXES or not 0 < result.numel() <= MAXIMUM_ELEMENTS:
        raise ShapeError(f"{rule.name} of {shapes} has the shape {tuple(result.shape)}")
    return result


def _common_shape(rule: OwnOperation, arguments: Sequence[Tensor]) -> tuple[int, ...]:
    """The shape that the arguments of an operation broadcast to; () for a terminal, whose arguments need not."""
    shapes = [tuple(one.shape) for one in arguments]
    if any(one.ndim < rule.axes or not 0 < one.numel() <= MAXIMUM_ELEMENTS for one in arguments):
        raise ShapeError(f"{rule.name} cannot take {shapes}")
    if rule.arity == 0:
        return ()
    try:
        common = np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise ShapeError(f"{shapes} do not broadcast against each other") from error
    if math.prod(common) > MAXIMUM_ELEMENTS:
        raise ShapeError(f"{rule.name} of {shapes} has more than {MAXIMUM_ELEMENTS} elements")
    return common


def _shapes_text(shapes: list[tuple[int, ...]]) -> str:
    return f"shape{'s' * (len(shapes) > 1)} {' and '.join(map(str, shapes))}"
