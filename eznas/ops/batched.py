"""The operations on many units at once: one PyTorch operation, or a few, for all units whose tensors have equal shapes.

Tensors have one axis in front of the operation's own, for the units. What an operation means is said by its reference:
where that gives each unit its own result with an axis in front, or with shapes aligned behind it, it is what runs here.
The others reduce all of a tensor, or choose an axis by its number, and are said again for tensors of units.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from eznas.ops.catalogue import OPERATIONS, ShapeRule
from eznas.ops.gram_ratios import gram_ratios
from eznas.ops.limits import COSINE_EPSILON
from eznas.ops.reference import REFERENCE

_MATRICES: Final = 2**15
"""How many matrices are factorised by one call: libraries for GPUs have limits, the least known one is 65,535."""


def apply(operation_id: int, *arguments: Tensor, threads: int = 1) -> Tensor:
    """The results of one operation of the catalogue on every unit.

    Args:
        operation_id: the id, of an operation that reads the elements of its arguments, see `constant`.
        arguments: one, or two of an operation of two: float32 (units, ...), of shapes behind the first axis that it can
            take; all on one device.
        threads: for what runs on the host.

    Returns:
        float32 (units, ...) on the device of the arguments.
    """
    operation = OPERATIONS[operation_id]
    if operation.rule is ShapeRule.SCALAR_OF_GRAM:
        return _eigenvalue_ratio(*arguments, symmetric=operation.name == "sym_eig_ratio", threads=threads)
    if operation.rule is ShapeRule.DETERMINANT:
        return _of_matrices(REFERENCE[operation.name], *arguments)
    function = _SAID_AGAIN.get(operation.name, REFERENCE[operation.name])
    if operation.rule is not ShapeRule.SCALAR_OF_ROWS:
        arguments = _aligned(arguments)
    return function(*arguments)


def constant(operation_id: int, shape: tuple[int, ...]) -> float | None:
    """The number that all elements of a result are that follows from the argument's shape alone; None for any other."""
    of_shape = {"ones_like": 1.0, "zeros_like": 0.0, "numel": float(math.prod(shape))}
    return of_shape.get(OPERATIONS[operation_id].name)


def _rows(a: Tensor) -> Tensor:
    """All elements of each unit in a row."""
    return a.reshape(len(a), -1)


def _aligned(arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The arguments with as many axes as the longest has, new ones behind that of the units."""
    axes = max(argument.ndim for argument in arguments)
    if all(argument.ndim == axes for argument in arguments):
        return arguments
    return tuple(
        argument.reshape(len(argument), *[1] * (axes - argument.ndim), *argument.shape[1:]) for argument in arguments
    )


def _of_matrices(function: Callable[..., Tensor], a: Tensor) -> Tensor:
    """A function of single matrices over the last two axes, some thousands of them at a time."""
    matrices = a.reshape(-1, *a.shape[-2:])
    return torch.cat([function(part) for part in torch.split(matrices, _MATRICES)]).reshape(a.shape[:-2])


def _eigenvalue_ratio(a: Tensor, *, symmetric: bool, threads: int) -> Tensor:
    """The Gram matrices on the device, accumulated in float64 as by the kernels, and their eigenvalues on the host."""
    rows = a.double().reshape(len(a), a.shape[1], -1)
    matrices = (rows @ rows.mT).to(a.dtype).cpu().numpy()
    ratios = gram_ratios(matrices, symmetric=symmetric, threads=threads)
    return torch.from_numpy(ratios).to(a.device)


def _normalize(a: Tensor) -> Tensor:
    rows = _rows(a)
    if rows.shape[1] == 1:
        return torch.zeros_like(a)
    deviation, mean = torch.std_mean(rows.double(), dim=1, keepdim=True)
    normalized = (rows - mean.to(a.dtype)) / deviation.to(a.dtype)
    return torch.where(normalized.isnan(), 0.0, normalized).reshape(a.shape)


def _softmax(a: Tensor) -> Tensor:
    if a.ndim == 1:  # one number for each unit
        return torch.where(a.isfinite(), 1.0, torch.nan)
    return a.softmax(1 if a.ndim in {2, 4} else 2)


def _frobenius_norm(a: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(_rows(a), dim=1, dtype=torch.float64)
    return norm.to(a.dtype)


def _normalized_sum(a: Tensor) -> Tensor:
    rows = _rows(a)
    return (rows.sum(1, dtype=torch.float64) / rows.shape[1]).to(a.dtype)


def _l1_norm(a: Tensor) -> Tensor:
    return _normalized_sum(a.abs())


def _hamming_distance(a: Tensor, b: Tensor) -> Tensor:
    return _rows((a > 0) != (b > 0)).sum(1).to(a.dtype)


def _kl_divergence(a: Tensor, b: Tensor) -> Tensor:
    return _normalized_sum(torch.nn.functional.kl_div(a, b, reduction="none"))


def _cosine_similarity(a: Tensor, b: Tensor) -> Tensor:
    rows, other_rows = (one.double().reshape(len(one), one.shape[1], -1) for one in (a, b))
    cosines = torch.nn.functional.cosine_similarity(rows, other_rows, dim=2, eps=COSINE_EPSILON)
    return cosines.sum(1).to(a.dtype)


def _participation_ratio(a: Tensor) -> Tensor:
    rows = a.double().reshape(len(a), a.shape[1] if a.ndim > 1 else 1, -1)
    # A A^T and A^T A have the same sum of squares: the smaller one is no larger than A.
    gram = rows @ rows.mT if rows.shape[1] <= rows.shape[2] else rows.mT @ rows
    squares, fourths = _rows(rows).square().sum(1), _rows(gram).square().sum(1)
    return torch.where(fourths == 0, 0.0, squares.square() / fourths).to(a.dtype)


_SAID_AGAIN: Final[dict[str, Callable[..., Tensor]]] = {
    "normalize": _normalize,
    "softmax": _softmax,
    "frobenius_norm": _frobenius_norm,
    "normalized_sum": _normalized_sum,
    "l1_norm": _l1_norm,
    "hamming_distance": _hamming_distance,
    "kl_divergence": _kl_divergence,
    "cosine_similarity": _cosine_similarity,
    "participation_ratio": _participation_ratio,
}
