from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from eznas.spaces.nasbench201 import NASBench201
from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.statistics.settings import ALL
from eznas.statistics.tensors import Layout, NetworkStatistics
from eznas.statistics.unit_sample import UnitSamples

SMALL, LARGE = (dict.fromkeys(("wt", "inp", "pre", "act"), shape) for shape in ((2, 2), (3, 3)))


def described(units):
    layout = Layout.of(units, frozenset({0}))
    return NetworkStatistics("n", np.arange(layout.size, dtype=np.float32), layout.offsets, layout.shapes, layout.axes)


@pytest.mark.parametrize(
    ("per_shape", "kept", "counts"),
    [
        (1, [4, 5], [4, 2]),
        (2, [1, 3, 5, 6], [2, 1, 1, 2]),
        (9, [0, 1, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1]),
    ],
)
def test_evenly_spaced_units_stand_for_those_of_their_shapes(per_shape, kept, counts):
    units = [SMALL, SMALL, None, LARGE, SMALL, LARGE, SMALL]
    full = described([unit for unit in units if unit])
    numbers = [number for number, unit in enumerate(units) if unit]
    sample = UnitSamples(per_shape).of(0, full)
    assert sample.stands_for is not None
    assert sample.stands_for.tolist() == counts
    assert [numbers[full.offsets[:, 0].tolist().index(offset)] for offset in sample.offsets[:, 0].tolist()] == kept


@given(st.lists(st.sampled_from([SMALL, LARGE])), st.integers(1, 5))
def test_every_unit_is_stood_for_once(units, per_shape):
    full = described(units)
    sample = UnitSamples(per_shape).of(0, full)
    assert sample.stands_for is not None
    assert sample.stands_for.sum() == pytest.approx(len(units))
    for shape in (SMALL, LARGE):
        of_shape = [unit for unit in range(sample.units) if sample.shape(unit, 0) == shape["wt"]]
        assert len(of_shape) == min(per_shape, units.count(shape))


def test_all_units_are_the_statistics_themselves():
    full = described([SMALL, SMALL])
    assert UnitSamples(ALL).of(0, full) is full


@pytest.mark.parametrize(("per_shape", "order"), [(ALL, [2, 1, 3, 0]), (1, [1, 3, 2, 0])])
def test_the_largest_samples_come_first_and_unknown_ones_last(per_shape, order):
    samples = UnitSamples(per_shape)
    for network, units in enumerate([[], [LARGE, SMALL], [SMALL] * 9, [LARGE]]):
        samples.of(network, described(units))
    assert samples.largest_first([0, 1, 2, 3]) == order
    assert samples.largest_first([7, 0, 8, 1]) == [1, 7, 0, 8]


@pytest.mark.parametrize("unit", ["R-C-B", "C-B-R", "A-L-N"])
def test_units_of_a_network_that_repeats_its_cells(unit):
    inputs = make_inputs(torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)), 0)
    full = collect(NASBench201(4, 3).build("(2, 3, 0, 2, 4, 2)", 10, 8), inputs, CollectionSettings(unit))
    sample = UnitSamples(2).of(0, full)
    assert 0 < sample.units < full.units
    assert sample.values is full.values
    numbers = [full.offsets.tolist().index(offsets) for offsets in sample.offsets.tolist()]
    assert numbers == sorted(numbers)
    for position, number in enumerate(numbers):
        for address in range(22):
            np.testing.assert_array_equal(sample.tensor(position, address), full.tensor(number, address))
