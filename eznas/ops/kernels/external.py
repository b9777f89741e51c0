"""Routines of the BLAS and LAPACK that scipy is linked with, for compiled code.

They are declared as external symbols and given their addresses when the module that names them is imported, so that a
compiled kernel in numba's cache names them and holds no address of the process that compiled it. They run without the
GIL and keep no state, so that threads may call them at once.
"""

from __future__ import annotations

from typing import Any, Literal

from llvmlite.binding import add_symbol
from numba import types
from numba.extending import get_cython_function_address


def routine(library: Literal["blas", "lapack"], name: str, arguments: int) -> Any:
    """Declare a routine, all of whose arguments are pointers, and give its symbol the address in this process.

    Raises:
        ValueError: scipy has no such routine.
    """
    symbol = f"eznas_{library}_{name}"
    add_symbol(symbol, get_cython_function_address(f"scipy.linalg.cython_{library}", name))
    return types.ExternalFunction(symbol, types.void(*[types.voidptr] * arguments))
