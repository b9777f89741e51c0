"""The operations in eager float32 PyTorch, written as users of DEAP write them: the yardstick of the compiled engine.

Each is the shortest PyTorch that gives the operation's meaning: no checks, no float64. An operation that cannot take
its arguments raises `RuntimeError`, as PyTorch does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from eznas.ops.catalogue import BY_NAME
from eznas.ops.program import Program


def _log(a: Tensor) -> Tensor:
    return torch.where(a <= 0, 1.0, a).log()


def _normalize(a: Tensor) -> Tensor:
    return ((a - a.mean()) / a.std()).nan_to_num_(0.0, torch.inf, -torch.inf)


def _gram(a: Tensor) -> Tensor:
    rows = a.reshape(a.shape[0], -1)
    return rows @ rows.T


def _symmetric_ratio(a: Tensor) -> Tensor:
    matrix = _gram(a)
    eigenvalues = torch.linalg.eigvalsh(matrix + matrix.T)
    return eigenvalues[-1] / eigenvalues[0]


def _general_ratio(a: Tensor) -> Tensor:
    eigenvalues = torch.linalg.eigvals(_gram(a)).real
    return eigenvalues[-1] / eigenvalues[0]


def _log_determinant(a: Tensor) -> Tensor:
    return torch.logdet(a).nan_to_num_(0.0, torch.inf, -torch.inf)


def _cosines(a: Tensor, b: Tensor) -> Tensor:
    return torch.nn.functional.cosine_similarity(a.reshape(a.shape[0], -1), b.reshape(b.shape[0], -1), dim=1).sum()


FUNCTIONS: dict[int, Callable[..., Tensor]] = {
    BY_NAME[name].id: function
    for name, function in {
        "sum": torch.add,
        "difference": torch.sub,
        "product": torch.mul,
        "matmul": torch.matmul,
        "less_than": lambda a, b: (a < b).float(),
        "greater_than": lambda a, b: (a > b).float(),
        "equal_to": lambda a, b: (a == b).float(),
        "log": _log,
        "abs_log": lambda a: torch.where(a == 0, 1.0, a).abs().log(),
        "abs": torch.abs,
        "power": torch.square,
        "exp": torch.exp,
        "normalize": _normalize,
        "relu": torch.relu,
        "sign": torch.sign,
        "heaviside": lambda a: (a > 0).float(),
        "invert": torch.reciprocal,
        "frobenius_norm": torch.linalg.vector_norm,
        "determinant": torch.linalg.det,
        "log_determinant": _log_determinant,
        "sym_eig_ratio": _symmetric_ratio,
        "eig_ratio": _general_ratio,
        "normalized_sum": torch.mean,
        "l1_norm": lambda a: a.abs().mean(),
        "hamming_distance": lambda a, b: ((a > 0) != (b > 0)).sum().float(),
        "kl_divergence": lambda a, b: torch.nn.functional.kl_div(a, b, reduction="none").mean(),
        "cosine_similarity": _cosines,
        "softmax": lambda a: a.softmax(0 if a.ndim in {0, 1, 3} else 1),
        "sigmoid": torch.sigmoid,
        "ones_like": torch.ones_like,
        "zeros_like": torch.zeros_like,
        "greater_than_zero": lambda a: (a > 0).float(),
        "less_than_zero": lambda a: (a < 0).float(),
        "numel": lambda a: torch.tensor(float(a.numel())),
        "sqrt": lambda a: a.abs().sqrt(),
        "divide": lambda a, b: torch.where(b == 0, 1.0, a / b),
    }.items()
}
"""By the operations' ids: those of the paper, and the element-wise extensions."""


def number(program: Program, tensors: Sequence[Tensor]) -> float | None:
    """Return the mean of a program's result on one unit, or None where PyTorch refuses it."""
    values = list(tensors)
    try:
        for operation, a, b in program.nodes:
            values.append(FUNCTIONS[operation](values[a]) if b < 0 else FUNCTIONS[operation](values[a], values[b]))
    except RuntimeError:
        return None
    return values[program.output].mean().item()
