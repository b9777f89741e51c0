"""Streamed or kept, a node gives the same bits."""

import numpy as np
import pytest

from eznas.ops.interpreter import evaluate_plan
from eznas.ops.kernels.broadcasting import BLOCK
from eznas.ops.notation import parse_program
from eznas.ops.plan import Plan
from eznas.statistics.tensors import Layout
from eznas.terminals import TERMINAL_COUNT

SHAPES = {"wt": (3, 1, 1), "inp": (3, 50, 60), "pre": (50, 60), "act": (60, 50)}
assert np.prod(SHAPES["inp"]) > 2 * BLOCK

# What is streamed alone, and a program beside it that reads the same tensor as a whole, so that it is kept.
CHAINS = (
    "exp(inp.data) - sigmoid(inp.noise)",
    "abs(inp.data * wt)",
    "sign(pre.data - inp.data)",
    "inp.data / pre.data",
)
READERS = (
    "{}",
    "abs_log({})",
    "l1_norm({})",
    "normalized_sum({})",
    "frobenius_norm({})",
    "hamming_distance({}, inp.noise)",
    "kl_divergence({}, abs(inp.noise))",
    "{} * inp.noise",
)


def numbers(texts, to_scalar):
    plan = Plan.of([parse_program(text) for text in texts])
    layout = Layout.of([SHAPES], frozenset(range(TERMINAL_COUNT)))
    values = np.random.default_rng(0).standard_normal(layout.size).astype(np.float32)
    found, valid, _ = evaluate_plan(plan, values, layout.offsets, layout.shapes, layout.axes, to_scalar)
    assert valid.all()
    return found[0, plan.root_columns]


@pytest.mark.parametrize("to_scalar", ["mean", "l2"])
@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("reader", READERS)
def test_a_streamed_tensor_gives_the_bits_of_one_that_is_kept(chain, reader, to_scalar):
    program = reader.format(f"({chain})")
    alone = numbers([program], to_scalar)
    beside = numbers([f"({chain}) @ act.data", program], to_scalar)
    assert alone[0] == beside[1]
    assert np.isfinite(alone[0])
