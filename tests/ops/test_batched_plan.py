"""A plan on many units at once gives each the numbers of the compiled interpreter."""

import weakref

import numpy as np
import pytest
import torch
from program_strategies import random_program
from synthetic_statistics import SHAPES, statistics

from eznas import genomes
from eznas.ops import batched
from eznas.ops.batched_plan import BatchedPlan, units_per_batch
from eznas.ops.catalogue import OPERATIONS
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.notation import parse_program
from eznas.ops.plan import Plan
from eznas.ops.unit_tensors import UnitTensors
from eznas.statistics.tensors import Layout, NetworkStatistics
from eznas.terminals import TERMINAL_COUNT

NETWORK = statistics(3)  # with four units
ALL = frozenset(range(TERMINAL_COUNT))
NOTHING = np.empty((NETWORK.units, 0), np.float32)


def random_programs(count, seed):
    rng = np.random.default_rng(seed)
    drawn = []
    for name in ("tree", "sequential"):
        kind = genomes.get(name)
        drawn += [kind.genome.random(rng, kind.settings()).compile() for _ in range(count)]
    return [*drawn, *(random_program(rng, 12) for _ in range(count))]


def stacked(network=NETWORK):
    return {
        address: torch.from_numpy(np.stack([network.tensor(unit, address) for unit in range(network.units)]))
        for address in range(TERMINAL_COUNT)
    }


def batch(plan, to_scalar="mean", cached=NOTHING, cached_valid=None, **options):
    valid = np.ones(cached.shape[1], np.bool_) if cached_valid is None else cached_valid
    made = BatchedPlan(plan, NETWORK.shapes[0], NETWORK.axes[0], valid, to_scalar, **options)
    return made.run(stacked(), torch.from_numpy(cached.T.copy())).numpy().T, made.valid


def interpreted(plan, to_scalar="mean", cached=NOTHING, cached_valid=None):
    valid = np.ones(cached.shape, np.bool_) if cached_valid is None else np.tile(cached_valid, (NETWORK.units, 1))
    tensors = UnitTensors.of_numbers(cached, valid)
    shapes = NETWORK.offsets, NETWORK.shapes, NETWORK.axes
    numbers, valid, _ = evaluate_plan(plan, NETWORK.values, *shapes, to_scalar, tensors)
    return numbers, valid


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=2e-4, atol=1e-30)


@pytest.mark.parametrize("to_scalar", ["mean", "l2"])
def test_numbers_are_those_of_the_interpreter(to_scalar):
    texts = ["wt", "numel(wt)", "ones_like(inp.data) + wt", "normalize(wt)", "zeros_like(wt @ wt) - act.data"]
    plan = Plan.of([*(parse_program(text) for text in texts), *random_programs(40, seed=0)])
    numbers, valid = batch(plan, to_scalar)
    expected, expected_valid = interpreted(plan, to_scalar)
    np.testing.assert_array_equal(np.tile(valid, (NETWORK.units, 1)), expected_valid)
    assert 0 < valid.sum() < len(valid)
    assert_close(numbers, expected)


def test_a_mean_of_elements_that_cancel_is_zero():
    numbers, _ = batch(Plan.of([parse_program("normalize(inp.data)")]))
    assert (numbers == 0).all()


def test_remembered_numbers_are_loaded():
    program = parse_program("exp(l1_norm(wt)) * act.data + numel(inp.data)")
    l1_norm = parse_program("l1_norm(wt)")
    plan = Plan.of([program], {l1_norm.digests[0]: 1})
    cached = np.random.default_rng(0).standard_normal((NETWORK.units, 2)).astype(np.float32)
    numbers, _ = batch(plan, cached=cached)
    assert_close(numbers, interpreted(plan, cached=cached)[0])
    invalid = np.array([True, False])
    numbers, valid = batch(plan, cached=cached, cached_valid=invalid)
    expected, expected_valid = interpreted(plan, cached=cached, cached_valid=invalid)
    assert_close(numbers, expected)
    np.testing.assert_array_equal(np.tile(valid, (NETWORK.units, 1)), expected_valid)


