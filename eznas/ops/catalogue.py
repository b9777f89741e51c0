"""The 34 operations of EZNAS (NeurIPS 2022, appendix, Table 1), and the extensions beyond them: one entry each.

An entry states an operation's identity, arity, shapes, meaning and notation. What it computes is the function of its
name in `reference.py` (PyTorch, the specification), and the kernel of its name in `kernels/` (compiled, tested against
the reference); the interpreter's branches are written from the entries. This file is data only and imports neither
torch nor numba, so that genomes, printing and `eznas --help` stay light.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class ShapeRule(Enum):
    """How the shape of a result follows from the shapes of the arguments.

    Attributes:
        minimum_axes: the fewest axes that every argument must have.
        gives_scalar: whether the result is one number, whatever the shapes of the arguments.
    """

    BROADCAST = ("broadcast", 0, False)
    """Element-wise: the arguments broadcast against each other as PyTorch does."""
    MATMUL = ("matmul", 2, False)
    """(..., n, k) with (..., k, m) gives (..., n, m); leading axes broadcast."""
    DETERMINANT = ("determinant", 2, False)
    """(..., n, n) gives (...)."""
    SCALAR = ("scalar", 0, True)
    """Any shape gives one number."""
    SCALAR_OF_TWO = ("scalar of two", 0, True)
    """Two arguments that broadcast against each other give one number."""
    SCALAR_OF_ROWS = ("scalar of rows", 1, True)
    """Both arguments, reshaped to (shape[0], -1), broadcast against each other and give one number."""
    SCALAR_OF_GRAM = ("scalar of gram", 1, True)
    """The argument, reshaped to (shape[0], -1), gives one number by way of the Gram matrix of its rows."""

    def __init__(self, _: str, minimum_axes: int, gives_scalar: bool) -> None:
        # Plain attributes: evolution asks for them a thousand times for each program that it tries.
        self.minimum_axes = minimum_axes
        self.gives_scalar = gives_scalar


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: C = f(A) or C = f(A, B).

    Attributes:
        id: the number in the paper's Table 1, 0 to 33, and from 34 on for an extension; what genomes and files store.
        name: the name in formulas, of its reference and of its kernel.
        arity: 1 or 2.
        rule: how the result's shape follows from the arguments'.
        meaning: one line for help texts.
        latex: template with `{a}` and `{b}`.
        infix: the operator that formulas print between the arguments, or None for `name(a, b)`.
        commutative: whether the arguments may be swapped without changing any bit of the result.
        encloses: whether the template shows by itself where its arguments end, so that they need no parentheses.
    """

    id: int
    name: str
    arity: int
    rule: ShapeRule
    meaning: str
    latex: str
    infix: str | None = None
    commutative: bool = False
    encloses: bool = False

    @property
    def is_extension(self) -> bool:
        """Whether the operation is beyond the paper's."""
        return self.id >= PAPER_OPERATION_COUNT

    @property
    def gives_scalar(self) -> bool:
        """Whether the result is one number, whatever the shapes of the arguments."""
        return self.rule.gives_scalar

    @property
    def minimum_axes(self) -> int:
        """The fewest axes that every argument must have."""
        return self.rule.minimum_axes


_BROADCAST, _SCALAR = ShapeRule.BROADCAST, ShapeRule.SCALAR

