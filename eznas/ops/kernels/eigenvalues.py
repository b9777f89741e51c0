"""Kernels of the two eigenvalue ratios, by LAPACK, for every order.

Solvers written out here, in the order and rounding of LAPACK's, agreed with PyTorch no better where the smallest
eigenvalue is rounding noise, and were 1.6 to 1.8 times slower at order 64 and 3 to 8 times at 256 and 512; what they
gained up to order 9 was at most 4 us a call. Their bits were the same with every BLAS build and processor, as LAPACK's
are not from order 4 on; but neither are the statistics that come in (`ATEN_CPU_CAPABILITY=default` changes them).

`python bench/bench_eigenvalues.py` (2 cores of an AMD EPYC, one thread; us a call, PyTorch's in brackets): order 9
symmetric 5 (13), general 11 (44); 64: 115 (103), 495 (485); 256: 1840 (2242), 12143 (9477). Of 20 matrices of full
rank, all ratios have PyTorch's sign, and up to order 64 its value within 1e-3; from 128 on, 8 to 17 of 20 general
solvers' lists begin or end with another eigenvalue. Of matrices of half the rank, general ratios from order 5 on have
PyTorch's sign about as often as not, and from order 8 on no ratio has its value: float32 does not determine it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import borrowing
from eznas.ops.kernels.kernel import Operand, Workspace, kernel
from eznas.ops.kernels.lapack import general_eigenvalues, lapack_workspace, symmetric_eigenvalues
from eznas.ops.kernels.sums import dot, two_dots
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


@borrowing
def _is_finite(a: NDArray[np.float32]) -> bool:
    """Whether there is no NaN and no infinity, which LAPACK may never return from."""
    others = 0
    for i in range(a.size):
        others += 0 if np.isfinite(a[i]) else 1
    return others == 0


@kernel
def sym_eig_ratio(a: Operand, workspace: Workspace) -> np.float32:
    """Largest over smallest eigenvalue of M + M^T, where M = A A^T with A as (shape[0], -1); NaN if M is not finite."""
    n = a.shape[0]
    matrix, eigenvalues = workspace.numbers[: n * n], workspace.numbers[n * n : n * n + n]
    _gram(matrix, a.values, n)
    for i in range(n * n):
        matrix[i] = matrix[i] + matrix[i]
    if not _is_finite(matrix) or not symmetric_eigenvalues(matrix, n, eigenvalues, workspace.numbers[n * n + n :]):
        return NOT_A_NUMBER
    return np.float32(eigenvalues[n - 1] / eigenvalues[0])


@kernel
def eig_ratio(a: Operand, workspace: Workspace) -> np.float32:
    """Last over first eigenvalue of A A^T with A as (shape[0], -1), real parts, in the order that LAPACK leaves."""
    n = a.shape[0]
    matrix, eigenvalues = workspace.numbers[: n * n], workspace.numbers[n * n : n * n + n]
    _gram(matrix, a.values, n)
    if not _is_finite(matrix) or not general_eigenvalues(matrix, n, eigenvalues, workspace.numbers[n * n + n :]):
        return NOT_A_NUMBER
    return np.float32(eigenvalues[n - 1] / eigenvalues[0])
