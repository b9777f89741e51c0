import math

import numpy as np
import pytest
from scipy import stats

from eznas.correlation.bootstrap import bootstrap_intervals, paired_intervals
from eznas.correlation.rank_correlation import kendall_tau, spearman, top_decile_tau


def correlated(count, seed=0):
    rng = np.random.default_rng(seed)
    accuracies = rng.normal(size=count)
    return accuracies + rng.normal(size=count), accuracies


def bootstrap_interval(scores, accuracies, statistic, *arguments, **settings):
    """The interval of one statistic."""
    (interval,) = bootstrap_intervals(scores, accuracies, [statistic], *arguments, **settings)
    return interval


def test_interval_equals_scipys_percentile_bootstrap():
    scores, accuracies = correlated(60)
    ours = bootstrap_interval(scores, accuracies, spearman, np.random.default_rng(3), resamples=500, level=0.9)
    theirs = stats.bootstrap(
        (scores, accuracies),
        lambda x, y: stats.spearmanr(x, y).statistic,
        paired=True,
        vectorized=False,
        n_resamples=500,
        confidence_level=0.9,
        method="percentile",
        rng=np.random.default_rng(4),
    ).confidence_interval
    # Both are random: 500 resamples leave an end uncertain by about 0.01.
    assert ours == pytest.approx(tuple(theirs), abs=0.03)


def test_same_generator_state_gives_the_same_interval():
    scores, accuracies = correlated(200)
    results = {bootstrap_interval(scores, accuracies, kendall_tau, np.random.default_rng(5)) for _ in range(2)}
    assert len(results) == 1
    low, high = results.pop()
    assert low < kendall_tau(scores, accuracies) < high


def test_statistics_share_their_resamples_and_do_not_change_each_other():
    scores, accuracies = correlated(100)
    statistics = (kendall_tau, spearman, top_decile_tau)
    together = bootstrap_intervals(scores, accuracies, statistics, np.random.default_rng(5), resamples=50)
    alone = [
        bootstrap_interval(scores, accuracies, statistic, np.random.default_rng(5), resamples=50)
        for statistic in statistics
    ]
    assert together == alone
    assert len(set(together)) == 3


def test_interval_covers_the_true_tau_about_as_often_as_it_says():
    # Two normals with correlation 1/sqrt(2) have tau = 2/pi * asin(1/sqrt(2)) = 0.5.
    covered = 0
    for seed in range(100):
        low, high = bootstrap_interval(*correlated(80, seed), kendall_tau, np.random.default_rng(seed), resamples=200)
        covered += low <= 0.5 <= high
    assert 87 <= covered <= 100


@pytest.mark.parametrize("statistic", [kendall_tau, top_decile_tau])
def test_nan_scores_give_nan(statistic):
    scores, accuracies = correlated(30)
    scores[3] = math.nan
    assert all(math.isnan(end) for end in bootstrap_interval(scores, accuracies, statistic, np.random.default_rng(0)))
    assert all(math.isnan(end) for end in bootstrap_interval([], [], statistic, np.random.default_rng(0)))


def test_resamples_without_a_statistic_are_left_out():
    # Of two networks half of the resamples hold one network twice, where tau is undefined.
    assert bootstrap_interval([1.0, 2.0], [1.0, 2.0], kendall_tau, np.random.default_rng(0)) == (1.0, 1.0)
    constant = bootstrap_interval([1.0, 1.0], [1.0, 2.0], kendall_tau, np.random.default_rng(0))
    assert all(math.isnan(end) for end in constant)


@pytest.mark.parametrize(("resamples", "level"), [(0, 0.95), (10, 0.0), (10, 1.0)])
def test_impossible_requests_are_refused(resamples, level):
    with pytest.raises(ValueError, match="resample"):
        bootstrap_interval([1.0, 2.0], [1.0, 2.0], kendall_tau, np.random.default_rng(0), resamples, level)


def test_paired_intervals_are_of_the_differences_on_the_same_resamples():
    scores, accuracies = correlated(80)
    rows = np.array([scores, scores + np.random.default_rng(5).normal(size=80), -scores])
    better, worse, same = paired_intervals(
        rows, [(0, 1), (2, 0), (0, 0)], accuracies, kendall_tau, np.random.default_rng(1), resamples=400
    )
    rng = np.random.default_rng(1)
    expected = []
    for _ in range(400):
        drawn = rng.integers(80, size=80)
        expected.append(kendall_tau(rows[0, drawn], accuracies[drawn]) - kendall_tau(rows[1, drawn], accuracies[drawn]))
    assert better == pytest.approx(tuple(np.quantile(expected, [0.025, 0.975])))
    assert worse[1] < 0
    assert same == (0, 0)
    unpaired = bootstrap_interval(rows[0], accuracies, kendall_tau, np.random.default_rng(1))
    assert better[1] - better[0] < unpaired[1] - unpaired[0]


def test_a_paired_interval_is_undefined_where_a_statistic_is():
    rows = np.array([np.arange(9.0), np.ones(9)])
    (interval,) = paired_intervals(rows, [(0, 1)], np.arange(9.0), kendall_tau, np.random.default_rng(0), resamples=9)
    assert all(map(math.isnan, interval))
    (empty,) = paired_intervals(np.empty((2, 0)), [(0, 1)], [], kendall_tau, np.random.default_rng(0))
    assert all(map(math.isnan, empty))
