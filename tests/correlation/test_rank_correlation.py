import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from eznas.correlation.rank_correlation import kendall_tau, of_resamples, partial_kendall_tau, spearman, top_decile_tau

# A few values many times give ties in one sequence and in both; infinities are ordinary extremes.
TIED = st.sampled_from([-math.inf, -1.0, -0.0, 0.0, 1e-300, 2.5, math.inf])
VALUES = st.one_of(TIED, st.floats(allow_nan=False, width=64))


@st.composite
def two_sequences(draw, minimum=2, maximum=60):
    count = draw(st.integers(minimum, maximum))
    return tuple(np.array(draw(st.lists(VALUES, min_size=count, max_size=count))) for _ in range(2))


def is_constant(values):
    return bool((values == values[0]).all())


@settings(deadline=None, derandomize=True, max_examples=300)
@given(two_sequences())
def test_kendall_tau_equals_scipy(sequences):
    x, y = sequences
    assume(not is_constant(x) and not is_constant(y))
    assert kendall_tau(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)


@pytest.mark.parametrize("statistic", [kendall_tau, spearman, top_decile_tau, lambda x, y: float(x[0] - y[-1])])
@pytest.mark.parametrize("count", [1, 2, 9, 40, 128, 129, 300])
def test_resamples_have_the_statistic_of_each_to_the_last_bit(statistic, count):
    rng = np.random.default_rng(count)
    x, y = rng.normal(size=count).round(1), rng.normal(size=count).round(int(rng.integers(3)))
    x[: count // 9] = -math.inf
    y[::5], y[::7] = 0.0, -0.0
    drawn = rng.integers(count, size=(50, count))
    with_nan = np.where(np.arange(count) == count // 2, math.nan, x)
    for first in (x, with_nan):
        each = np.array([statistic(first[one], y[one]) for one in drawn])
        assert np.array_equal(of_resamples(statistic, first, y, drawn), each, equal_nan=True)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(two_sequences())
def test_spearman_equals_scipy(sequences):
    x, y = sequences
    assume(not is_constant(x) and not is_constant(y))
    ranks = stats.rankdata(x), stats.rankdata(y)
    assert spearman(x, y) == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=1e-12)
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


@pytest.mark.parametrize("count", [2, 3, 100, 127, 128, 129, 130, 143, 144, 145, 256, 257, 1000, 2049, 15_625])
@pytest.mark.parametrize("distinct", [2, 5, 40, 10**9])
def test_both_algorithms_equal_scipy_around_every_boundary(count, distinct):
    rng = np.random.default_rng(count)
    x = rng.integers(distinct, size=count).astype(float)
    y = np.where(rng.random(count) < 0.5, x, rng.integers(distinct, size=count))
    x[:2], y[:2] = (0, 1), (1, 0)
    assert kendall_tau(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def test_a_known_value_by_hand():
    # Pairs: (1,2)+ (1,3)+ (1,4)+ (2,3)- (2,4) tied in y (3,4)+; six pairs untied in x, five in y.
    assert kendall_tau([1, 2, 3, 4], [1, 3, 2, 3]) == pytest.approx((4 - 1) / math.sqrt(6 * 5))


@pytest.mark.parametrize("statistic", [kendall_tau, spearman])
@pytest.mark.parametrize("count", [2, 100, 1001])
def test_perfect_agreement_is_exactly_one(statistic, count):
    x = np.arange(count, dtype=float)
    assert statistic(x, np.exp(x / count)) == 1.0
    assert statistic(x, -x) == -1.0


@pytest.mark.parametrize("statistic", [kendall_tau, spearman, top_decile_tau])
@pytest.mark.parametrize("count", [40, 400])
def test_nan_and_constant_inputs_give_nan(statistic, count):
    x = np.arange(count, dtype=float)
    with_nan = x.copy()
    with_nan[count // 2] = math.nan
    assert math.isnan(statistic(with_nan, x))
    assert math.isnan(statistic(x, with_nan))
    assert math.isnan(statistic(np.full(count, 3.0), x))
    assert math.isnan(statistic(x, np.full(count, 3.0)))


@pytest.mark.parametrize("statistic", [kendall_tau, spearman, top_decile_tau])
@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_networks_give_nan(statistic, count):
    assert math.isnan(statistic([5.0] * count, [7.0] * count))


@pytest.mark.parametrize("statistic", [kendall_tau, spearman, top_decile_tau])
def test_lengths_must_agree(statistic):
    with pytest.raises(ValueError, match=r"\(3,\) and \(2,\)"):
        statistic([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="equal length"):
        statistic([[1.0, 2.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="equal length"):
        statistic(1.0, 2.0)


@pytest.mark.parametrize("count", [100, 500])
def test_inputs_are_not_modified_and_any_real_dtype_is_taken(count):
    rng = np.random.default_rng(0)
    x, y = rng.integers(20, size=(2, count))
    expected = kendall_tau(x.astype(float), y.astype(float))
    before = x.copy(), y.copy()
    assert kendall_tau(x, y) == kendall_tau(x.astype(np.float32), list(y)) == expected
    assert kendall_tau(np.repeat(x, 2)[::2], y) == expected
    np.testing.assert_array_equal(np.stack([x, y]), np.stack(before))


def test_top_decile_keeps_a_tenth_rounded_up():
    accuracies = np.arange(95, dtype=float)
    scores = np.zeros(95)
    scores[-10:] = [3, 1, 2, 5, 4, 7, 6, 8, 10, 9]
    assert top_decile_tau(scores, accuracies) == pytest.approx(
        stats.kendalltau(scores[-10:], accuracies[-10:]).statistic, abs=1e-12
    )


def test_top_decile_keeps_networks_that_tie_with_the_last():
    accuracies = np.array([50.0] * 16 + [80.0, 80.0, 80.0, 90.0])
    scores = np.array([0.0] * 16 + [3.0, 1.0, 2.0, 4.0])
    shuffled = np.random.default_rng(1).permutation(20)
    expected = stats.kendalltau(scores[-4:], accuracies[-4:]).statistic
    assert top_decile_tau(scores, accuracies) == pytest.approx(expected, abs=1e-12)
    assert top_decile_tau(scores[shuffled], accuracies[shuffled]) == pytest.approx(expected, abs=1e-12)


def test_partial_tau_is_what_a_third_sequence_does_not_explain():
    rng = np.random.default_rng(3)
    x, y, z = rng.random((3, 50))
    xy, xz, yz = kendall_tau(x, y), kendall_tau(x, z), kendall_tau(y, z)
    expected = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
    assert partial_kendall_tau(x, y, z) == pytest.approx(expected)
    assert math.isnan(partial_kendall_tau(x, y, x))
    assert math.isnan(partial_kendall_tau(x, np.ones(50), z))
