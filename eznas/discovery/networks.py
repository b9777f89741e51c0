"""Which networks of a benchmark a discovery evolves on, chooses by, and is judged on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError


@dataclass(frozen=True, eq=False)
class Networks:
    """Three sets of indices without a common one, int64 each.

    Attributes:
        training: what formulas evolve on.
        validation: what the reported formula is chosen by.
        held_out: what it is judged on, once.
    """

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    held_out: NDArray[np.int64]

    @property
    def in_search(self) -> NDArray[np.int64]:
        """The training and then the validation networks."""
        return np.concatenate([self.training, self.validation])

    @classmethod
    def draw(
        cls,
        benchmark: Benchmark,
        training: int,
        validation: int,
        held_out: int,
        seed: int,
        never_held_out: frozenset[int] = frozenset(),
    ) -> Self:
        """Draw networks: training and validation from one end of a shuffled list, held-out ones from the other.

        So the training networks are those of a run with this seed, whatever the other numbers are.

        Args:
            benchmark: where the networks are from.
            training: how many.
            validation: how many; may be 0.
            held_out: how many; fewer where the benchmark has no more.
            seed: of the shuffle.
            never_held_out: indices that are passed over where networks to judge on are drawn.

        Raises:
            EznasError: the benchmark has fewer networks than `training` and `validation` together.
        """
        count = len(benchmark)
        if training + validation > count:
            raise EznasError(
                f"{training} networks and {validation} validation networks were asked of {benchmark.name}, which has "
                f"{count}: ask for fewer."
            )
        order = seeds.generator(seed, "networks").permutation(count).astype(np.int64)
        others = order[training + validation :]
        if never_held_out:
            others = others[~np.isin(others, list(never_held_out))]
        rest = min(held_out, len(others))
        return cls(order[:training], order[training : training + validation], others[len(others) - rest :])
