"""How a worker on another machine gets the benchmark that this process has: it loads its own, and compares."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Self

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.scoring.drawn_images import draw_images


@dataclass(frozen=True)
class BenchmarkRecipe:
    """A benchmark by its name.

    Attributes:
        name: as `benchmarks.load` takes it.
        split: of its accuracies, which decides the networks that it has.
        digest: of the networks, and of an image.
    """

    name: str
    split: str
    digest: str

    @classmethod
    def of(cls, benchmark: Benchmark) -> Self:
        """Return the recipe of a benchmark that has a name or a table with a record."""
        return cls(benchmark.name, benchmark.accuracy_split, _digest(benchmark))

    def load(self) -> Benchmark:
        """Return the benchmark; the second time in a process at once.

        Raises:
            EznasError: its files are not on this machine, or are others.
        """
        return _loaded(self)


@lru_cache(maxsize=4)
def _loaded(recipe: BenchmarkRecipe) -> Benchmark:
    benchmark = benchmarks.load(recipe.name, recipe.split)
    if _digest(benchmark) != recipe.digest:
        raise EznasError(
            f"{recipe.name} has other networks or images on {platform.node()} than in this process: bring the same "
            "files to all machines."
        )
    return benchmark


def _digest(benchmark: Benchmark) -> str:
    digest = blake2b("\n".join(benchmark.architectures).encode(), digest_size=16)
    digest.update(draw_images(benchmark, 1, seed=0).numpy().tobytes())
    return digest.hexdigest()
