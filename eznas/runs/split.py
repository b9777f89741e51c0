"""Which networks of a benchmark a run evolves on, and which it holds out for the final report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.runs.settings import RunSettings


@dataclass(frozen=True)
class Split:
    """The networks of a run.

    Attributes:
        training: int64, shape (networks,): indices in the benchmark that programs are evolved on.
        held_out: int64, shape (h,): other indices, which evolution never sees.
        note: a sentence when fewer are held out than was asked for, else empty.
        subsamples: int64, each of shape (size,): positions in `training`, of the random subsamples that fitness is the
            minimum over; () when it takes all training networks at once.
    """

    training: NDArray[np.int64]
    held_out: NDArray[np.int64]
    note: str = ""
    subsamples: tuple[NDArray[np.int64], ...] = ()

    @classmethod
    def of(cls, benchmark: Benchmark, settings: RunSettings) -> Self:
        """Draw the networks: the training ones from one end of a shuffled list, the held-out ones from the other.

        So the training networks stay the same whatever number is held out. Other benchmarks of the run have no
        influence: a benchmark gets the networks that it would have alone.

        Raises:
            EznasError: more networks are asked for than the benchmark has.
        """
        count = len(benchmark.accuracies)
        if settings.networks > count:
            raise EznasError(
                f"networks is {settings.networks}, but {benchmark.name} has {count} networks: ask for fewer."
            )
        order = seeds.generator(settings.seed, "networks").permutation(count)
        held_out = min(settings.held_out, count - settings.networks)
        note = ""
        if held_out < settings.held_out:
            note = (
                f"{benchmark.name} has {count} networks, so {held_out} are held out beside the {settings.networks} "
                f"that evolution uses, not {settings.held_out}."
            )
        return cls(order[: settings.networks], order[count - held_out :], note, _subsamples(settings))


def _subsamples(settings: RunSettings) -> tuple[NDArray[np.int64], ...]:
    """Draw the subsamples that the settings ask for; no network is in one of them twice."""
    if settings.subsamples is None:
        return ()
    count, size = settings.subsamples
    rng = seeds.generator(settings.seed, "subsamples")
    return tuple(rng.permutation(settings.networks)[:size] for _ in range(count))