@pytest.mark.parametrize("batch_elements", [1, 400, 5000])
def test_how_many_units_run_at_a_time_changes_nothing(batch_elements):
    plan = Plan.of(random_programs(30, seed=1))
    numbers, valid = batch(plan, batch_elements=batch_elements)
    expected, expected_valid = batch(plan)
    np.testing.assert_array_equal(valid, expected_valid)
    np.testing.assert_allclose(numbers, expected, rtol=1e-6)


def test_large_tensors_run_on_few_units_at_a_time(monkeypatch):
    units_of = {}
    apply = batched.apply

    def noting(operation, *arguments, threads):
        units_of.setdefault(OPERATIONS[operation].name, []).append(len(arguments[0]))
        return apply(operation, *arguments, threads=threads)

    monkeypatch.setattr(batched, "apply", noting)
    layout = Layout.of([{"wt": (6, 5, 1, 1), "inp": (1, 5, 4, 4), "pre": (5,), "act": (5,)}] * 4, ALL)
    values = np.random.default_rng(0).standard_normal(layout.size, np.float32)
    network = NetworkStatistics("", values, layout.offsets, layout.shapes, layout.axes)
    texts = ["sigmoid(wt) * abs(inp.data)", "exp(hamming_distance(wt, inp.data))", "sign(inp.data)"]
    plan = Plan.of([parse_program(text) for text in texts])
    # The product has 6 * 5 * 4 * 4 numbers on a unit, and the distance walks over as many; terminals have 80 at most.
    made = BatchedPlan(plan, layout.shapes[0], layout.axes[0], np.empty(0, np.bool_), "mean", batch_elements=640)
    numbers = made.run(stacked(network), torch.empty((0, 4))).numpy().T
    assert units_of == {
        "sign": [4],
        "sigmoid": [4],
        "abs": [4],
        "product": [1] * 4,
        "hamming_distance": [1] * 4,
        "exp": [1] * 4,
    }
    expected = evaluate_plan(plan, values, layout.offsets, layout.shapes, layout.axes, "mean").numbers
    assert_close(numbers, expected)


@pytest.mark.parametrize(
    ("elements", "units"), [(1, 4096), (2**24, 1), (2**24 - 1, 1), (2**22, 4), (2**21, 4), (10**9, 1)]
)
def test_units_of_a_batch(elements, units):
    assert min(units_per_batch(elements), 4096) == units


def test_intermediate_results_are_let_go(monkeypatch):
    alive: list[weakref.ref] = []
    most = 0
    apply = batched.apply

    def counting(operation, *arguments, threads):
        nonlocal most
        result = apply(operation, *arguments, threads=threads)
        alive.append(weakref.ref(result))
        most = max(most, sum(one() is not None for one in alive))
        return result

    monkeypatch.setattr(batched, "apply", counting)
    chain = "wt"
    for name in ("exp", "sigmoid", "abs", "power", "sqrt", "exp", "sign", "softmax"):
        chain = f"{name}({chain})"
    batch(Plan.of([parse_program(chain)]))
    assert most == 2


def test_nothing_is_computed_for_what_no_unit_can_take(monkeypatch):
    monkeypatch.setattr(batched, "apply", None)
    assert SHAPES["wt"] != SHAPES["inp"]
    numbers, valid = batch(Plan.of([parse_program("exp(wt) + exp(inp.data)")]))
    assert not valid.any()
    assert (numbers == 0).all()


def test_a_statistic_that_was_not_collected():
    plan = Plan.of([parse_program("abs(wt)")])
    made = BatchedPlan(plan, NETWORK.shapes[0], NETWORK.axes[0], np.empty(0, np.bool_), "mean")
    with pytest.raises(ValueError, match="the plan reads wt, which was not collected"):
        made.run({}, torch.empty((0, 4)))
