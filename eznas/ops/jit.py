"""How every kernel is compiled, and the two bit casts that numba lacks."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, update_wrapper
from hashlib import blake2b
from pathlib import Path
from types import CellType, FunctionType
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import config, njit, types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])


def _fingerprint(folder: Path | None = None) -> str:
    """A hash of everything that compiled kernels are made of, in a folder and below; None for the operations."""
    folder = folder or Path(__file__).parent
    digest = blake2b(digest_size=16)
    for path in sorted(folder.rglob("*.py")):
        source = path.read_bytes()
        if b"eznas.ops.jit" in source or b"njit" in source or path.stem in {"catalogue", "limits", "operation_ids"}:
            digest.update(path.name.encode() + source)
    return digest.hexdigest()


_FINGERPRINT: Final = _fingerprint()


@cache
def _fingerprint_of_all_rooms() -> str:
    """What a kernel outside of this folder is made of: its own, those of other rooms, and the operations."""
    return _fingerprint(Path(__file__).parents[1])


_JIT_DISABLED: Final = bool(getattr(config, "DISABLE_JIT", False))


def _compile(function: Function, **options: Any) -> Function:
    """Compile with numba, cached on disk, without the GIL and with IEEE division instead of exceptions.

    numba finds a cached kernel by that kernel's own file, and would go on running the old code of a function in
    another file that is compiled into it. Closure variables are part of the key, so one more of them, which holds
    the fingerprint of all kernels, makes the cache notice.
    """
    if not _JIT_DISABLED:
        code = function.__code__.replace(co_freevars=(*function.__code__.co_freevars, "fingerprint"))
        is_operation = function.__module__.startswith(__package__)
        made_of = _FINGERPRINT if is_operation else _fingerprint_of_all_rooms()
        cells = (*(function.__closure__ or ()), CellType(made_of))
        kernel = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, cells)
        function = cast("Function", update_wrapper(kernel, function))
    decorate: Any = njit  # its stubs lack some of its options
    compiled_function = decorate(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, **options)(
        function
    )
    return cast("Function", compiled_function)


def compiled(function: Function) -> Function:
    """Compile a kernel.

    No fast-math flag is set: NaN, infinities and the order of float32 operations are part of the results.
    """
    return _compile(function)


def inlined(function: Function) -> Function:
    """Compile a function of a few scalars into the loops that call it, which LLVM then vectorises as a whole."""
    return _compile(function, forceinline=True)


def summing(function: Function) -> Function:
    """Compile a sum in float64, which LLVM may split into as many partial sums as the processor has lanes.

    The order is then fixed by the compiled code and the length alone. It can move the sum of float32 numbers by a
    few units of 1e-16, and can neither make nor hide a NaN or an infinity.
    """
    return _compile(function, fastmath={"reassoc"})


if _JIT_DISABLED:

    def float_to_bits(x: np.float32) -> np.int32:
        """The 32 bits of a float32, as an int32."""
        return np.float32(x).view(np.int32)

    def bits_to_float(bits: np.int32) -> np.float32:
        """The float32 that has these 32 bits."""
        return np.int32(bits).view(np.float32)

else:

    @intrinsic
    def float_to_bits(_typing: Any, _x: Any) -> Any:
        """The 32 bits of a float32, as an int32."""

        def generate(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], _context.get_value_type(signature.return_type))

        return types.int32(types.float32), generate

    @intrinsic
    def bits_to_float(_typing: Any, _bits: Any) -> Any:
        """The float32 that has these 32 bits."""

        def generate(_context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], _context.get_value_type(signature.return_type))

        return types.float32(types.int32), generate
