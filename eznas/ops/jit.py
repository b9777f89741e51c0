"""How every kernel is compiled, and what numba lacks: bit casts, a product and sum that are rounded once, and scaling.

What every command compiles copies arrays by loops: numba takes three seconds for the first assignment of an array to a
slice of another.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache, update_wrapper
from hashlib import blake2b
from pathlib import Path
from types import CellType, FunctionType
from typing import Any, Final, TypeVar, cast

import numpy as np
from llvmlite import ir
from llvmlite.binding import get_host_cpu_name, llvm_version_info
from numba import __version__ as numba_version
from numba import config, typeof, types
from numba.core import cgutils as untyped_cgutils
from numba.extending import intrinsic

from eznas.system.compilation import Part
from eznas.system.vectors import WHOLE_VECTORS, njit

Function = TypeVar("Function", bound=Callable[..., Any])
cgutils: Any = untyped_cgutils

_PACKAGE: Final = Path(__file__).parents[1]
# A parser would take ten times as long, at every start.
_IMPORT: Final = re.compile(r"^[ \t]*(?:from|import)[ \t]+([\w.]+)(?:[ \t]+import[ \t]+(\([^)]*\)|.*))?", re.MULTILINE)
_EXPONENT_BIAS: Final = np.int32(127)
MANTISSA_BITS: Final = np.int32(23)
_LLVM_THAT_SCALES_VECTORS: Final = 22
"""The first that uses the instruction of processors with vectors of 512 bits: others, and this one without those, call
the C library for every number.
"""
JIT_DISABLED: Final = bool(getattr(config, "DISABLE_JIT", False))
"""Whether `NUMBA_DISABLE_JIT` is set, so that kernels run as Python, which is how their coverage is measured."""


@cache
def _imported(path: Path, package: Path) -> frozenset[Path]:
    """The files of a package that a file imports by absolute names."""
    found: set[Path] = set()
    for module, names in _IMPORT.findall(path.read_text("utf-8")):
        first, *rest = module.split(".")
        if first == package.name:
            stem = package.joinpath(*rest)
            found |= {stem, *(stem / name for name in re.findall(r"\w+", names))}
    files = {file for stem in found for file in (stem.with_suffix(".py"), stem / "__init__.py")}
    return frozenset(file for file in files if file.is_file())


@cache
def fingerprint(path: Path, package: Path = _PACKAGE) -> str:
    """A hash of a file and of every file of the package that it imports, directly or not.

    That is all that the compiled code of its functions can depend on: other functions, which are compiled into it, and
    the values of global names, which are constants to it.
    """
    sources: set[Path] = set()
    pending = {path}
    while pending:
        file = pending.pop()
        sources.add(file)
        pending |= _imported(file, package) - sources
    digest = blake2b(digest_size=16)
    for file in sorted(sources):
        text = file.read_bytes()
        digest.update(f"{file.name} {len(text)} ".encode() + text)
    return digest.hexdigest()


def _compile(function: Function, **options: Any) -> Function:
    """Compile with numba, cached on disk, without the GIL and with IEEE division instead of exceptions.

    numba finds a cached kernel by that kernel's own file, and would go on running the old code of what it takes from
    other files. Closure variables are part of the key, so one more of them, which holds the fingerprint of the file and
    of all that it imports, makes the cache notice.
    """
    if not JIT_DISABLED:
        code = function.__code__.replace(co_freevars=(*function.__code__.co_freevars, "fingerprint"))
        cells = (*(function.__closure__ or ()), CellType(fingerprint(Path(code.co_filename))))
        kernel = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, cells)
        function = cast("Function", update_wrapper(kernel, function))
    decorate: Any = njit  # its stubs lack some of its options
    compiled_function = decorate(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, **options)(
        function
    )
    return cast("Function", compiled_function)


def compiled(function: Function) -> Function:
    """Compile a function that may allocate arrays.

    No fast-math flag is set: NaN, infinities and the order of float32 operations are part of the results.
    """
    return _compile(function)


def borrowing(function: Function) -> Function:
    """Compile a function that borrows its caller's arrays, and allocates none.

    numba counts the references to an array by atomic instructions, at every view and many a call, which takes more time
    than much of what kernels do. Here nothing is counted, so that such a function may return an array, or a view of
    one, to another of its kind only, and none to Python.
    """
    return _compile(function, _nrt=False)


def compile_for(function: Callable[..., Any], *arguments: Any) -> None:
    """Make a compiled function ready for arguments such as these, from numba's cache or anew, without a call."""
    cast("Any", function).compile(tuple(map(typeof, arguments)))


