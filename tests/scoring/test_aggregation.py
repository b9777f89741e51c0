import numpy as np
import pytest

from eznas.errors import EznasError
from eznas.scoring.aggregation import aggregate_columns, join_terms

VALUES = np.array([[1.0, 2.0, np.inf, np.nan], [3.0, 5.0, 1.0, 1.0]], dtype=np.float32)


@pytest.mark.parametrize(("aggregation", "expected"), [("mean", [2.0, 3.5]), ("sum", [4.0, 7.0])])
def test_aggregates_every_column(aggregation, expected):
    scores = aggregate_columns(VALUES, np.ones((2, 4), dtype=bool), aggregation)
    assert scores[:2].tolist() == expected
    assert np.isnan(scores[2:]).all()


@pytest.mark.parametrize(("aggregation", "expected"), [("mean", [3.0, 5.0, 1.0, 1.0]), ("sum", [3.0, 5.0, 1.0, 1.0])])
def test_leaves_invalid_units_out(aggregation, expected):
    valid = np.array([[False] * 4, [True] * 4])
    assert aggregate_columns(VALUES, valid, aggregation).tolist() == expected


@pytest.mark.parametrize("stands_for", [None, np.arange(700.0)])
def test_no_bit_of_a_score_depends_on_the_programs_beside(stands_for):
    rng = np.random.default_rng(0)
    values, valid = rng.standard_normal((700, 5)).astype(np.float32), rng.random((700, 5)) < 0.9
    together = aggregate_columns(values, valid, "mean", stands_for)
    alone = [aggregate_columns(values[:, [one]], valid[:, [one]], "mean", stands_for).item() for one in range(5)]
    assert together.tolist() == alone


def test_no_valid_unit_is_not_a_number():
    assert np.isnan(aggregate_columns(VALUES, np.zeros((2, 4), dtype=bool), "sum")).all()


def test_accumulates_in_double_precision():
    values = np.array([[2.0**24], [1.0], [1.0]], dtype=np.float32)
    assert aggregate_columns(values, np.ones((3, 1), dtype=bool), "sum").item() == 2.0**24 + 2


@pytest.mark.parametrize("aggregation", ["mean", "sum"])
def test_a_remainder_of_units_that_cancel_is_zero(aggregation):
    remainder = np.float32(2.0**-23)
    values = np.array([[1.0, 1.0, 1e-30], [-1.0 + remainder, -1.0 + 100 * remainder, 0.0]], dtype=np.float32)
    scores = aggregate_columns(values, np.ones((2, 3), dtype=bool), aggregation)
    assert scores[0] == 0.0
    assert (scores[1:] > 0).all()  # small, but no remainder


def test_a_remainder_of_invalid_units_does_not_count():
    values = np.array([[1e-9], [1.0]], dtype=np.float32)
    assert aggregate_columns(values, np.array([[True], [False]]), "sum").item() == pytest.approx(1e-9)


def test_unknown_aggregation_is_named():
    with pytest.raises(EznasError, match="'median'"):
        aggregate_columns(VALUES, np.ones((2, 4), dtype=bool), "median")  # type: ignore[arg-type]


def test_terms_are_joined_as_signed_logarithms():
    def joined(aggregates, signs):
        return join_terms(np.array(aggregates), np.array(signs, float))

    assert joined([7.5], [1]) == 7.5
    assert joined([np.e - 1, 1 - np.e**2], [1, 1]) == pytest.approx(1 - 2)
    assert joined([np.e - 1, 1 - np.e**2], [1, -1]) == pytest.approx(1 + 2)
    assert joined([100.0, 100.0 * (1 + 1e-9)], [1, -1]) == 0.0
    assert np.isnan(joined([1.0, np.nan], [1, -1]))


@pytest.mark.parametrize("aggregation", ["mean", "sum"])
def test_a_unit_counts_as_often_as_it_stands_for_others(aggregation):
    valid = np.array([[True, False], [True, True], [False, True]])
    values = np.arange(6, dtype=np.float32).reshape(3, 2) + 1
    stands_for = np.array([3.0, 1.0, 2.0])
    repeated = np.repeat(np.arange(3), [3, 1, 2])
    np.testing.assert_allclose(
        aggregate_columns(values, valid, aggregation, stands_for),
        aggregate_columns(values[repeated], valid[repeated], aggregation),
    )
