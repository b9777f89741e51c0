"""A problem small enough to look at: random features on a few networks, one of them partly invalid."""

from __future__ import annotations

import numpy as np

from eznas.discovery.alphabet import alphabet_of
from eznas.discovery.chance import below
from eznas.discovery.limits import MAXIMUM_NODES
from eznas.discovery.problem import NetworkGroup
from eznas.discovery.variation import cross, draw_fresh, mutate

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


def random_formulas(count, seed=0, terms=1):
    """Formulas of every size, grown by variation."""
    state = np.array([seed], np.uint64)
    alphabet = alphabet_of(np.arange(FEATURE_COUNT), terms=terms)
    child, patch = np.zeros(MAXIMUM_NODES, np.int32), np.zeros(MAXIMUM_NODES + 2, np.int32)
    parents = [child[: draw_fresh(state, alphabet, child)].copy()]
    while len(parents) < count:
        parent = parents[below(state, len(parents))]
        donor = parents[below(state, len(parents))]
        if below(state, 3):
            length = mutate(state, parent, len(parent), alphabet, patch, child)
        else:
            length = cross(state, parent, len(parent), donor, len(donor), alphabet, child)
        if length:
            parents.append(child[:length].copy())
    return parents
