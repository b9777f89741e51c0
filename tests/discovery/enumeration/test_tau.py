import numpy as np
import pytest

from eznas.correlation.rank_correlation import kendall_tau
from eznas.discovery.enumeration.tau import tau_of
from eznas.scoring.ties import rankable


def expected(scores, accuracies):
    tau = kendall_tau(rankable(scores, 1), accuracies)
    return 0.0 if np.isnan(tau) else tau


@pytest.mark.parametrize("networks", [2, 3, 30, 300, 800])
@pytest.mark.parametrize("digits", [1, 3, 17])
@pytest.mark.parametrize("spread", [0.0, 3e-7, 1e-3])
def test_it_is_the_tau_of_the_scoring_path(networks, digits, spread):
    rng = np.random.default_rng(networks + digits)
    accuracies = np.round(rng.normal(size=networks), 2)
    scores = np.round(rng.normal(size=networks), digits) * (1 + spread * rng.normal(size=networks))
    assert tau_of(scores, accuracies, np.argsort(accuracies, kind="stable")) == expected(scores, accuracies)


def test_what_agrees_but_for_rounding_is_a_tie_of_either_sign():
    accuracies = np.arange(5.0)
    for scores in ([1.0, 1 + 1e-7, 1 - 1e-7, 2.0, 0.0], [-1.0, -1 - 1e-7, -1 + 1e-7, -2.0, 0.0]):
        assert tau_of(np.array(scores), accuracies, np.arange(5)) == expected(np.array(scores), accuracies)
    assert tau_of(np.array([1.0, 1 + 1e-7, 1 - 1e-7, 1.0, 1.0]), accuracies, np.arange(5)) == 0.0
    assert tau_of(np.arange(5.0), np.ones(5), np.arange(5)) == 0.0
