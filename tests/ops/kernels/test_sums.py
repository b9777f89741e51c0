"""Sums in float64: in the order that the module states, whatever the processor."""

import numpy as np
import pytest
from numba import njit

from eznas.ops.kernels import sums

PARTS = 32


@njit
def all_sums(a, b, center):
    """Twice in a loop, since a sum must not go on from the one before."""
    for _ in range(2):
        found = (
            sums.sum_of(a),
            sums.sum_of_absolutes(a),
            sums.dot(a, b),
            sums.sum_of_squared_differences(a, center),
            sums.sum_and_sum_of_absolutes(a),
            sums.two_dots(a, b, a),
        )
    return found


def by_hand(terms):
    parts = [0.0] * PARTS
    for place, term in enumerate(terms.tolist()):
        parts[place % PARTS] += term
    while len(parts) > 1:
        half = len(parts) // 2
        parts = [first + second for first, second in zip(parts[:half], parts[half:], strict=True)]
    return parts[0]


@pytest.mark.parametrize("size", [0, 1, 7, 31, 32, 33, 64, 95, 2048, 2049])
def test_sums_have_the_stated_order(size):
    rng = np.random.default_rng(size)
    a, b = (rng.standard_normal(size + 1).astype(np.float32)[1:] * 10.0 ** rng.integers(-6, 6) for _ in range(2))
    a, b = a.astype(np.float32), b.astype(np.float32)
    center = 0.3
    exact, other = a.astype(np.float64), b.astype(np.float64)
    expected = [by_hand(terms) for terms in (exact, np.abs(exact), exact * other, (exact - center) ** 2)]
    *found, both, products = all_sums(a, b, center)
    assert found == expected
    assert list(both) == expected[:2]
    assert list(products) == [expected[2], by_hand(exact * exact)]


def test_what_lies_behind_the_end_is_not_read():
    values = np.full(40, np.nan, np.float32)
    values[:33] = 1
    assert all_sums(values[:33], values[:33], 0.0) == (33.0, 33.0, 33.0, 33.0, (33.0, 33.0), (33.0, 33.0))


@pytest.mark.parametrize("special", [np.nan, np.inf])
def test_what_is_not_finite_stays(special):
    values = np.ones(70, np.float32)
    values[65] = special
    found = all_sums(values, values, 0.0)
    np.testing.assert_array_equal(found[:4], [special] * 4)
