"""The operations in PyTorch: the specification that the compiled kernels are tested against.

Every function takes float32 or float64 tensors on any device, leaves them as they are, and returns a tensor of the
same type. Sums over a whole tensor accumulate in float64 and are rounded once, so that a result depends neither on
the order of the additions nor on an overflow half-way. Source: EZNAS (NeurIPS 2022), appendix, Table 1;
the extensions are eznas's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from eznas.ops.catalogue import OPERATIONS
from eznas.ops.limits import COSINE_EPSILON
from eznas.ops.own import OwnOperation, operation_of, reads_of
from eznas.ops.own_function import apply_own
from eznas.ops.shape_check import ShapeError, check_shapes
from eznas.terminals import TERMINAL_COUNT

if TYPE_CHECKING:
    from eznas.ops.program import Program


def sum(a: Tensor, b: Tensor) -> Tensor:  # noqa: A001 - operations keep their names in formulas
    """A + B."""
    return a + b


def difference(a: Tensor, b: Tensor) -> Tensor:
    """A - B."""
    return a - b


def product(a: Tensor, b: Tensor) -> Tensor:
    """A * B, element by element."""
    return a * b


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """A @ B over the last two axes; leading axes broadcast."""
    return a @ b


def less_than(a: Tensor, b: Tensor) -> Tensor:
    """1 where A < B, else 0; also 0 where either is NaN."""
    return (a < b).to(a.dtype)


def greater_than(a: Tensor, b: Tensor) -> Tensor:
    """1 where A > B, else 0; also 0 where either is NaN."""
    return (a > b).to(a.dtype)


def equal_to(a: Tensor, b: Tensor) -> Tensor:
    """1 where A equals B, else 0; also 0 where either is NaN."""
    return (a == b).to(a.dtype)


def log(a: Tensor) -> Tensor:
    """Log A, with A <= 0 taken as 1; NaN stays."""
    return torch.where(a <= 0, 1.0, a).log()


def abs_log(a: Tensor) -> Tensor:
    """Log |A|, with A = 0 taken as 1."""
    return torch.where(a == 0, 1.0, a).abs().log()


def abs(a: Tensor) -> Tensor:  # noqa: A001
    """|A|."""
    return a.abs()


def power(a: Tensor) -> Tensor:
    """A squared, element by element."""
    return a.square()


def exp(a: Tensor) -> Tensor:
    """E to the A."""
    return a.exp()


def normalize(a: Tensor) -> Tensor:
    """(A - mean) / unbiased standard deviation; NaN becomes 0, so a constant and a single element give 0."""
    if a.numel() == 1:
        return torch.zeros_like(a)
    # One algorithm for both, which is exact for constants: mean() alone can miss one by a rounding error, and the
    # quotient of two rounding errors is no zero.
    deviation, mean = torch.std_mean(a.double())
    normalized = (a - mean.to(a.dtype)) / deviation.to(a.dtype)
    return torch.where(normalized.isnan(), 0.0, normalized)


def relu(a: Tensor) -> Tensor:
    """max(A, 0); NaN stays."""
    return a.relu()


def sign(a: Tensor) -> Tensor:
    """Sign of A: -1, 0 or 1; 0 for NaN."""
    return a.sign()


def heaviside(a: Tensor) -> Tensor:
    """1 where A > 0, else 0."""
    return torch.heaviside(a, torch.zeros((), dtype=a.dtype, device=a.device))


def invert(a: Tensor) -> Tensor:
    """1 / A, element by element; infinite at 0."""
    return a.reciprocal()


def frobenius_norm(a: Tensor) -> Tensor:
    """Square root of the sum of squares."""
    norm: Tensor = torch.linalg.vector_norm(a, dtype=torch.float64)
    return norm.to(a.dtype)


def determinant(a: Tensor) -> Tensor:
    """Determinant over the last two axes, by the LU factorisation in A's own precision."""
    result: Tensor = torch.linalg.det(a.contiguous())
    return result


