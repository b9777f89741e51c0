from __future__ import annotations

import math

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eznas.export import carried
from eznas.scoring.aggregation import aggregate_columns, join_terms

fixed = settings(deadline=None, derandomize=True)
numbers = st.lists(st.floats(width=32) | st.sampled_from([1.0, -1.0, 1e-7, math.inf, math.nan]), max_size=6)


@fixed
@given(st.integers(0, 2**63 - 1) | st.integers(0, 2**200), st.integers(0, 5))
def test_seeds_are_mixed_as_numpy_mixes_them(seed, stream):
    (state,) = np.random.SeedSequence([seed, stream]).generate_state(1, np.uint64)
    assert carried.seed_state((seed, stream)) == int(state)


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-12)


@fixed
@given(numbers)
def test_units_are_aggregated_as_in_eznas(values):
    column = np.array(values, np.float32).reshape(-1, 1)
    for aggregation, own in (("sum", carried.sum_over_units), ("mean", carried.mean_over_units)):
        expected = aggregate_columns(column, np.ones(column.shape, bool), aggregation)
        assert same(own([float(value) for value in column[:, 0]]), float(expected[0]))


@fixed
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6) | st.just(math.nan), st.sampled_from([1.0, -1.0])), min_size=2, max_size=3)
)
def test_terms_are_joined_as_in_eznas(terms):
    values, signs = (np.array(column) for column in zip(*terms, strict=True))
    expected = join_terms(values, signs)
    assert same(carried.joined([sign * carried.signed_log(value) for value, sign in terms]), expected)


def test_a_mean_that_cancels_is_zero_and_one_element_is_itself():
    assert carried.mean_of(torch.tensor([1.0, -1.0, 1e-9])) == 0.0
    assert carried.mean_of(torch.tensor([[-3.0]])) == -3.0
    assert carried.norm_of(torch.tensor([[-3.0]])) == 3.0
    assert carried.norm_of(torch.tensor([3.0, 4.0])) == 5.0
