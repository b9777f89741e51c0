"""One operation on flat arrays: which kernel computes it, and how much workspace that kernel needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eznas.ops.elementwise import BLOCK, apply_binary, apply_unary
from eznas.ops.general_eigenvalues import general_eigenvalue_ratio
from eznas.ops.jit import compiled
from eznas.ops.linear_algebra import determinants, gram, log_determinants, matmul
from eznas.ops.normalization import normalize, softmax
from eznas.ops.operation_ids import (
    COSINE_SIMILARITY,
    DETERMINANT,
    DIFFERENCE,
    EIG_RATIO,
    EQUAL_TO,
    FROBENIUS_NORM,
    GREATER_THAN,
    HAMMING_DISTANCE,
    KL_DIVERGENCE,
    L1_NORM,
    LESS_THAN,
    LOG_DETERMINANT,
    MATMUL,
    NORMALIZE,
    NORMALIZED_SUM,
    NUMEL,
    PRODUCT,
    SOFTMAX,
    SUM,
    SYM_EIG_RATIO,
)
from eznas.ops.reductions import reduce_one, reduce_two
from eznas.ops.symmetric_eigenvalues import symmetric_eigenvalue_ratio


@compiled
def workspace_elements(operation: int, shape: NDArray[np.int64], axes: int) -> int:
    """How many float32 of workspace an operation needs for a first argument of this shape."""
    if operation in (DETERMINANT, LOG_DETERMINANT):
        order = int(shape[axes - 1])
        return order * order
    if operation in (SYM_EIG_RATIO, EIG_RATIO):
        rows = int(shape[0])
        return rows * rows + 3 * rows  # the Gram matrix and three vectors
    return 2 * BLOCK


@compiled
def execute(
    operation: int,
    result: NDArray[np.float32],
    shape: NDArray[np.int64],
    axes: int,
    a: NDArray[np.float32],
    a_shape: NDArray[np.int64],
    a_axes: int,
    b: NDArray[np.float32],
    b_shape: NDArray[np.int64],
    b_axes: int,
    row_shapes: NDArray[np.int64],
    workspace: NDArray[np.float32],
) -> None:
    """Compute one operation on arguments that it can take, as `infer_shape` says.

    Args:
        operation: id.
        result: flat, of as many elements as `shape` has; shares no memory with the arguments.
        shape: int64[4], left-aligned, of the result.
        axes: number of axes of the result.
        a: first argument, flat.
        a_shape: its shape.
        a_axes: its number of axes.
        b: second argument, flat; not read for an operation of one.
        b_shape: its shape.
        b_axes: its number of axes.
        row_shapes: int64[3, 4], overwritten.
        workspace: float32[at least `workspace_elements`], overwritten.
    """
    if operation in (SUM, DIFFERENCE, PRODUCT, LESS_THAN, GREATER_THAN, EQUAL_TO):
        apply_binary(operation, result, shape, axes, a, a_shape, a_axes, b, b_shape, b_axes, workspace)
    elif operation in (FROBENIUS_NORM, NORMALIZED_SUM, L1_NORM, NUMEL):
        result[0] = reduce_one(operation, a)
    elif operation in (HAMMING_DISTANCE, KL_DIVERGENCE, COSINE_SIMILARITY):
        result[0] = reduce_two(operation, a, a_shape, a_axes, b, b_shape, b_axes, row_shapes, workspace)
    elif operation == MATMUL:
        matmul(result, shape, axes, a, a_shape, a_axes, b, b_shape, b_axes)
    elif operation == NORMALIZE:
        normalize(result, a)
    elif operation == SOFTMAX:
        softmax(result, a, a_shape, a_axes, workspace)
    elif operation == DETERMINANT:
        determinants(result, a, a_shape[a_axes - 1], workspace)
    elif operation == LOG_DETERMINANT:
        log_determinants(result, a, a_shape[a_axes - 1], workspace)
    elif operation in (SYM_EIG_RATIO, EIG_RATIO):
        n = a_shape[0]
        matrix, rest = workspace[: n * n], workspace[n * n :]
        gram(matrix, a, n)
        if operation == SYM_EIG_RATIO:
            result[0] = symmetric_eigenvalue_ratio(matrix, n, rest)
        else:
            result[0] = general_eigenvalue_ratio(matrix, n, rest)
    else:
        apply_unary(operation, result, a)
