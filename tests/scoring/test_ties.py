from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.scoring.ties import agree, any_tied, tied, tied_in_order

WITHIN, BEYOND = 1 + 0.9 * RELATIVE_TOLERANCE, 1 + 1.1 * RELATIVE_TOLERANCE
NUMBERS = st.floats(allow_nan=False, allow_infinity=True)
# Close together, so that ties happen: a few units of half the tolerance around a few numbers.
CLOSE = st.builds(
    lambda base, steps, sign: sign * base * (1 + steps * RELATIVE_TOLERANCE / 2),
    st.sampled_from([0.0, 1e-30, 1 / 64, 1.0, 3e20]),
    st.integers(-6, 6),
    st.sampled_from([-1, 1]),
)
SCORES = st.lists(CLOSE | NUMBERS, max_size=30).map(np.array)


def test_scores_within_the_tolerance_are_one():
    assert tied([1.0, WITHIN, 2.0]).tolist() == [1.0, 1.0, 2.0]
    assert tied([1.0, BEYOND]).tolist() == [1.0, BEYOND]


def test_a_value_on_the_boundary_of_a_rounding_is_one_value():
    """1/64 = 0.015625 is where rounding to four digits goes up or down, and float32 noise lies on both sides of it."""
    noisy = (1 / 64) * (1 + np.array([-3, 2, 0, -1, 4]) * 2.0**-24)
    assert len({f"{score:.4g}" for score in noisy}) == 2
    assert len(set(tied(noisy))) == 1


def test_a_chain_of_neighbours_is_no_tie():
    steps = 0.6 * RELATIVE_TOLERANCE * np.arange(5)
    assert tied(1 + steps).tolist() == [1, 1, 1 + steps[2], 1 + steps[2], 1 + steps[4]]


def test_the_tolerance_grows_with_the_scores():
    for size in (1e-30, 1e-3, 1e30):
        assert len(set(tied(size * np.array([1, WITHIN])))) == 1
        assert len(set(tied(size * np.array([1, BEYOND])))) == 2


def test_infinities_and_nan_stay_as_they_are():
    scores = np.array([math.inf, 1e308, math.nan, -math.inf, math.inf, -1e308, math.nan])
    np.testing.assert_array_equal(tied(scores), scores)


def test_zero_ties_with_nothing_but_zero():
    result = tied([0.0, -0.0, 5e-324, -5e-324])
    assert result.tolist() == [0.0, 0.0, 5e-324, -5e-324]
    assert not np.signbit(result[:2]).any()


def test_integers_that_float32_cannot_tell_apart_are_ties():
    assert tied([10**7, 10**7 + 1, 10**7 + 100]).tolist() == [1e7, 1e7, 1e7 + 100]


def test_no_scores_give_none():
    assert tied([]).shape == (0,)


@given(SCORES)
def test_the_result_is_close_and_keeps_the_order(scores):
    result = tied(scores)
    finite = np.isfinite(scores)
    moved = np.abs(result[finite] - scores[finite])
    assert (moved <= RELATIVE_TOLERANCE * np.abs(scores[finite])).all()
    order = np.argsort(scores)
    assert (result[order][:-1] <= result[order][1:]).all()


@given(SCORES)
def test_the_result_is_its_own_result(scores):
    np.testing.assert_array_equal(tied(tied(scores)), tied(scores))


@given(SCORES)
def test_the_other_orientation_has_the_same_ties(scores):
    np.testing.assert_array_equal(tied(-scores), -tied(scores))


@given(st.data(), SCORES)
def test_the_order_of_the_networks_does_not_matter(data, scores):
    order = np.array(data.draw(st.permutations(range(len(scores)))), dtype=int)
    np.testing.assert_array_equal(tied(scores[order]), tied(scores)[order])


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1.0, WITHIN, True),
        (1.0, BEYOND, False),
        (-1.0, -WITHIN, True),
        (1.0, -1.0, False),
        (0.0, 0.0, True),
        (0.0, 1e-300, False),
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (math.inf, 1.0, False),
    ],
)
def test_two_scores_of_a_network_agree_by_the_same_rule(one, other, equal):
    assert agree([one], [other]).tolist() == agree([other], [one]).tolist() == [equal]


@given(SCORES)
def test_compiled_code_that_has_the_order_finds_the_same_ties(scores):
    scores = np.asarray(scores, np.float64)
    scores = scores[np.isfinite(scores)]
    ascending = np.sort(scores)
    expected = tied(scores)
    assert any_tied(ascending) == (expected != scores).any()
    np.testing.assert_array_equal(tied_in_order(scores, ascending), expected)
