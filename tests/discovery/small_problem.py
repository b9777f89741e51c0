"""A problem small enough to look at: random features on a few networks, one of them partly invalid."""

from __future__ import annotations

import numpy as np

from eznas.discovery.problem import NetworkGroup

FEATURE_COUNT = 5


def group(seed=0, networks=30):
    """Networks of 3 to 40 units whose accuracy follows the product of the first two features, summed, and noise."""
    rng = np.random.default_rng(seed)
    units = rng.integers(3, 41, size=networks)
    values = rng.normal(size=(FEATURE_COUNT, units.sum())).astype(np.float32)
    valid = np.ones(values.shape, bool)
    valid[4] = rng.random(units.sum()) < 0.9
    values[4, ~valid[4]] = 0
    truth = np.add.reduceat(values[0] * values[1], np.cumsum(units) - units)
    return NetworkGroup(units, values, valid, truth + rng.normal(size=networks))