def log_determinant(a: Tensor) -> Tensor:
    """Log of the determinant over the last two axes: NaN (a negative one) becomes 0, a singular matrix gives -inf."""
    result = torch.logdet(a.contiguous())
    return torch.where(result.isnan(), 0.0, result)


def gram(a: Tensor) -> Tensor:
    """A A^T with A as (shape[0], -1): the matrix whose eigenvalues the two ratios below are of."""
    rows = a.reshape(a.shape[0], -1)
    return rows @ rows.T


def sym_eig_ratio(a: Tensor) -> Tensor:
    """Largest over smallest eigenvalue of M + M^T, where M = A A^T with A as (shape[0], -1); NaN if M is not finite."""
    return symmetric_ratio(gram(a))


def symmetric_ratio(matrix: Tensor) -> Tensor:
    """Largest over smallest eigenvalue of M + M^T; NaN if it is not finite."""
    return _last_over_first(matrix + matrix.T, torch.linalg.eigvalsh)


def eig_ratio(a: Tensor) -> Tensor:
    """Last over first eigenvalue of A A^T with A as (shape[0], -1), real parts, in the order of a general solver.

    The solver does not sort: which eigenvalues these are depends on how its iteration deflates. NaN if A A^T is not
    finite.
    """
    return general_ratio(gram(a))


def general_ratio(matrix: Tensor) -> Tensor:
    """Last over first eigenvalue, real parts, in the order of a general solver; NaN if M is not finite."""
    return _last_over_first(matrix, lambda general: torch.linalg.eigvals(general).real)


def _last_over_first(matrix: Tensor, solver: Callable[[Tensor], Tensor]) -> Tensor:
    """The last over the first eigenvalue; NaN for a matrix that is not finite, or where the solver gives up."""
    undefined = matrix.new_full((), math.nan)
    if not bool(matrix.isfinite().all()):
        return undefined
    try:
        eigenvalues = solver(matrix)
    except RuntimeError:  # torch.linalg.LinAlgError, which torch does not export to type checkers
        return undefined
    return eigenvalues[-1] / eigenvalues[0]


def normalized_sum(a: Tensor) -> Tensor:
    """Sum of A over its number of elements."""
    return (a.sum(dtype=torch.float64) / a.numel()).to(a.dtype)


def l1_norm(a: Tensor) -> Tensor:
    """Sum of |A| over its number of elements."""
    return normalized_sum(a.abs())


def hamming_distance(a: Tensor, b: Tensor) -> Tensor:
    """How many elements of heaviside(A) and heaviside(B) differ."""
    return ((a > 0) != (b > 0)).sum().to(a.dtype)


def kl_divergence(a: Tensor, b: Tensor) -> Tensor:
    """KLDivLoss('batchmean')(A, B) as PyTorch runs it: the mean of B log B - B A over all elements.

    B log B is 0 where B is 0 and NaN where B is negative.

    The published line names no keyword, so 'batchmean' is taken for the first parameter, `size_average`; any text is
    true, and the reduction is the mean over all elements and not over rows, as PyTorch's deprecation warning says.

    Nothing is reshaped: A and B broadcast, the mean is over their common shape, and two numbers are taken as well. In
    the appendix, the lines `A = A.reshape(A.shape[0], -1)` and the same for B stand in the row of this operation, but
    after its result, where they would do nothing. They are the first two of the next row: the first two lines of the
    one other long row of the table, sym_eig_ratio, stand in the row above it, too.
    """
    terms = torch.nn.functional.kl_div(a, b, reduction="none")
    return normalized_sum(terms)


def cosine_similarity(a: Tensor, b: Tensor) -> Tensor:
    """Sum of the cosine similarities of the rows, both as (shape[0], -1); see kl_divergence for where that stands."""
    rows, other_rows = a.double().reshape(a.shape[0], -1), b.double().reshape(b.shape[0], -1)
    cosines = torch.nn.functional.cosine_similarity(rows, other_rows, dim=1, eps=COSINE_EPSILON)
    return cosines.sum().to(a.dtype)


