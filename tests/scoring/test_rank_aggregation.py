import numpy as np

from eznas.proxies import RankAggregate, load
from eznas.scoring.network_scores import NetworkScores
from eznas.scoring.rank_aggregation import aggregated, rank_sum, single_proxies
from eznas.scoring.ranking import rankings_of

NAN = np.nan


def test_ranks_are_turned_by_the_orientation_tied_and_lowest_without_a_score():
    values = np.array([[1.0, 2.0, 2.0, NAN], [4.0, 3.0, 2.0, 1.0]])
    ranks = np.array([[2, 3.5, 3.5, 1], [1, 2, 3, 4]])
    np.testing.assert_allclose(rank_sum(values, [1, -1]), np.log(ranks / 4).sum(0))


def test_a_network_that_no_member_scores_has_none():
    assert np.isnan(rank_sum(np.array([[1.0, NAN], [2.0, NAN]]), [1, 1])).tolist() == [False, True]


def scores(values):
    unscored = tuple({int(at): "none" for at in np.flatnonzero(np.isnan(row))} for row in values)
    return NetworkScores(values, unscored, np.ones_like(values))


def test_aggregates_within_aggregates_are_computed_from_single_scores():
    inner = RankAggregate("inner", (load("params"), load("flops")))
    proxies = [load("flops"), RankAggregate("outer", (inner, load("synflow")))]
    assert [one.name for one in single_proxies(proxies)] == ["flops", "params", "flops", "synflow"]
    single = np.random.default_rng(0).random((4, 7))
    single[1:, 2] = NAN
    combined = aggregated(proxies, scores(single))
    np.testing.assert_array_equal(combined.values[0], single[0])
    expected = rank_sum(np.array([rank_sum(single[1:3], [1, 1]), single[3]]), [1, 1])
    np.testing.assert_array_equal(combined.values[1], expected)
    assert combined.unscored == ({}, {2: "none"})
    assert combined.seconds[:, 0].tolist() == [1, 3]


def test_stability_compares_the_same_networks_both_times():
    proxy = RankAggregate("both", (load("params"), load("flops")))
    values = np.random.default_rng(1).random((2, 40))
    (ranking,) = rankings_of([proxy], np.arange(40.0), 0, scores(values), scores(values[:, :9]))
    assert ranking.stability.tau == 1
    assert not ranking.stability.moves
