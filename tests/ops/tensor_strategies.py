"""Hypothesis strategies for tensors with awkward shapes and values."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

AWKWARD = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, np.nan, np.inf, -np.inf, 1e-45, -1e-45, 1e-40, 1.17549435e-38, 1e38, -3e38, 1e-20],
    np.float32,
)


def shapes(least: int = 0, most: int = 4, length: int = 4) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(st.integers(1, length), min_size=least, max_size=most).map(tuple)


@st.composite
def tensors(draw, shape: st.SearchStrategy[tuple[int, ...]] | tuple[int, ...], awkward: float | None = None):
    """A float32 tensor: normal numbers of a drawn size, some of them replaced by awkward ones."""
    own_shape = shape if isinstance(shape, tuple) else draw(shape)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = rng.standard_normal(own_shape) * draw(st.sampled_from([1.0, 1.0, 1e-3, 30.0, 1e15]))
    share = draw(st.sampled_from([0.0, 0.0, 0.2, 1.0])) if awkward is None else awkward
    replaced = rng.random(own_shape) < share
    return np.where(replaced, rng.choice(AWKWARD, own_shape), values).astype(np.float32)


@st.composite
def broadcasting_shapes(draw):
    """Two shapes that broadcast against each other."""
    common = draw(shapes())
    pair = []
    for _ in range(2):
        shape = tuple(1 if draw(st.booleans()) else length for length in common)
        pair.append(shape[draw(st.integers(0, len(shape))) :])
    keep = draw(st.integers(0, 1))
    pair[keep] = common if draw(st.booleans()) else pair[keep]
    return tuple(pair)
