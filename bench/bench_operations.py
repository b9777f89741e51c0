"""Single operations of the engine beside PyTorch's in one thread, on arrays that stay in the cache.

    python bench/bench_operations.py

Element-wise operations, softmax and the mean at 1k to 64k elements, in ns an element; matrix products and determinants
of batches by the order of the matrices, in us a matrix. PyTorch writes to a tensor that is there already where it can
(`out=`), so that it is not charged for memory; its cost of a call is part of it, as it is of every program. Each figure
is the least of `--repeats`, by turns. Compilation is not counted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numba import njit
from torch import Tensor

from eznas.ops.catalogue import BY_NAME
from eznas.ops.kernels.blas_threads import one_blas_thread
from eznas.ops.kernels.execute import call_kernel, kept_elements, map_one, map_two, workspace_elements
from eznas.ops.kernels.extremes import UNKNOWN
from eznas.ops.kernels.kernel import Operand, Workspace
from eznas.ops.shapes import MAXIMUM_AXES
from eznas.ops.streams import number_of

SIZES: Final = (1024, 4096, 16384, 65536)
ORDERS: Final = (3, 8, 16, 32, 64, 128, 256)
OF_ONE: Final[dict[str, Callable[..., Tensor]]] = {
    "abs": torch.abs,
    "invert": torch.reciprocal,
    "exp": torch.exp,
    "log": torch.log,
    "sigmoid": torch.sigmoid,
}
OF_TWO: Final[dict[str, Callable[..., Tensor]]] = {"sum": torch.add, "product": torch.mul, "less_than": torch.lt}


Array = np.ndarray


@njit
def _one(calls: int, operation: int, result: Array, a: Array) -> None:
    for _ in range(calls):
        map_one(operation, result, a)


@njit
def _two(calls: int, operation: int, result: Array, a: Array, b: Array) -> None:
    for _ in range(calls):
        map_two(operation, result, a, b)


@njit
def _mean(calls: int, a: Array) -> float:
    total = 0.0
    for _ in range(calls):
        total += number_of(a, False)
    return total


@njit
def _whole(calls: int, operation: int, result: Operand, a: Operand, workspace: Workspace) -> None:
    for _ in range(calls):
        workspace.factorized[0] = -1
        workspace.extremes[0] = UNKNOWN
        call_kernel(operation, result, a, a, workspace)


class _Ways(NamedTuple):
    """The same by the engine, so many times, and by PyTorch, once."""

    engine: Callable[..., object]
    arguments: tuple[object, ...]
    pytorch: Callable[[], object]

    def least_seconds(self, calls: int, repeats: int) -> dict[str, float]:
        """The least seconds of a call, by turns."""
        self.engine(1, *self.arguments)
        seconds: dict[str, list[float]] = {"engine": [], "pytorch": []}
        for _ in range(repeats):
            began = time.process_time()
            self.engine(calls, *self.arguments)
            seconds["engine"].append((time.process_time() - began) / calls)
            began = time.process_time()
            for _ in range(calls):
                self.pytorch()
            seconds["pytorch"].append((time.process_time() - began) / calls)
        return {way: min(found) for way, found in seconds.items()}


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    with one_blas_thread():
        print(json.dumps({"nanoseconds_an_element": _elements(rng, repeats)}, indent=2))
        print(json.dumps({"microseconds_a_matrix": _matrices(rng, repeats)}, indent=2))


def _elements(rng: np.random.Generator, repeats: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for size in SIZES:
        calls = max(1, 2**20 // size)
        for name, ways in _of_size(size, rng).items():
            seconds = ways.least_seconds(calls, repeats)
            figures.setdefault(name, {})[size] = {way: round(1e9 * one / size, 3) for way, one in seconds.items()}
    return figures


def _of_size(size: int, rng: np.random.Generator) -> dict[str, _Ways]:
    a, b, result = (rng.random(size, np.float32) + 0.5 for _ in range(3))
    left, right, target = (torch.from_numpy(one.copy()) for one in (a, b, result))
    a.flags.writeable = b.flags.writeable = False
    channels = _operand(a.reshape(1, 16, -1, 1))
    softmax = (BY_NAME["softmax"].id, Operand(result, channels.shape, 4, 1), channels, _workspace("softmax", channels))
    return {
        "mean": _Ways(_mean, (a,), left.mean),
        "softmax": _Ways(_whole, softmax, partial(torch.softmax, left.view(1, 16, -1, 1), 1)),
        **{
            name: _Ways(_one, (BY_NAME[name].id, result, a), partial(function, left, out=target))
            for name, function in OF_ONE.items()
        },
        **{
            name: _Ways(
                _two,
                (BY_NAME[name].id, result, a, b),
                partial(function, left, right, out=target.bool() if name == "less_than" else target),
            )
            for name, function in OF_TWO.items()
        },
    }


def _matrices(rng: np.random.Generator, repeats: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for order in ORDERS:
        count = max(1, 64 * 32 * 32 // (order * order))
        values = rng.standard_normal((count, order, order)).astype(np.float32)
        a, tensor = _operand(values), torch.from_numpy(values.copy())
        for name, pytorch, shape in (
            ("matmul", partial(torch.matmul, tensor, tensor), (count, order, order)),
            ("determinant", partial(torch.linalg.det, tensor), (count,)),
        ):
            result = _operand(np.empty(shape, np.float32), writeable=True)
            arguments = (BY_NAME[name].id, result, a, _workspace(name, a))
            seconds = _Ways(_whole, arguments, pytorch).least_seconds(1, repeats)
            figures.setdefault(name, {})[order] = {way: round(1e6 * one / count, 3) for way, one in seconds.items()}
    return figures


def _workspace(name: str, a: Operand) -> Workspace:
    operation = BY_NAME[name].id
    return Workspace(
        np.empty(workspace_elements(operation, a.shape, a.axes), np.float32),
        np.empty((3, MAXIMUM_AXES), np.int64),
        np.empty(kept_elements(operation, a.shape, a.axes), np.float32),
        np.zeros(1, np.int64),
        np.zeros(2, np.uint8),
    )


def _operand(values: np.ndarray, *, writeable: bool = False) -> Operand:
    shape = np.ones(MAXIMUM_AXES, np.int64)
    shape[: values.ndim] = values.shape
    flat = np.ascontiguousarray(values, np.float32).reshape(-1).view()
    flat.flags.writeable = writeable
    return Operand(flat, shape, values.ndim, int(writeable))


if __name__ == "__main__":
    main()
