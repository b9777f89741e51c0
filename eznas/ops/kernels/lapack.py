"""LAPACK's eigenvalues and LU factorisation, and BLAS's matrix product, for compiled code."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import JIT_DISABLED, borrowing
from eznas.ops.kernels.external import routine

_BLOCK_COLUMNS: Final = 64
"""At least the block size of LAPACK's reductions, 32: with this many vectors of workspace they run at full speed."""
_BLOCK_REFLECTOR: Final = 65 * 64
"""What sgehrd keeps besides: a triangular factor."""
_INTEGERS: Final = 5
"""Arguments that LAPACK reads and writes through pointers; they stand at the head of the workspace."""


@borrowing
def lapack_workspace(n: int) -> int:
    """The float32 of workspace that either routine needs for a matrix of order n."""
    return int((_BLOCK_COLUMNS + 3) * n + _BLOCK_REFLECTOR + _INTEGERS)


if JIT_DISABLED:
    from scipy.linalg import lapack

    def multiply(
        result: NDArray[np.float32],
        a: NDArray[np.float32],
        b: NDArray[np.float32],
        rows: int,
        inner: int,
        columns: int,
        workspace: NDArray[np.float32],  # noqa: ARG001
    ) -> None:
        """As below, by numpy, since there is no compiled code to call BLAS from."""
        result[:] = (a.reshape(rows, inner) @ b.reshape(inner, columns)).ravel()

    def factorize(matrix: NDArray[np.float32], n: int, pivot_rows: NDArray[np.int32]) -> None:
        """As below, by scipy's own wrapper."""
        factors, rows, _ = lapack.sgetrf(matrix.reshape(n, n).T)
        matrix[:] = factors.T.ravel()
        pivot_rows[:n] = rows + 1

    def symmetric_eigenvalues(
        matrix: NDArray[np.float32],
        n: int,
        eigenvalues: NDArray[np.float32],
        workspace: NDArray[np.float32],  # noqa: ARG001
    ) -> bool:
        """As below, by scipy's own wrapper, since there is no compiled code to call LAPACK from."""
        eigenvalues[:], _, info = lapack.ssyevd(matrix.reshape(n, n), compute_v=0, lower=1)
        return bool(info == 0)

    def general_eigenvalues(
        matrix: NDArray[np.float32],
        n: int,
        eigenvalues: NDArray[np.float32],
        workspace: NDArray[np.float32],  # noqa: ARG001
    ) -> bool:
        """As below."""
        eigenvalues[:], _, _, _, info = lapack.sgeev(matrix.reshape(n, n).T, compute_vl=0, compute_vr=0)
        return bool(info == 0)

