"""Independent randomness for every purpose that a seed serves: what one purpose draws never moves another."""

from __future__ import annotations

from numbers import Integral
from typing import Final

import numpy as np

from eznas.errors import EznasError, shown

# A position is part of every result: append new purposes, never reorder.
_PURPOSES: Final = (
    "images",
    "bootstrap",
    "networks",
    "evolution",
    "subsamples",
    "formulas",
    "features",
    "second draw",
    "draws",
    "architectures",
)


def checked(seed: object, name: str = "seed") -> int:
    """Return a seed that a user gave; `name` is what the user calls it.

    Raises:
        EznasError: it is no whole number, or below 0.
    """
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise EznasError(f"{name} is {shown(seed)}: give a whole number, 0 or more.")
    return int(seed)


def generator(seed: int, purpose: str, repetition: int = 0) -> np.random.Generator:
    """Return a fresh generator for one purpose of `seed`.

    Args:
        seed: of the run or the measurement.
        purpose: `images`, `bootstrap`, `networks`, `evolution`, `subsamples`, `formulas`, `features`,
            `second draw`, `draws` or `architectures`.
        repetition: of what is done several times under one seed; the first is 0.

    Evolution and evaluation draw images alike, so that both give a network the same score.

    Raises:
        EznasError: `seed` is none, see `checked`.
    """
    key = (_PURPOSES.index(purpose), *([repetition] if repetition else []))
    return np.random.default_rng(np.random.SeedSequence(checked(seed), spawn_key=key))


def second_draw(seed: int) -> int:
    """Return the seed of a second draw of weights, images and noise, to find out what a score depends on."""
    return int(generator(seed, "second draw").integers(2**63))


def draws(seed: int, count: int) -> list[int]:
    """Return the seeds of several draws of weights, images and noise: the first is that of a single one."""
    return [seed, *generator(seed, "draws").integers(2**63, size=count - 1).tolist()]


def network_seed(seed: int, index: int) -> int:
    """Return the seed of the weights of the network at `index` of a benchmark.

    Each network has weights of its own, so that the spread that initialisation causes is part of the interval.
    """
    (state,) = np.random.SeedSequence([checked(seed), index]).generate_state(1, np.uint64)
    return int(state)


def hand_made_generator(weights_seed: int) -> np.random.Generator:
    """Return a fresh generator for a hand-made proxy on a network: the same for all, so that none moves another."""
    return np.random.default_rng(np.random.SeedSequence([weights_seed, 2]))  # streams 0 and 1 are the passes' own
