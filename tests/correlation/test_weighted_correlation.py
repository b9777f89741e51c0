import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import weightedtau

from eznas.correlation.rank_correlation import kendall_tau
from eznas.correlation.weighted_correlation import top_weighted_tau, top_weights, weighted_tau


def by_definition(scores, accuracies, weights):
    """Tau-b with every pair counted by its weight."""
    sums = np.zeros(3)
    for i, j in combinations(range(len(scores)), 2):
        x, y = np.sign(scores[i] - scores[j]), np.sign(accuracies[i] - accuracies[j])
        sums += (weights[i] + weights[j]) * np.array([x * y, x * x, y * y])
    return sums[0] / math.sqrt(sums[1] * sums[2])


@pytest.mark.parametrize("count", [2, 3, 17, 300])
def test_without_ties_it_is_the_additive_hyperbolic_tau_of_scipy(count):
    rng = np.random.default_rng(count)
    accuracies = rng.normal(size=count)
    scores = accuracies + rng.normal(size=count)
    ranks = np.argsort(np.argsort(-accuracies))
    expected = weightedtau(scores, accuracies, rank=ranks).statistic
    assert top_weighted_tau(scores, accuracies) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_with_ties_it_is_what_the_definition_says(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(5, 40))
    scores, accuracies = rng.integers(6, size=(2, count)).astype(float)
    weights = top_weights(accuracies)
    assert top_weighted_tau(scores, accuracies) == pytest.approx(by_definition(scores, accuracies, weights), abs=1e-12)
    assert top_weighted_tau(-scores, accuracies) == pytest.approx(-top_weighted_tau(scores, accuracies), abs=1e-12)
    shuffled = rng.permutation(count)
    assert top_weighted_tau(scores[shuffled], accuracies[shuffled]) == pytest.approx(
        top_weighted_tau(scores, accuracies), abs=1e-12
    )


def test_with_equal_weights_it_is_kendalls_tau():
    scores, accuracies = np.random.default_rng(0).integers(9, size=(2, 60)).astype(float)
    plain = weighted_tau(accuracies, scores, np.full(60, 0.3), np.argsort(accuracies))
    assert plain == pytest.approx(kendall_tau(scores, accuracies), abs=1e-12)


def test_a_mistake_among_the_best_costs_more_than_one_among_the_worst():
    accuracies = np.arange(10.0)
    among_best, among_worst = accuracies.copy(), accuracies.copy()
    among_best[[8, 9]] = 9, 8
    among_worst[[0, 1]] = 1, 0
    assert top_weighted_tau(among_best, accuracies) < top_weighted_tau(among_worst, accuracies) < 1
    assert kendall_tau(among_best, accuracies) == kendall_tau(among_worst, accuracies)


def test_tied_networks_share_their_weights():
    np.testing.assert_allclose(top_weights(np.array([5.0, 9.0, 5.0, 1.0])), [5 / 12, 1, 5 / 12, 1 / 4])


@pytest.mark.parametrize("scores", [[1, 1, 1], [1, math.nan, 2]])
def test_it_is_undefined_where_a_correlation_is(scores):
    assert math.isnan(top_weighted_tau(scores, [1, 2, 3]))
    assert math.isnan(top_weighted_tau([1, 2, 3], scores))
    assert math.isnan(top_weighted_tau([1.0], [1.0]))


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="equal length"):
        top_weighted_tau([1, 2], [1, 2, 3])
