from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eznas.spaces.nasbench201 import NASBench201
from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.statistics.unit_sample import ALL, stands_for

SMALL, LARGE = (dict.fromkeys(("wt", "inp", "pre", "act"), shape) for shape in ((2, 2), (3, 3)))


@pytest.mark.parametrize(
    ("per_shape", "expected"),
    [
        (ALL, [1, 1, 0, 1, 1, 1, 1]),
        (1, [0, 0, 0, 0, 4, 2, 0]),
        (2, [0, 2, 0, 1, 0, 1, 2]),
        (9, [1, 1, 0, 1, 1, 1, 1]),
    ],
)
def test_evenly_spaced_units_stand_for_those_of_their_shapes(per_shape, expected):
    units = [SMALL, SMALL, SMALL, LARGE, SMALL, LARGE, SMALL]
    kept = [True, True, False, True, True, True, True]
    assert stands_for(units, kept, per_shape) == expected


@given(st.lists(st.tuples(st.sampled_from([SMALL, LARGE]), st.booleans())), st.integers(1, 5))
def test_every_unit_that_may_be_sampled_is_stood_for_once(described, per_shape):
    units, kept = [unit for unit, _ in described], [keep for _, keep in described]
    counts = stands_for(units, kept, per_shape)
    assert sum(counts) == pytest.approx(sum(kept))
    for shape in (SMALL, LARGE):
        of_shape = [(count, keep) for count, unit, keep in zip(counts, units, kept, strict=True) if unit == shape]
        assert sum(count > 0 for count, _ in of_shape) == min(per_shape, sum(keep for _, keep in of_shape))
        assert all(keep for count, keep in of_shape if count)


@pytest.mark.parametrize("unit", ["R-C-B", "C-B-R", "A-L-N"])
def test_the_sampled_units_have_the_bits_of_the_full_collection(unit):
    inputs = make_inputs(torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)), 0)
    network = NASBench201(4, 3).build("(2, 3, 0, 2, 4, 2)", 10, 8)
    full = collect(network, inputs, CollectionSettings(unit))
    sampled = collect(network, inputs, CollectionSettings(unit, units_per_shape=2))
    shapes = [
        {group: full.shape(number, address) for group, address in (("wt", 0), ("inp", 4), ("pre", 10), ("act", 16))}
        for number in range(full.units)
    ]
    counts = stands_for(shapes, [True] * full.units, 2)
    chosen = np.flatnonzero(counts).tolist()
    assert 0 < len(chosen) < full.units
    assert sampled.units == len(chosen)
    assert sampled.stands_for is not None
    assert sampled.stands_for.tolist() == [counts[number] for number in chosen]
    for position, number in enumerate(chosen):
        for address in range(22):
            np.testing.assert_array_equal(sampled.tensor(position, address), full.tensor(number, address))
    assert sampled.coverage == full.coverage
    assert full.stands_for is None