PAPER_OPERATIONS: Final = (
    Operation(0, "sum", 2, _BROADCAST, "A + B", "{a} + {b}", infix="+", commutative=True),
    Operation(1, "difference", 2, _BROADCAST, "A - B", "{a} - {b}", infix="-"),
    Operation(2, "product", 2, _BROADCAST, "A * B, element by element", r"{a} \odot {b}", infix="*", commutative=True),
    Operation(3, "matmul", 2, ShapeRule.MATMUL, "A @ B over the last two axes, batched", "{a} {b}", infix="@"),
    Operation(4, "less_than", 2, _BROADCAST, "1 where A < B, else 0", r"[{a} < {b}]", infix="<", encloses=True),
    Operation(5, "greater_than", 2, _BROADCAST, "1 where A > B, else 0", r"[{a} > {b}]", infix=">", encloses=True),
    Operation(
        6,
        "equal_to",
        2,
        _BROADCAST,
        "1 where A equals B, else 0",
        r"[{a} = {b}]",
        infix="==",
        commutative=True,
        encloses=True,
    ),
    Operation(7, "log", 1, _BROADCAST, "log A, with A <= 0 taken as 1", r"\log {a}"),
    Operation(8, "abs_log", 1, _BROADCAST, "log |A|, with A = 0 taken as 1", r"\log \lvert {a} \rvert", encloses=True),
    Operation(9, "abs", 1, _BROADCAST, "|A|", r"\lvert {a} \rvert", encloses=True),
    Operation(10, "power", 1, _BROADCAST, "A squared, element by element", r"{a}^{{\odot 2}}"),
    Operation(11, "exp", 1, _BROADCAST, "e to the A", r"\exp {a}"),
    Operation(
        12,
        "normalize",
        1,
        _BROADCAST,
        "(A - mean) / unbiased standard deviation, NaN becomes 0",
        r"\mathrm{{norm}} {a}",
    ),
    Operation(13, "relu", 1, _BROADCAST, "max(A, 0)", r"\mathrm{{ReLU}} {a}"),
    Operation(14, "sign", 1, _BROADCAST, "sign of A: -1, 0 or 1", r"\mathrm{{sign}} {a}"),
    Operation(15, "heaviside", 1, _BROADCAST, "1 where A > 0, else 0", r"H {a}"),
    Operation(16, "invert", 1, _BROADCAST, "1 / A, element by element", r"{a}^{{\odot -1}}"),
    Operation(
        17, "frobenius_norm", 1, _SCALAR, "square root of the sum of squares", r"\lVert {a} \rVert_F", encloses=True
    ),
    Operation(18, "determinant", 1, ShapeRule.DETERMINANT, "determinant over the last two axes", r"\det {a}"),
    Operation(
        19,
        "log_determinant",
        1,
        ShapeRule.DETERMINANT,
        "log of the determinant over the last two axes; NaN becomes 0, a singular matrix gives -inf",
        r"\log\det {a}",
    ),
    Operation(
        20,
        "sym_eig_ratio",
        1,
        ShapeRule.SCALAR_OF_GRAM,
        "largest over smallest eigenvalue of M + M^T, where M = A A^T with A as (shape[0], -1)",
        r"\rho_s {a}",
    ),
    Operation(
        21,
        "eig_ratio",
        1,
        ShapeRule.SCALAR_OF_GRAM,
        "last over first eigenvalue (general solver, real part) of A A^T with A as (shape[0], -1)",
        r"\rho {a}",
    ),
    Operation(
        22, "normalized_sum", 1, _SCALAR, "sum of A over its number of elements", r"\langle {a} \rangle", encloses=True
    ),
    Operation(
        23,
        "l1_norm",
        1,
        _SCALAR,
        "sum of |A| over its number of elements",
        r"\langle \lvert {a} \rvert \rangle",
        encloses=True,
    ),
    Operation(
        24,
        "hamming_distance",
        2,
        ShapeRule.SCALAR_OF_TWO,
        "how many elements of heaviside(A) and heaviside(B) differ",
        r"d_H({a}, {b})",
        commutative=True,
        encloses=True,
    ),
    Operation(
        25,
        "kl_divergence",
        2,
        ShapeRule.SCALAR_OF_TWO,
        "mean of B log B - B A over all elements, as PyTorch runs KLDivLoss('batchmean')(A, B)",
        r"\mathrm{{KL}}({a}, {b})",
        encloses=True,
    ),
    Operation(
        26,
        "cosine_similarity",
        2,
        ShapeRule.SCALAR_OF_ROWS,
        "sum of the cosine similarities of the rows, both as (shape[0], -1)",
        r"\cos({a}, {b})",
        commutative=True,
        encloses=True,
    ),
    Operation(
        27,
        "softmax",
        1,
        _BROADCAST,
        "softmax along PyTorch's implicit axis: 0 for 0, 1 or 3 axes, else 1",
        r"\mathrm{{softmax}} {a}",
    ),
    Operation(28, "sigmoid", 1, _BROADCAST, "1 / (1 + exp(-A))", r"\sigma {a}"),
    Operation(29, "ones_like", 1, _BROADCAST, "ones of A's shape", r"\mathbf{{1}}_{{{a}}}", encloses=True),
    Operation(30, "zeros_like", 1, _BROADCAST, "zeros of A's shape", r"\mathbf{{0}}_{{{a}}}", encloses=True),
    Operation(31, "greater_than_zero", 1, _BROADCAST, "1 where A > 0, else 0", r"[{a} > 0]", encloses=True),
    Operation(32, "less_than_zero", 1, _BROADCAST, "1 where A < 0, else 0", r"[{a} < 0]", encloses=True),
    Operation(33, "numel", 1, _SCALAR, "number of elements", r"\#{a}"),
)
"""The operations of the paper; `PAPER_OPERATIONS[id].id == id`."""

PAPER_OPERATION_COUNT: Final = len(PAPER_OPERATIONS)

EXTENSIONS: Final = (
    Operation(34, "sqrt", 1, _BROADCAST, "square root of |A|", r"\sqrt{{\lvert {a} \rvert}}", encloses=True),
    Operation(
        35, "divide", 2, _BROADCAST, "A / B, and 1 where B is 0", r"\frac{{{a}}}{{{b}}}", infix="/", encloses=True
    ),
    Operation(
        36,
        "log_abs_determinant",
        1,
        ShapeRule.DETERMINANT,
        "log of the determinant's absolute value over the last two axes, with 0 taken as 1",
        r"\log\lvert\det {a}\rvert",
    ),
    Operation(
        37,
        "participation_ratio",
        1,
        _SCALAR,
        "(sum of S^2)^2 / sum of S^4 over the singular values S of A as (shape[0], -1), and 0 where all are 0",
        r"\mathrm{{PR}} {a}",
    ),
)
"""Operations beyond the paper's. No argument is outside their domain, as in genetic programming.

`sqrt` takes the absolute value, `divide` is Koza's protected division ("Genetic Programming", 1992). There is no
threshold around 0: statistics of a network are often 1e-6 and smaller, and their quotients mean something.

`log_abs_determinant` adds the logarithms of the pivots, where `determinant` multiplies them and is 0 in float32 for
every matrix of small numbers: below exp(-103), which the gradients of a 16 x 16 image are. `participation_ratio` counts
the directions that the rows of a matrix share their energy among, 1 to the rank, and stands for what the eigenvalue
ratios are taken for; these divide by the least eigenvalue, of a singular matrix a rounding error.
"""

OPERATIONS: Final = (*PAPER_OPERATIONS, *EXTENSIONS)
"""All operations; `OPERATIONS[id].id == id`."""

OPERATION_COUNT: Final = len(OPERATIONS)

BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
"""Operations by name."""

OF_SHAPE_ALONE: Final = frozenset({BY_NAME[name].id for name in ("numel", "ones_like", "zeros_like")})
"""The ids of the operations whose result depends on the shape of their argument, not on its elements."""
