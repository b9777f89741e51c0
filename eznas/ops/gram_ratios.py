"""Eigenvalue ratios of many matrices, by the solvers of the compiled kernels, in several threads.

They run on the host whatever device the matrices come from: PyTorch gives a GPU's solvers one matrix after the other,
which takes milliseconds each (issues 175585 and 183806 of pytorch/pytorch), and the general ratio is of the first and
the last eigenvalue in the order that LAPACK's iteration leaves, which is no other solver's.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import compiled
from eznas.ops.kernels.blas_threads import one_blas_thread
from eznas.ops.kernels.lapack import lapack_workspace, symmetric_eigenvalues
from eznas.ops.kernels.symmetric_eigenvalues import eigenvalues_in_general_order

_FEWEST: Final = 16
"""Matrices for which another thread is worth its begin."""


@compiled
def _ratios(matrices: NDArray[np.float32], symmetric: bool, ratios: NDArray[np.float32]) -> None:
    """Write the ratio of every matrix, float32 (matrices, n * n), to `ratios`."""
    n = int(np.sqrt(matrices.shape[1]))
    matrix, eigenvalues = np.empty(n * n, np.float32), np.empty(n, np.float32)
    workspace = np.empty(lapack_workspace(n), np.float32)
    for index in range(matrices.shape[0]):
        others = 0
        for i in range(n):
            for j in range(i + 1):
                entry = matrices[index, i * n + j]
                if symmetric:
                    entry = entry + entry
                matrix[i * n + j] = entry
                matrix[j * n + i] = entry
                others += 0 if np.isfinite(entry) else 1
        ratios[index] = np.nan
        if others > 0:  # LAPACK may never return from it
            continue
        if symmetric:
            found = symmetric_eigenvalues(matrix, n, eigenvalues, workspace)
        else:
            found = eigenvalues_in_general_order(matrix, n, eigenvalues, workspace)
        if found:
            ratios[index] = eigenvalues[n - 1] / eigenvalues[0]


def gram_ratios(matrices: NDArray[np.float32], *, symmetric: bool, threads: int) -> NDArray[np.float32]:
    """Return the last over the first eigenvalue of every matrix, NaN for one that is not finite.

    Args:
        matrices: float32 (matrices, n, n), symmetric; their lower triangles are read.
        symmetric: of M + M^T by a symmetric solver, as `sym_eig_ratio`; else of M by a general one, as `eig_ratio`.
        threads: how many threads.

    Returns:
        float32 (matrices,).
    """
    ratios = np.empty(len(matrices), np.float32)
    rows = np.ascontiguousarray(matrices, np.float32).reshape(len(matrices), -1)
    parts = min(threads, -(-len(matrices) // _FEWEST))
    ends = [len(matrices) * number // parts for number in range(parts + 1)]

    def fill(start: int, end: int) -> None:
        with np.errstate(all="ignore"):  # for NUMBA_DISABLE_JIT; it is of each thread
            _ratios(rows[start:end], symmetric, ratios[start:end])

    with one_blas_thread(), ThreadPoolExecutor(parts) as pool:
        list(pool.map(fill, ends[:-1], ends[1:]))
    return ratios