def softmax(a: Tensor) -> Tensor:
    """Softmax along PyTorch's implicit axis: 0 for 0, 1 or 3 axes, else 1."""
    return a.softmax(0 if a.ndim in {0, 1, 3} else 1)


def sigmoid(a: Tensor) -> Tensor:
    """1 / (1 + exp(-A))."""
    return a.sigmoid()


def ones_like(a: Tensor) -> Tensor:
    """Ones of A's shape."""
    return torch.ones_like(a)


def zeros_like(a: Tensor) -> Tensor:
    """Zeros of A's shape."""
    return torch.zeros_like(a)


def greater_than_zero(a: Tensor) -> Tensor:
    """1 where A > 0, else 0."""
    return (a > 0).to(a.dtype)


def less_than_zero(a: Tensor) -> Tensor:
    """1 where A < 0, else 0."""
    return (a < 0).to(a.dtype)


def numel(a: Tensor) -> Tensor:
    """Number of elements."""
    return a.new_full((), float(a.numel()))


def sqrt(a: Tensor) -> Tensor:
    """Square root of |A|."""
    return a.abs().sqrt()


def log_abs_determinant(a: Tensor) -> Tensor:
    """Log of |det A| over the last two axes, with det A = 0 taken as 1."""
    result = torch.linalg.slogdet(a.contiguous()).logabsdet
    return torch.where(result == -math.inf, 0.0, result)


def participation_ratio(a: Tensor) -> Tensor:
    """Of the singular values S of A as (shape[0], -1): (sum of S^2)^2 / sum of S^4, and 0 where A is 0."""
    rows = a.double().reshape(a.shape[0] if a.ndim else 1, -1)
    squares, fourths = rows.square().sum(), (rows @ rows.T).square().sum()
    ratio = torch.where(fourths == 0, 0.0, squares.square() / fourths)
    return ratio.to(a.dtype)


def divide(a: Tensor, b: Tensor) -> Tensor:
    """A / B, and 1 where B is 0, whatever A is."""
    return torch.where(b == 0, 1.0, a / b)


REFERENCE: Final[dict[str, Callable[..., Tensor]]] = {
    operation.name: globals()[operation.name] for operation in OPERATIONS
}
"""The functions above by the names of the operations."""


def apply(operation_id: int, *arguments: Tensor) -> Tensor:
    """The result of one operation, of the catalogue or a user's own.

    Args:
        operation_id: the id.
        arguments: one, or two of an operation of two; of an own terminal all that it reads.

    Raises:
        EznasError: the function of an own operation does what it may not, see `own_function`.
        ShapeError: the operation cannot take these shapes; a tensor without elements is one that none takes, and a
            result or a common shape of more than `MAXIMUM_ELEMENTS` elements counts as one.
    """
    operation = operation_of(operation_id)
    if isinstance(operation, OwnOperation):
        return apply_own(operation, arguments)
    check_shapes(operation.name, operation.rule, arguments)
    return REFERENCE[operation.name](*arguments)


def run_program(program: Program, tensors: Sequence[Tensor | None]) -> Tensor | None:
    """The result of a program on one unit.

    Args:
        program: any program.
        tensors: the unit's 22 statistics in the order of their addresses; None where not collected.

    Returns:
        The result, or None where some operation cannot take the shapes of its arguments.

    Raises:
        ValueError: the program reads a statistic that was not collected.
    """
    values = list(tensors)
    for address in sorted(program.terminals):
        if values[address] is None:
            raise ValueError(f"the program reads terminal {address}, which was not collected")
    if len(values) != TERMINAL_COUNT:
        raise ValueError(f"a unit has {TERMINAL_COUNT} statistics, not {len(values)}")
    try:
        for operation, first, second in program.nodes:
            operands = (*reads_of(operation), *(one for one in (first, second) if one >= 0))
            arguments = [one for operand in operands if (one := values[operand]) is not None]
            values.append(apply(operation, *arguments))
    except ShapeError:
        return None
    result = values[program.output]
    return None if result is None or result.numel() == 0 else result
