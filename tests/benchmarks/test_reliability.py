import numpy as np
import pytest
from scipy.stats import kendalltau

from eznas.benchmarks.reliability import _halves, reliability


@pytest.mark.parametrize(("seeds", "expected"), [(2, 1), (3, 3), (4, 3), (5, 15), (6, 10)])
def test_every_way_to_halve_comes_once(seeds, expected):
    halves = [frozenset(map(frozenset, pair)) for pair in _halves(seeds)]
    assert len(halves) == len(set(halves)) == expected
    for pair in halves:
        first, second = pair
        assert len(first) == len(second) == seeds // 2
        assert not first & second


def test_two_seeds_are_compared_directly():
    table = np.random.default_rng(0).random((20, 2))
    assert reliability(table) == pytest.approx(kendalltau(table[:, 0], table[:, 1]).statistic)


def test_equal_seeds_agree_fully_and_noise_does_not():
    quality = np.arange(50.0)
    assert reliability(np.stack([quality] * 4, axis=1)) == pytest.approx(1.0)
    assert abs(reliability(np.random.default_rng(0).random((300, 4)))) < 0.1


def test_more_seeds_of_the_same_noise_are_more_reliable():
    rng = np.random.default_rng(0)
    table = np.arange(100.0)[:, None] + rng.normal(0, 30, (100, 8))
    assert reliability(table[:, :2]) < reliability(table[:, :4]) < reliability(table)


@pytest.mark.parametrize("table", [np.ones((5, 1)), np.ones((1, 4)), np.ones((5, 4))])
def test_an_undefined_reliability_is_none(table):
    assert reliability(table) is None
