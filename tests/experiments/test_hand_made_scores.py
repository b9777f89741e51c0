from __future__ import annotations

import json

import numpy as np
import pytest

from eznas import benchmarks, proxies
from eznas.experiments.hand_made_scores import is_of, measured_scores, score_columns, with_baselines
from eznas.files import json_text
from eznas.scoring.settings import ScoringSettings
from eznas.spaces.complexity import parameters

PROXIES = with_baselines([proxies.load("synflow")])


@pytest.fixture(scope="module")
def measured(table):
    benchmark = benchmarks.load(table)
    piece = measured_scores(PROXIES, benchmark, np.array([3, 1, 5]), ScoringSettings(threads=1))
    return benchmark, json.loads(json_text(piece))


def test_columns_are_signed_logarithms_in_the_order_asked_for(measured):
    benchmark, piece = measured
    columns = score_columns(piece, np.array([5, 3]))
    place = list(piece["scores"]).index("params")
    expected = [np.log1p(parameters(benchmark.build(network))) for network in (5, 3)]
    np.testing.assert_allclose(columns[:, place], expected)


def test_units_are_counted(measured):
    _, piece = measured
    assert all(count == int(count) > 0 for count in piece["scores"]["units"])


def test_a_missing_score_is_no_number(measured):
    _, piece = measured
    damaged = {**piece, "scores": {"params": [None, 2, 3]}}
    np.testing.assert_array_equal(np.isnan(score_columns(damaged, np.array([3, 1]))), [[True], [False]])


def test_a_piece_serves_the_networks_and_scores_that_it_has(measured):
    _, piece = measured
    assert list(piece["scores"]) == ["units", "flops", "params", "synflow"]
    assert is_of(piece, PROXIES, np.array([1, 3]))
    assert not is_of(piece, PROXIES, np.array([1, 4]))
    assert not is_of(None, PROXIES, np.array([1]))
    assert not is_of(piece, [*PROXIES, proxies.load("l2_norm")], np.array([1]))
