"""The eigenvalue kernels beside PyTorch: time, agreement, and what the number of BLAS threads changes.

    python bench/bench_eigenvalues.py

Times are processor microseconds in one thread, the least of several, for the eigenvalues of a random Gram matrix of
each order, copying it included. Agreement is over `--matrices` random Gram matrices: how often the ratio that the
operation gives has PyTorch's sign, and how often it is within 1e-3 of PyTorch's; "full" has rank n and "half" rank n/2,
where the smallest eigenvalue is rounding noise and no implementation agrees with another. The last column says in how
many of four matrices more than one BLAS thread, which the interpreter excludes, changes any bit.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from eznas.ops.kernels.blas_threads import one_blas_thread
from eznas.ops.kernels.lapack import general_eigenvalues, lapack_workspace, symmetric_eigenvalues
from eznas.ops.kernels.symmetric_eigenvalues import eigenvalues_in_general_order

SOLVERS: dict[str, tuple[Any, Callable[[torch.Tensor], torch.Tensor]]] = {
    "symmetric": (symmetric_eigenvalues, torch.linalg.eigvalsh),
    "general": (eigenvalues_in_general_order, lambda matrix: torch.linalg.eigvals(matrix).real),
    "LAPACK's": (general_eigenvalues, lambda matrix: torch.linalg.eigvals(matrix).real),
}


def main() -> None:
    """Print one line for each solver and order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[*range(1, 10), 16, 32, 64, 128, 256, 512])
    parser.add_argument("--matrices", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    print("solver     order  eznas us  PyTorch us  ratio | full: sign value | half: sign value | changed by threads")
    for name, (kernel, solver) in SOLVERS.items():
        for order in options.orders:
            matrix = _gram(rng, order, 2 * order)
            with one_blas_thread():
                ours = _least(lambda kernel=kernel, matrix=matrix: _eigenvalues(kernel, matrix), order, options.repeats)
            tensor = torch.from_numpy(matrix)
            theirs = _least(lambda solver=solver, tensor=tensor: solver(tensor), order, options.repeats)
            columns = [f"{name:9} {order:6} {ours:9.1f} {theirs:11.1f} {theirs / ours:6.1f}"]
            for rank in (2 * order, max(1, order // 2)):
                sign, value = _agreement(kernel, solver, [_gram(rng, order, rank) for _ in range(options.matrices)])
                columns.append(f"{sign:10.2f} {value:5.2f}")
            changed = sum(_depends_on_threads(kernel, _gram(rng, order, max(1, order // 2))) for _ in range(4))
            print(" | ".join([*columns, f"{changed} of 4"]), flush=True)


def _gram(rng: np.random.Generator, order: int, rank: int) -> NDArray[np.float32]:
    rows = rng.standard_normal((order, rank))
    return (rows @ rows.T).astype(np.float32)


def _eigenvalues(kernel: Any, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    order = len(matrix)
    eigenvalues = np.empty(order, np.float32)
    if not kernel(matrix.ravel().copy(), order, eigenvalues, np.empty(lapack_workspace(order), np.float32)):
        raise RuntimeError(f"LAPACK found no eigenvalues of a matrix of order {order}")
    return eigenvalues


def _least(function: Callable[[], object], order: int, repeats: int) -> float:
    """The least processor time of a call, in microseconds."""
    calls = max(1, 10**6 // (order**3 + 10**3))
    times = []
    for _ in range(repeats + 1):  # the first compiles
        began = time.process_time()
        for _ in range(calls):
            function()
        times.append((time.process_time() - began) / calls)
    return min(times) * 1e6


def _agreement(
    kernel: Any, solver: Callable[[torch.Tensor], torch.Tensor], matrices: list[NDArray[np.float32]]
) -> tuple[float, float]:
    """The shares of matrices on which the last over the first eigenvalue has PyTorch's sign, and its value."""
    signs = values = 0
    for matrix in matrices:
        with one_blas_thread(), np.errstate(all="ignore"):
            ours = _eigenvalues(kernel, matrix)
            ratio = float(ours[-1] / ours[0])
        theirs = solver(torch.from_numpy(matrix))
        reference = float(theirs[-1] / theirs[0])
        signs += np.sign(ratio) == np.sign(reference)
        values += abs(ratio - reference) <= 1e-3 * abs(reference)
    return signs / len(matrices), values / len(matrices)


def _depends_on_threads(kernel: Any, matrix: NDArray[np.float32]) -> bool:
    found = set()
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            found.add(_eigenvalues(kernel, matrix).tobytes())
    return len(found) > 1


if __name__ == "__main__":
    main()
