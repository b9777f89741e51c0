"""What runs in the processes of a cluster before any work: they must compute what the process that asks would."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Any, Final, Self, TypeVar

from eznas.errors import EznasError
from eznas.ops.own import own_operations
from eznas.spaces.importing import find_module, name_elsewhere

Result = TypeVar("Result")

_PACKAGES: Final = ("eznas", "torch", "numpy", "numba", "scipy")


@dataclass(frozen=True)
class Preparation:
    """What a worker must have before it works.

    Attributes:
        versions: of what results depend on, by name, as the process that asks has them.
        imports: files and modules with operations of the user's own.
    """

    versions: tuple[tuple[str, str], ...]
    imports: tuple[str, ...]

    @classmethod
    def like_here(cls) -> Self:
        """Return what makes a worker equal to this process."""
        return cls(_versions(), tuple(sorted({name_elsewhere(one.module) for one in own_operations()})))


def check_device(device: str) -> None:
    """Raise an `EznasError` unless networks run on processors: workers have no other device to themselves."""
    if device != "cpu":
        raise EznasError(f"--ray computes on processors, and the device is {device!r}: leave one of them out.")


def prepared_call(preparation: Preparation, function: Callable[[Any, Any], Result], shared: Any, item: Any) -> Result:
    """Return `function(shared, item)`, in a process that is prepared first."""
    prepare(preparation)
    return function(shared, item)


@lru_cache(maxsize=1)
def prepare(preparation: Preparation) -> None:
    """Make this process what it must be; the second time that is done at once.

    Raises:
        EznasError: it has other versions, or lacks a file of the user's own.
    """
    for (package, wanted), (_, found) in zip(preparation.versions, _versions(), strict=True):
        if found != wanted:
            raise EznasError(
                f"The worker on {platform.node()} has {package} {found}, and this process {wanted}: install the same "
                "versions on all machines, since results depend on them."
            )
    for name in preparation.imports:
        find_module(name)


def _versions() -> tuple[tuple[str, str], ...]:
    packages = tuple((package, metadata.version(package)) for package in _PACKAGES)
    return (("Python", platform.python_version()), *packages)
