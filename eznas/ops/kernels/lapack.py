"""LAPACK's two eigenvalue routines for compiled code: those of the library that scipy is linked with.

The routines are declared as external symbols and given their addresses when this module is imported, so that a
compiled kernel in numba's cache names them and holds no address of the process that compiled it. They run without
the GIL and keep no state, so that threads may call them at once.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite.binding import add_symbol
from numba import types
from numba.extending import get_cython_function_address
from numpy.typing import NDArray

from eznas.ops.jit import JIT_DISABLED, compiled

_BLOCK_COLUMNS: Final = 64
"""At least the block size of LAPACK's reductions, 32: with this many vectors of workspace they run at full speed."""
_BLOCK_REFLECTOR: Final = 65 * 64
"""What sgehrd keeps besides: a triangular factor."""
_INTEGERS: Final = 5
"""Arguments that LAPACK reads and writes through pointers; they stand at the head of the workspace."""


@compiled
def lapack_workspace(n: int) -> int:
    """The float32 of workspace that either routine needs for a matrix of order n."""
    return int((_BLOCK_COLUMNS + 3) * n + _BLOCK_REFLECTOR + _INTEGERS)


def _routine(name: str, arguments: int) -> Any:
    """Declare a LAPACK routine, all of whose arguments are pointers, and give its symbol the address in this process.

    Raises:
        ValueError: scipy has no such routine.
    """
    symbol = f"eznas_lapack_{name}"
    add_symbol(symbol, get_cython_function_address("scipy.linalg.cython_lapack", name))
    return types.ExternalFunction(symbol, types.void(*[types.voidptr] * arguments))


if JIT_DISABLED:
    from scipy.linalg import lapack

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
    _ssyevd: Final = _routine("ssyevd", 11)
    _sgeev: Final = _routine("sgeev", 14)
    _NO_VECTORS: Final = np.array([ord("N")], np.uint8)
    _LOWER: Final = np.array([ord("L")], np.uint8)

    @compiled
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

    @compiled
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
