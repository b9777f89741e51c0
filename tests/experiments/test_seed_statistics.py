from __future__ import annotations

import math

import numpy as np
import pytest

from eznas.experiments.seed_statistics import PairedComparison, mean_over_seeds, means_over_seeds


def test_an_interval_holds_the_mean_and_shrinks_with_the_seeds():
    rng = np.random.default_rng(0)
    few, many = (mean_over_seeds(rng.normal(3.0, 1.0, size=count)) for count in (10, 1000))
    for mean in (few, many):
        assert mean.low < mean.mean < mean.high
    assert many.high - many.low < 0.2 * (few.high - few.low)
    # The normal theory's interval of a mean of 1,000 unit normals is 0.124 wide.
    assert many.high - many.low == pytest.approx(2 * 1.96 / math.sqrt(1000), rel=0.1)


def test_columns_are_treated_alike():
    values = np.random.default_rng(1).normal(size=(9, 3))
    assert means_over_seeds(values)[1] == mean_over_seeds(values[:, 1])
    assert math.isnan(means_over_seeds(np.empty((0, 2)))[1].mean)


def test_a_constant_difference_is_shown():
    base = np.linspace(0.2, 0.6, 10)
    comparison = PairedComparison.of("tree", "sequential", "Best fitness", base + 0.05, base)
    assert comparison.better == "tree"
    assert comparison.difference.mean == pytest.approx(0.05)
    assert comparison.sentence().startswith("Best fitness: tree is better by 0.050")
    swapped = PairedComparison.of("tree", "sequential", "Best fitness", base, base + 0.05)
    assert swapped.better == "sequential"
    assert "sequential is better by 0.050" in swapped.sentence()


def test_an_interval_that_holds_zero_shows_no_difference():
    differences = np.array([0.1, -0.1] * 5)
    comparison = PairedComparison.of("tree", "sequential", "Best fitness", differences, np.zeros(10))
    assert comparison.better is None
    assert "no difference can be shown" in comparison.sentence()
    assert comparison.to_dict()["better"] is None


def test_few_seeds_show_nothing():
    comparison = PairedComparison.of("tree", "sequential", "Best fitness", [0.5, 0.6, 0.7], [0.1, 0.1, 0.1])
    assert comparison.difference.low > 0
    assert comparison.better is None
    assert "at least 6" in comparison.sentence()
