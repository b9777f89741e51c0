"""Run one operation's kernel on numpy arrays, the way the interpreter does."""

from __future__ import annotations

import numpy as np

from eznas.ops.kernels.execute import execute, kept_elements, workspace_elements
from eznas.ops.kernels.kernel import Operand, Workspace
from eznas.ops.shapes import MAXIMUM_AXES, infer_shape


def run_kernel(operation: int, a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray | None:
    """The result, or None for shapes that the operation cannot take."""
    second = a if b is None else b
    shapes = np.ones((3, MAXIMUM_AXES), np.int64)
    shapes[0, : a.ndim], shapes[1, : second.ndim] = a.shape, second.shape
    axes = infer_shape(operation, shapes[0], a.ndim, shapes[1], -1 if b is None else second.ndim, shapes[2])
    if axes < 0:
        return None
    result = np.full(int(shapes[2].prod()), 123.0, np.float32)
    numbers = np.full(workspace_elements(operation, shapes[0], a.ndim), 321.0, np.float32)
    pivots = np.full(kept_elements(operation, shapes[0], a.ndim), 321.0, np.float32)
    with np.errstate(all="ignore"):
        execute(
            operation,
            Operand(result, shapes[2], axes),
            Operand(_read_only(a), shapes[0], a.ndim),
            Operand(_read_only(second), shapes[1], second.ndim),
            Workspace(numbers, np.empty((3, MAXIMUM_AXES), np.int64), pivots, np.array([0, -1])),
        )
    return result.reshape(shapes[2, :axes])


def _read_only(array: np.ndarray) -> np.ndarray:
    """A flat copy; read-only, as the interpreter passes it, so that both run the same compiled code."""
    flat = array.astype(np.float32).ravel()
    flat.flags.writeable = False
    return flat