else:
    _ssyevd: Final = routine("lapack", "ssyevd", 11)
    _sgeev: Final = routine("lapack", "sgeev", 14)
    _sgetrf: Final = routine("lapack", "sgetrf", 6)
    _sgemm: Final = routine("blas", "sgemm", 13)
    _NOT_TRANSPOSED: Final = np.array([ord("N")], np.uint8)
    _ONE: Final = np.ones(1, np.float32)
    _ZERO: Final = np.zeros(1, np.float32)
    _NO_VECTORS: Final = np.array([ord("N")], np.uint8)
    _LOWER: Final = np.array([ord("L")], np.uint8)

    @borrowing
    def symmetric_eigenvalues(
        matrix: NDArray[np.float32], n: int, eigenvalues: NDArray[np.float32], workspace: NDArray[np.float32]
    ) -> bool:
        """Eigenvalues of a symmetric matrix in ascending order (ssyevd).

        Args:
            matrix: float32[n * n], finite; overwritten.
            n: order.
            eigenvalues: float32[n], overwritten.
            workspace: float32[lapack_workspace(n)], overwritten.

        Returns:
            Whether LAPACK found them.
        """
        integers = workspace[:_INTEGERS].view(np.int32)
        numbers = workspace[_INTEGERS:]
        order, number_count, integer_count = integers[0:1], integers[1:2], integers[2:3]
        integer_workspace, info = integers[3:4], integers[4:5]
        order[0], number_count[0], integer_count[0] = n, numbers.size, 1
        _ssyevd(
            _NO_VECTORS.ctypes,
            _LOWER.ctypes,
            order.ctypes,
            matrix.ctypes,
            order.ctypes,
            eigenvalues.ctypes,
            numbers.ctypes,
            number_count.ctypes,
            integer_workspace.ctypes,
            integer_count.ctypes,
            info.ctypes,
        )
        return bool(info[0] == 0)

    @borrowing
    def general_eigenvalues(
        matrix: NDArray[np.float32], n: int, eigenvalues: NDArray[np.float32], workspace: NDArray[np.float32]
    ) -> bool:
        """Real parts of the eigenvalues of a matrix, up to a common factor, in the order that LAPACK leaves them in.

        sgeev scales a matrix of entries above 1e15 or below 1e-12 first, and with some LAPACKs (that of OpenBLAS
        0.3.30) does not scale the eigenvalues back if no vectors are asked for.

        Args:
            matrix: float32[n * n], column by column, finite; overwritten.
            n: order.
            eigenvalues: float32[n], overwritten.
            workspace: float32[lapack_workspace(n)], overwritten.

        Returns:
            Whether LAPACK found them.
        """
        integers = workspace[:_INTEGERS].view(np.int32)
        imaginary, numbers = workspace[_INTEGERS : _INTEGERS + n], workspace[_INTEGERS + n :]
        order, number_count, one, info = integers[0:1], integers[1:2], integers[2:3], integers[3:4]
        order[0], number_count[0], one[0] = n, numbers.size, 1
        no_vectors = numbers[:1]
        _sgeev(
            _NO_VECTORS.ctypes,
            _NO_VECTORS.ctypes,
            order.ctypes,
            matrix.ctypes,
            order.ctypes,
            eigenvalues.ctypes,
            imaginary.ctypes,
            no_vectors.ctypes,
            one.ctypes,
            no_vectors.ctypes,
            one.ctypes,
            numbers.ctypes,
            number_count.ctypes,
            info.ctypes,
        )
        return bool(info[0] == 0)

    @borrowing
    def multiply(
        result: NDArray[np.float32],
        a: NDArray[np.float32],
        b: NDArray[np.float32],
        rows: int,
        inner: int,
        columns: int,
        workspace: NDArray[np.float32],
    ) -> None:
        """C = A B of three row-major matrices (sgemm).

        Args:
            result: float32[rows * columns], overwritten.
            a: float32[rows * inner].
            b: float32[inner * columns].
            rows: of A.
            inner: columns of A and rows of B.
            columns: of B.
            workspace: float32[3], overwritten.
        """
        integers = workspace[:3].view(np.int32)
        integers[0], integers[1], integers[2] = columns, rows, inner
        _sgemm(  # of the column-major transposes: C^T = B^T A^T
            _NOT_TRANSPOSED.ctypes,
            _NOT_TRANSPOSED.ctypes,
            integers[0:1].ctypes,
            integers[1:2].ctypes,
            integers[2:3].ctypes,
            _ONE.ctypes,
            b.ctypes,
            integers[0:1].ctypes,
            a.ctypes,
            integers[2:3].ctypes,
            _ZERO.ctypes,
            result.ctypes,
            integers[0:1].ctypes,
        )

    @borrowing
    def factorize(matrix: NDArray[np.float32], n: int, pivot_rows: NDArray[np.int32]) -> None:
        """The LU factorisation of a matrix with row exchanges (sgetrf).

        Args:
            matrix: float32[n * n], column by column; overwritten with L and U.
            n: order.
            pivot_rows: int32[n + 2], overwritten: which row, from 1 on, each was exchanged with; then what LAPACK says.
        """
        order, info = pivot_rows[n : n + 1], pivot_rows[n + 1 : n + 2]
        order[0] = n
        _sgetrf(order.ctypes, order.ctypes, matrix.ctypes, order.ctypes, pivot_rows.ctypes, info.ctypes)
