"""What a kernel is: the function that computes the operation of its name, on one unit.

There are three kinds. An element-wise kernel takes the numbers of one place, one for each argument, and returns the
number of that place. The kernel of a total takes a block of each argument, flat and of the same length, and, if it
asks for `terms`, one more to work in; it returns what the block adds to a sum in float64. Any other kernel names those
of these parameters that it needs:

    result: the `Operand` to fill; a kernel without it returns the one number that the operation gives.
    a, b: the arguments, of shapes that the operation can take, as `infer_shape` says.
    workspace: memory to work in, of the size that `workspace_elements` says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Final, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from eznas.ops.jit import borrowing, inlined

Function = TypeVar("Function", bound=Callable[..., Any])


class Operand(NamedTuple):
    """A tensor as kernels see it.

    Attributes:
        values: the elements, flat; a result shares no memory with the arguments.
        shape: int64[4], left-aligned, unused places 1.
        axes: the number of axes, 0 to 4.
        number: its number among the operands of the plan.
    """

    values: NDArray[np.float32]
    shape: NDArray[np.int64]
    axes: int
    number: int


class Workspace(NamedTuple):
    """Memory that a kernel may overwrite.

    Attributes:
        numbers: float32, at least as many as `workspace_elements` says.
        shapes: int64[3, 4].
        pivots: float32, at least as many as `kept_elements` says, and not overwritten between two nodes of a unit.
        factorized: int64[1], the number of the operand that was factorised last, whose pivots are kept; -1 for none.
        extremes: uint8[operands], what is known of the numbers of each on the unit, see `eznas.ops.kernels.extremes`.
    """

    numbers: NDArray[np.float32]
    shapes: NDArray[np.int64]
    pivots: NDArray[np.float32]
    factorized: NDArray[np.int64]
    extremes: NDArray[np.uint8]


Total = Literal["sum", "mean", "root"]
"""What a sum becomes: itself, its quotient by the number of elements, or its square root."""


@dataclass(frozen=True)
class Kernel:
    """A compiled function, and how to call it.

    Attributes:
        function: the compiled function.
        parameters: the names of its parameters.
        is_elementwise: whether they are numbers rather than operands.
        total: what becomes of the sum over all blocks, if they are blocks.
    """

    function: Callable[..., Any]
    parameters: tuple[str, ...]
    is_elementwise: bool = False
    total: Total | None = None


KERNELS: Final[dict[str, Kernel]] = {}
"""The kernels by the names of their operations; filled as the modules of this package are imported."""


def elementwise(function: Function) -> Function:
    """Make a function of one or two float32 numbers the element-wise kernel of the operation of its name."""
    compiled_function = inlined(function)
    KERNELS[function.__name__] = Kernel(compiled_function, tuple(signature(function).parameters), is_elementwise=True)
    return compiled_function


def totalling(total: Total) -> Callable[[Function], Function]:
    """Make a function of one or two blocks the kernel of the operation of its name, which gives one number."""

    def register(function: Function) -> Function:
        compiled_function = borrowing(function)
        KERNELS[function.__name__] = Kernel(compiled_function, tuple(signature(function).parameters), total=total)
        return compiled_function

    return register


def kernel(function: Function) -> Function:
    """Make a function of operands the kernel of the operation of its name."""
    compiled_function = borrowing(function)
    KERNELS[function.__name__] = Kernel(compiled_function, tuple(signature(function).parameters))
    return compiled_function
