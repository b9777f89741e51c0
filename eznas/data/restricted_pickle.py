"""Reading pickles that others made without executing anything of them.

A pickle is a program: it names functions and calls them. Here every name stands on a short list, and behind a name is
not the function but a stand-in that only keeps data: numbers and arrays become plain ones, tensors are dropped. Any
other name ends the reading with a sentence that tells which.
"""

from __future__ import annotations

import io
import pickle
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.data.pickle_check import check_pickle
from eznas.errors import EznasError, shown
from eznas.system.physical_memory import physical_memory_bytes

# Everything that the unpickler and numpy are known to raise on bytes that are no pickle, or half of one.
_DAMAGE: Final = (
    pickle.UnpicklingError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)

_CHUNK: Final = 1 << 20

_NUMBER_TYPE: Final = re.compile(r"[biufc]\d{1,2}")


def load_pickle(content: memoryview, path: Path, *, encoding: str = "ASCII") -> Any:
    """Return the object of a pickle, made of plain containers, numbers and texts.

    Args:
        content: the pickle and nothing after it.
        path: for messages.
        encoding: of the texts that Python 2 wrote; `bytes` leaves them bytes.

    Returns:
        Arrays are `PickledArray`; tensors of PyTorch are None.

    Raises:
        EznasError: the pickle names something that is not on the list, is damaged, or does not fit in memory.
    """
    length = check_pickle(content, path)
    if length < len(content):
        raise EznasError(f"{path} is damaged, something follows after its pickle: download it again.")
    return _unpickled(content, path, encoding)


def iterate_pickles(content: memoryview, path: Path) -> Iterator[Any]:
    """Yield the objects of pickles that stand one after the other, as `load_pickle` returns them.

    Each is looked at when it is asked for, so that something else may follow after the last one that is.
    """
    while True:
        length = check_pickle(content, path)
        yield _unpickled(content[:length], path, "ASCII")
        content = content[length:]


def read_whole(file: IO[bytes], path: Path) -> memoryview:
    """Return all that is left of a compressed file, which can be far larger than it looks.

    Raises:
        EznasError: it takes more than half of this machine's memory, where its objects need room, too.
    """
    content = io.BytesIO()
    largest = physical_memory_bytes() // 2
    while chunk := file.read(_CHUNK):
        content.write(chunk)
        if content.tell() > largest:
            raise EznasError(_too_large(path))
    return content.getbuffer()


def _unpickled(content: memoryview, path: Path, encoding: str) -> Any:
    try:
        return _RestrictedUnpickler(io.BufferedReader(_View(content), _CHUNK), path, encoding).load()
    except _DAMAGE as error:
        raise EznasError(
            f"{path} is cut off or damaged ({type(error).__name__}: {error}): download it again from where you have it."
        ) from error
    except MemoryError as error:
        raise EznasError(_too_large(path)) from error


class _View(io.RawIOBase):
    """Bytes as a file, without a copy of them."""

    def __init__(self, content: memoryview) -> None:
        self._rest = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _too_large(path: Path) -> str:
    return f"{path} does not fit in memory: read it on a machine with more of it."


class _Sealed(type):
    """A class that a pickle cannot change: the instruction BUILD would otherwise set attributes of it."""

    def __setattr__(cls, name: str, value: object) -> None:
        raise TypeError(f"{cls.__name__} cannot be changed")


class _Kind(metaclass=_Sealed):
    """Stands for `numpy.dtype`: the type of plain numbers, and of nothing else."""

    __slots__ = ("_code", "_order")

    def __init__(self, code: str | bytes, align: object = False, copy: object = False) -> None:  # noqa: ARG002
        text = code.decode("ascii") if isinstance(code, bytes) else code
        if not isinstance(text, str) or not _NUMBER_TYPE.fullmatch(text):
            raise TypeError(f"an array of {shown(code)} is not one of numbers")
        self._code = text
        self._order = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "="):
            raise ValueError(f"there is no byte order {shown(order)}")
        self._order = order

    def dtype(self) -> np.dtype[Any]:
        """Return the type that this stands for."""
        return np.dtype(self._order + self._code)


