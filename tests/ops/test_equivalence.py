"""What is called equal has the same bits, on statistics of all kinds of numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program_strategies import programs

from eznas.ops.equivalence import simplified
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.notation import format_program, parse_program
from eznas.ops.plan import Plan
from eznas.statistics.tensors import Layout
from eznas.terminals import TERMINAL_COUNT

SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.nan, -np.nan, np.inf, -np.inf, 1e-42, -1e-42, 3e38, -2.5], np.float32)
# One number for each unit, so that every special one is seen by itself; and a unit of ordinary ones.
UNITS = [
    *[dict.fromkeys(("wt", "inp", "pre", "act"), (1, 1, 1, 1))] * 40,
    dict.fromkeys(("wt", "inp", "pre", "act"), (2, 3, 3, 3)),
]


def numbers(program, seed=0):
    layout = Layout.of(UNITS, frozenset(range(TERMINAL_COUNT)))
    rng = np.random.default_rng(seed)
    values = rng.choice(SPECIAL, layout.size)
    last = layout.offsets[-1, 0]
    values[last:] = rng.standard_normal(layout.size - last)
    plan = Plan.of([program])
    found, valid, _ = evaluate_plan(plan, values, layout.offsets, layout.shapes, layout.axes, "mean")
    return found[:, plan.root_columns], valid[:, plan.root_columns]


def same_bits(first, second):
    return np.all((first.view(np.int32) == second.view(np.int32)) | (np.isnan(first) & np.isnan(second)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wt > inp.data", "inp.data < wt"),
        ("greater_than_zero(wt)", "heaviside(wt)"),
        ("heaviside(relu(sign(wt)))", "heaviside(wt)"),
        ("sign(relu(wt))", "heaviside(wt)"),
        ("abs(abs(wt))", "abs(wt)"),
        ("abs(relu(wt))", "abs(relu(wt))"),  # of -0 one is 0 and the other -0
        ("power(abs(wt)) - wt * wt", "power(wt) - power(wt)"),
        ("relu(relu(wt))", "relu(wt)"),
        ("less_than_zero(exp(wt))", "zeros_like(wt)"),
        ("l1_norm(abs(wt))", "l1_norm(wt)"),
        ("numel(softmax(exp(wt)))", "numel(wt)"),
        ("ones_like(wt + inp.data)", "ones_like(wt + inp.data)"),  # the sum may have another shape
        ("wt < wt", "zeros_like(wt)"),
        ("wt - wt", "wt - wt"),  # NaN where wt is infinite
        ("sign(wt < inp.data)", "wt < inp.data"),
    ],
)
def test_identities(text, expected):
    assert format_program(simplified(parse_program(text))) == format_program(parse_program(expected))
    for seed in range(3):
        (found, valid), (other, other_valid) = (
            numbers(parse_program(text), seed),
            numbers(parse_program(expected), seed),
        )
        assert same_bits(found, other)
        np.testing.assert_array_equal(valid, other_valid)


@given(program=programs(), seed=st.integers(0, 100))
@settings(deadline=None, derandomize=True, max_examples=150)
def test_a_simplified_program_has_the_same_bits(program, seed):
    simple = simplified(program)
    assert simple.size <= program.size
    assert simplified(simple) == simple
    (found, valid), (other, other_valid) = numbers(program, seed), numbers(simple, seed)
    assert same_bits(found, other)
    np.testing.assert_array_equal(valid, other_valid)
