import numpy as np

from eznas.scoring.pick import Pick

ACCURACIES = np.array([70.0, 90.0, 80.0, 90.0, 60.0])


def test_the_network_with_the_highest_score_is_picked():
    assert Pick.of(np.array([1.0, 2.0, 5.0, 3.0, -np.inf]), ACCURACIES) == Pick(80.0, 3.0, 1)
    assert Pick.of(np.array([1.0, 2.0, 5.0, 3.0, 9.0]), ACCURACIES) == Pick(60.0, 5.0, 1)


def test_networks_of_one_accuracy_share_their_places():
    assert Pick.of(np.array([0.0, 1.0, 0.0, 0.0, 0.0]), ACCURACIES) == Pick(90.0, 1.5, 1)


def test_where_several_have_the_highest_score_the_mean_over_them_counts():
    assert Pick.of(np.array([1.0, 0.0, 1.0, 0.0, 0.0]), ACCURACIES) == Pick(75.0, 3.5, 2)
    assert Pick.of(np.full(5, -np.inf), ACCURACIES) == Pick(78.0, 3.0, 5)


def test_without_networks_there_is_nothing_to_pick():
    assert Pick.of(np.empty(0), np.empty(0)) is None