def compiled_part(name: str, source: str, make: Callable[[], object], needs: tuple[str, ...] = ()) -> Part:
    """Return a part whose code is that of a file, `__file__`, and of all that it imports; see `Part` for the others."""
    key = f"{fingerprint(Path(source))} {sys.implementation.cache_tag} numba {numba_version} {get_host_cpu_name()}"
    return Part(name, key, make, needs)


def inlined(function: Function) -> Function:
    """Compile a `borrowing` function into the loops that call it, which LLVM then vectorises as a whole."""
    return _compile(function, forceinline=True, _nrt=False)


def written_out(function: Function) -> Function:
    """Compile a function of one caller as if it stood there, so that LLVM goes through all that it calls once less."""
    return _compile(function, inline="always")


def written_out_borrowing(function: Function) -> Function:
    """`written_out` of a function that borrows, which may so return an array to a `borrowing` caller."""
    return _compile(function, inline="always", _nrt=False)


if JIT_DISABLED:

    def float_to_bits(x: np.float32) -> np.int32:
        """The 32 bits of a float32, as an int32."""
        return np.float32(x).view(np.int32)

    def bits_to_float(bits: np.int32) -> np.float32:
        """The float32 that has these 32 bits."""
        return np.int32(bits).view(np.float32)

    def multiply_add(a: np.float32, b: np.float32, c: np.float32) -> np.float32:
        """A * b + c, rounded once."""
        return np.float32(np.float64(a) * np.float64(b) + np.float64(c))

    def times_power_of_two(x: np.float32, n: np.int32) -> np.float32:
        """X * 2^n of a number from 1/2 to 2, rounded once; n from -252 to 254."""
        return np.float32(np.ldexp(np.float64(x), n))

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

    @intrinsic
    def multiply_add(_typing: Any, _a: Any, _b: Any, _c: Any) -> Any:
        """A * b + c, rounded once: the processor's instruction, which takes the time of the product alone."""

        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.fma(*arguments)

        return types.float32(types.float32, types.float32, types.float32), generate

    if WHOLE_VECTORS and llvm_version_info[0] >= _LLVM_THAT_SCALES_VECTORS:

        @intrinsic
        def times_power_of_two(_typing: Any, _x: Any, _n: Any) -> Any:
            """X * 2^n of a number from 1/2 to 2, rounded once; n from -252 to 254."""

            def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
                kinds = [argument.type for argument in arguments]
                function_type = ir.FunctionType(kinds[0], kinds)
                scale = cgutils.get_or_insert_function(builder.module, function_type, "llvm.ldexp.f32.i32")
                return builder.call(scale, arguments)

            return types.float32(types.float32, types.int32), generate

    else:

        @inlined
        def times_power_of_two(x: np.float32, n: np.int32) -> np.float32:
            """X * 2^n of a number from 1/2 to 2, rounded once; n from -252 to 254."""
            # In two halves: no single float32 is 2^-150 or 2^128.
            half = np.int32(n >> np.int32(1))
            rest = np.int32(n - half)
            first = bits_to_float(np.int32(np.int32(half + _EXPONENT_BIAS) << MANTISSA_BITS))
            second = bits_to_float(np.int32(np.int32(rest + _EXPONENT_BIAS) << MANTISSA_BITS))
            return x * first * second
