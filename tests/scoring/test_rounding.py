from __future__ import annotations

import numpy as np
import pytest

from eznas.scoring.rounding import is_partly_rounding, order_warning, rounding_stability, score_warning

SCORES = np.array([1.0, 2.0, 3.0, 4.0])


def test_scores_that_keep_their_order_are_certain_and_ties_of_float32_stay_ties():
    assert rounding_stability(SCORES, SCORES * 1.5) == 1
    assert rounding_stability(SCORES, SCORES[[1, 0, 2, 3]]) == pytest.approx(2 / 3)
    assert rounding_stability(np.array([1.0, 1 + 1e-9, 2.0]), np.array([1 + 1e-9, 1.0, 2.0])) == 1


@pytest.mark.parametrize(("stability", "expected"), [(None, False), (np.nan, False), (0.95, False), (0.94, True)])
def test_what_agrees_too_little_is_partly_rounding(stability, expected):
    assert is_partly_rounding(stability) is expected


def test_a_ranking_that_rounding_turns_is_told():
    told = order_warning("a-proxy", SCORES, SCORES[::-1])
    assert "By a-proxy the order is partly rounding" in told
    assert "tau -1.00" in told
    assert order_warning("a-proxy", SCORES, SCORES + 0.1) is None
    assert order_warning("a-proxy", SCORES[:1], -SCORES[:1]) is None  # one model has no order


@pytest.mark.parametrize(("rounded_up", "is_told"), [(1.1, False), (0.91, False), (1.12, True), (-1.0, True)])
def test_a_score_that_rounding_moves_by_more_than_a_tenth_is_told(rounded_up, is_told):
    told = score_warning("a-proxy", "net", 1.0, rounded_up)
    assert (told is not None) == is_told
    assert told is None or f"The score of net by a-proxy is partly rounding: it would be {rounded_up:.4g}" in told
    assert score_warning("a-proxy", "net", 0.0, 0.0) is None
