from __future__ import annotations

import importlib

import numpy as np
import pytest

from eznas.correlation.rank_correlation import kendall_tau
from eznas.errors import EznasError
from eznas.experiments import predictors
from eznas.experiments.predictors import predicted, signed_logarithm


@pytest.fixture
def problem():
    """Columns and accuracies that follow the first of them, for training, and others."""
    pytest.importorskip("sklearn", reason="predictors need scikit-learn")
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(90, 4))
    accuracies = 50 + columns[:, 0] + 0.1 * rng.normal(size=90)
    return columns[:40], accuracies[:40], columns[40:], accuracies[40:]


@pytest.mark.parametrize(("name", "least"), [("ridge", 0.9), ("forest", 0.7)])
def test_a_predictor_learns_what_decides(problem, name, least):
    training, accuracies, other, truth = problem
    assert kendall_tau(predicted(name, training, accuracies, other, 0), truth) > least


@pytest.mark.parametrize("name", ["ridge", "forest"])
def test_only_the_ranks_of_accuracies_are_learnt(problem, name):
    training, accuracies, other, _ = problem
    outlier = accuracies.copy()
    outlier[np.argmin(accuracies)] = -1e6
    first, second = (predicted(name, training, known, other, 0) for known in (accuracies, outlier))
    np.testing.assert_array_equal(first, second)


def test_a_forest_follows_from_its_seed(problem):
    training, accuracies, other, _ = problem
    first, again, different = (predicted("forest", training, accuracies, other, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != different).any()


@pytest.mark.parametrize("name", ["ridge", "forest"])
def test_missing_numbers_and_constant_columns_are_taken(problem, name):
    training, accuracies, other, truth = problem
    training, other = training.copy(), other.copy()
    training[3, 1] = other[5, 2] = np.nan
    training[:, 3] = np.nan
    training[:, 2] = 7
    assert kendall_tau(predicted(name, training, accuracies, other, 0), truth) > 0.6


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(EznasError, match=r"eznas\[predictors\]"):
        predicted("ridge", np.zeros((3, 1)), np.arange(3.0), np.zeros((2, 1)), 0)


def test_signed_logarithms_keep_order_and_sign():
    values = np.array([-1e9, -1.0, 0.0, 2.0, 1e9, np.nan])
    logarithms = signed_logarithm(values)
    assert (np.diff(logarithms[:-1]) > 0).all()
    assert logarithms[2] == 0
    assert logarithms[4] == -logarithms[0]
    assert np.isnan(logarithms[-1])


def test_penalties_rise():
    assert list(predictors.PENALTIES) == sorted(predictors.PENALTIES)
