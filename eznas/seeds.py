"""Independent randomness for every purpose that a seed serves: what one purpose draws never moves another."""

from __future__ import annotations

from typing import Final

import numpy as np

# A position is part of every result: append new purposes, never reorder.
_PURPOSES: Final = ("images", "bootstrap", "networks", "evolution")


def generator(seed: int, purpose: str) -> np.random.Generator:
    """Return a fresh generator for one purpose of `seed`: `images`, `bootstrap`, `networks` or `evolution`.

    Images are drawn as `eznas.scoring.evaluate_proxy` draws them, so that both give a network the same score.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_PURPOSES.index(purpose),)))
