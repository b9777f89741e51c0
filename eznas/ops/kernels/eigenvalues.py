"""Kernels of the two eigenvalue ratios.

The symmetric ratio is LAPACK's at every order. The general one has its own solver up to order 75
(`symmetric_eigenvalues.py`), and is LAPACK's above: solvers of whole matrices, written out in its order and rounding,
were slower by a factor of 1.6 at order 64 and agreed with PyTorch no better.

`python bench/bench_eigenvalues.py` (2 cores of an AMD EPYC, one thread; us a call, PyTorch's in brackets): order 9
symmetric 4 (8), general 4 (20), LAPACK's general 8; 64: 88 (82), 123 (342), 360; 256: 1408 (1724), 16143 (7708). Of 20
matrices of full rank, all ratios have PyTorch's sign, and up to order 64 its value within 1e-3; from 128 on, 6 to 13 of
20 general solvers' lists begin or end with another eigenvalue. Of matrices of half the rank, general ratios from order
3 on have PyTorch's sign about as often as not, and from order 8 on next to no ratio has its value: float32 does not
determine it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import borrowing
from eznas.ops.kernels.extremes import is_finite
from eznas.ops.kernels.kernel import Operand, Workspace, kernel
from eznas.ops.kernels.lapack import lapack_workspace, symmetric_eigenvalues
from eznas.ops.kernels.sums import dot, two_dots
from eznas.ops.kernels.symmetric_eigenvalues import eigenvalues_in_general_order
from eznas.ops.kernels.vector_math import NOT_A_NUMBER


@borrowing
def workspace_of_order(n: int) -> int:
    """The float32 of workspace for a Gram matrix of order n, its eigenvalues, and LAPACK."""
    return int(n * n + n + lapack_workspace(n))


@borrowing
def _gram(result: NDArray[np.float32], a: NDArray[np.float32], rows: int) -> None:
    """A A^T of a row-major A with `rows` rows, each entry accumulated in float64 and rounded once."""
    columns = a.size // rows
    for i in range(rows):
        row = a[i * columns : (i + 1) * columns]
        for j in range(0, i, 2):  # two rows at once, the last of which may be this one
            others = a[j * columns : (j + 2) * columns]
            first, second = two_dots(row, others[:columns], others[columns:])
            result[i * rows + j] = result[j * rows + i] = np.float32(first)
            result[i * rows + j + 1] = result[(j + 1) * rows + i] = np.float32(second)
        if i % 2 == 0:
            result[i * rows + i] = np.float32(dot(row, row))


@kernel
def sym_eig_ratio(a: Operand, workspace: Workspace) -> np.float32:
    """Largest over smallest eigenvalue of M + M^T, where M = A A^T with A as (shape[0], -1); NaN if M is not finite."""
    n = a.shape[0]
    matrix, eigenvalues = workspace.numbers[: n * n], workspace.numbers[n * n : n * n + n]
    _gram(matrix, a.values, n)
    for i in range(n * n):
        matrix[i] = matrix[i] + matrix[i]
    if not is_finite(matrix) or not symmetric_eigenvalues(matrix, n, eigenvalues, workspace.numbers[n * n + n :]):
        return NOT_A_NUMBER
    return np.float32(eigenvalues[n - 1] / eigenvalues[0])


@kernel
def eig_ratio(a: Operand, workspace: Workspace) -> np.float32:
    """Last over first eigenvalue of A A^T with A as (shape[0], -1), real parts, in the order that LAPACK leaves."""
    n = a.shape[0]
    matrix, eigenvalues = workspace.numbers[: n * n], workspace.numbers[n * n : n * n + n]
    _gram(matrix, a.values, n)
    if not is_finite(matrix):  # LAPACK may never return from others
        return NOT_A_NUMBER
    if not eigenvalues_in_general_order(matrix, n, eigenvalues, workspace.numbers[n * n + n :]):
        return NOT_A_NUMBER
    return np.float32(eigenvalues[n - 1] / eigenvalues[0])
