"""What the numbers of a feature table depend on, and the digest under which the table is found again."""

from __future__ import annotations

import inspect
import json
import platform
from functools import cache
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from eznas.benchmarks.base import Benchmark
from eznas.scoring.drawn_images import draw_images
from eznas.statistics.settings import CollectionSettings

FORMAT: Final = 2
"""Version of the files of a table."""

_PACKAGES: Final = ("eznas", "torch", "numpy", "numba")
_ROOMS: Final = ("ops", "statistics", "spaces")  # their code decides every bit of a feature


def describe(benchmark: Benchmark, batch_size: int, seed: int, collection: CollectionSettings) -> dict[str, Any]:
    """Return what a table depends on, as plain data; which networks it holds is no part of it.

    Raises:
        EznasError: the benchmark has fewer images than `batch_size`, or they are missing.
    """
    return {
        "format": FORMAT,
        "benchmark": benchmark.name,
        "space": {"name": benchmark.space.name, **benchmark.space.settings()},
        "space_source": digest(_source_of(type(benchmark.space))),
        "num_classes": benchmark.num_classes,
        "image_size": benchmark.image_size,
        "images": digest(draw_images(benchmark, batch_size, seed).numpy().tobytes()),
        "batch_size": batch_size,
        "seed": seed,
        "unit": collection.unit,
        "third_pass": collection.third_pass,
        "device": collection.device,
        "sources": _sources(),
        "machine": platform.machine(),
        "versions": {package: metadata.version(package) for package in _PACKAGES},
    }


def digest_of(about: dict[str, Any]) -> str:
    """Return the digest of what `describe` returned: the name of the table's folder."""
    return digest(json.dumps(about, sort_keys=True).encode())


@cache
def _sources() -> str:
    """A digest of the code that turns an architecture into the numbers of a feature."""
    root = Path(__file__).parents[1]
    files = [root / "seeds.py", *(file for room in _ROOMS for file in sorted((root / room).rglob("*.py")))]
    return digest(b"".join(file.relative_to(root).as_posix().encode() + file.read_bytes() for file in files))


def _source_of(space: type) -> bytes:
    """The file that a space is written in: one of the user's own is not among the sources of eznas."""
    try:
        file = inspect.getsourcefile(space)
    except TypeError:  # defined in an interactive session
        file = None
    return Path(file).read_bytes() if file else b""


def digest(content: bytes) -> str:
    """Return 32 hexadecimal digits that follow from the content."""
    return blake2b(content, digest_size=16).hexdigest()