class PickledArray(metaclass=_Sealed):
    """Stands for `numpy.ndarray`; `values` is the array."""

    __slots__ = ("values",)

    values: NDArray[Any]

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, is_fortran, content = state
        data = content.encode("latin1") if isinstance(content, str) else content
        if not isinstance(kind, _Kind) or not isinstance(data, bytes):
            raise TypeError("an array is not one of numbers")
        flat = np.frombuffer(data, dtype=kind.dtype())
        self.values = flat.reshape(shape, order="F" if is_fortran else "C")


class _Array(metaclass=_Sealed):
    """Stands for `numpy.ndarray` itself and for numpy's function that makes an empty one."""

    def __new__(cls, *_: object) -> Any:
        """Return an array that the pickle fills."""
        return PickledArray()


class _Scalar(metaclass=_Sealed):
    """Stands for numpy's function that makes one number."""

    def __new__(cls, kind: object, content: object) -> Any:
        """Return a plain number."""
        data = content.encode("latin1") if isinstance(content, str) else content
        if not isinstance(kind, _Kind) or not isinstance(data, bytes):
            raise TypeError("a scalar is not a number")
        (value,) = np.frombuffer(data, dtype=kind.dtype())
        return value.item()


class _Encoded(metaclass=_Sealed):
    """Stands for `codecs.encode`, with which Python 3 writes bytes for Python 2."""

    def __new__(cls, text: object, encoding: object = "latin1") -> Any:
        """Return the bytes."""
        if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
            raise ValueError(f"texts are not encoded as {shown(encoding)} here")
        return text.encode("latin1")


class _NoBytes(metaclass=_Sealed):
    """Stands for `bytes`, with which Python 3 writes empty bytes for Python 2."""

    def __new__(cls) -> Any:
        """Return empty bytes."""
        return b""


class _Dictionary(dict[Any, Any], metaclass=_Sealed):
    """Stands for `OrderedDict`, whose objects a pickle could give attributes in place of their methods."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        """Leave out what PyTorch notes beside the weights of a network."""


class _Dropped(metaclass=_Sealed):
    """Stands for what makes tensors: network weights, which no reader here needs."""

    def __new__(cls, *_: object) -> Any:
        """Return nothing."""
        return None


_STORAGES: Final = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool", "Untyped")
_NUMPY_FUNCTIONS: Final = ("numpy.core.multiarray", "numpy._core.multiarray")

ALLOWED: Final[dict[tuple[str, str], Any]] = {
    ("collections", "OrderedDict"): _Dictionary,
    ("__builtin__", "set"): set,
    ("builtins", "set"): set,
    ("__builtin__", "bytes"): _NoBytes,
    ("_codecs", "encode"): _Encoded,
    ("numpy", "dtype"): _Kind,
    ("numpy", "ndarray"): _Array,
    **{(module, "_reconstruct"): _Array for module in _NUMPY_FUNCTIONS},
    **{(module, "scalar"): _Scalar for module in _NUMPY_FUNCTIONS},
    **{("torch._utils", f"_rebuild_{what}"): _Dropped for what in ("tensor", "tensor_v2", "parameter")},
    **{("torch", f"{kind}Storage"): _Dropped for kind in _STORAGES},
}
"""What a pickle may name, as (module, name), and what it gets for it."""


class _RestrictedUnpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], path: Path, encoding: str) -> None:
        super().__init__(file, encoding=encoding)
        self._path = path

    def find_class(self, module: str, name: str, /) -> Any:
        """Return what stands for `module.name`."""
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise EznasError(
                f"{self._path} was refused: reading it would use {module}.{name}, which no official file of this kind "
                "needs. Nothing of it was executed; download it again from its official place."
            ) from None

    def persistent_load(self, pid: object) -> None:  # noqa: ARG002  the content of a tensor, which is dropped
        """Return nothing for the storage of a tensor."""
        return
