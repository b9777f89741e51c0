import numpy as np
import pytest

from eznas.statistics.shaking import shaken
from eznas.statistics.tensors import Layout, NetworkStatistics

SHAPES = [dict.fromkeys(("wt", "inp", "pre", "act"), (8, 8, 3, 3))]


def statistics_of(values):
    layout = Layout.of(SHAPES, frozenset({0}))
    padded = np.resize(np.asarray(values, np.float32), layout.size)
    return NetworkStatistics("one", padded, layout.offsets, layout.shapes, layout.axes)


def test_every_number_moves_to_one_beside_it_or_stays():
    before = statistics_of(np.random.default_rng(0).standard_normal(576))
    after = shaken(before).values
    moves = after.view(np.int32) - before.values.view(np.int32)
    assert sorted(set(moves.tolist())) == [-1, 0, 1]
    assert all(np.mean(moves == move) > 0.25 for move in (-1, 0, 1))


def test_equal_numbers_stay_equal_and_the_statistics_as_they_were():
    numbers = np.random.default_rng(1).standard_normal(288).astype(np.float32)
    before = statistics_of(np.concatenate([numbers, numbers]))
    kept = before.values.copy()
    after = shaken(before).values
    np.testing.assert_array_equal(after[:288], after[288:])
    np.testing.assert_array_equal(before.values, kept)


@pytest.mark.parametrize("special", [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-42, -1e-42, np.finfo(np.float32).tiny])
def test_what_has_no_neighbour_of_its_kind_stays(special):
    before = statistics_of([special])
    np.testing.assert_array_equal(shaken(before).values.view(np.uint32), before.values.view(np.uint32))


def test_the_largest_numbers_stay_finite():
    assert np.isfinite(shaken(statistics_of(np.nextafter(np.float32(3.4028235e38), np.float32(0)))).values).all()
