"""The machine: whole plans against the reference, on several units, with caches, threads and little scratch."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from program_strategies import random_program

from eznas.ops.catalogue import BY_NAME, OPERATIONS
from eznas.ops.interpreter import MOST_KEPT, evaluate_plan
from eznas.ops.notation import parse_program
from eznas.ops.plan import LOAD, Plan
from eznas.ops.program import Program, ProgramBuilder
from eznas.ops.reference import run_program
from eznas.ops.unit_tensors import INVALID, NOT_KEPT, UnitTensors
from eznas.terminals import TERMINALS

UNITS = (
    {"wt": (4, 3, 3, 3), "inp": (1, 3, 6, 6), "pre": (1, 3, 6, 6), "act": (1, 4, 6, 6)},
    {"wt": (5, 5, 1, 1), "inp": (2, 5, 4, 4), "pre": (2, 5, 4, 4), "act": (2, 5, 4, 4)},
    {"wt": (6, 1, 3, 3), "inp": (2, 6, 3, 5), "pre": (2, 6, 3, 5), "act": (2, 6, 2, 3)},
)


class Statistics:
    """Random statistics of a network with the units above, as arrays and as tensors."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.tensors = []
        for shapes in UNITS:
            unit = []
            for terminal in TERMINALS:
                values = rng.standard_normal(shapes[terminal.shape_of])
                unit.append((values * (rng.random(values.shape) < 0.8)).astype(np.float32))
            self.tensors.append(unit)
        sizes = np.array([[tensor.size for tensor in unit] for unit in self.tensors])
        self.values = np.concatenate([tensor.ravel() for unit in self.tensors for tensor in unit])
        self.offsets = (np.cumsum(sizes) - sizes.ravel()).reshape(sizes.shape)
        self.shapes = np.array([[tensor.shape for tensor in unit] for unit in self.tensors])
        self.axes = np.full(sizes.shape, 4)

    def run(self, plan, to_scalar="mean", cached=None):
        numbers, valid, _ = self.results(plan, to_scalar, None if cached is None else UnitTensors.of_numbers(*cached))
        return numbers, valid

    def results(self, plan, to_scalar="mean", cached=None):
        return evaluate_plan(plan, self.values, self.offsets, self.shapes, self.axes, to_scalar, cached)

    def reference(self, program, unit):
        return run_program(program, [torch.from_numpy(tensor) for tensor in self.tensors[unit]])


STATISTICS = Statistics()

# Not continuous, or noise for singular matrices: a rounding error below them may change everything above them.
UNSTEADY = {
    *("less_than", "greater_than", "equal_to", "sign", "heaviside", "hamming_distance", "greater_than_zero"),
    *("less_than_zero", "determinant", "log_determinant", "sym_eig_ratio", "eig_ratio", "normalize", "invert"),
    *("log", "abs_log", "kl_divergence", "difference", "exp", "divide", "log_abs_determinant", "participation_ratio"),
}
STEADY = [operation.id for operation in OPERATIONS if operation.name not in UNSTEADY]


def program_of(name, *operands) -> Program:
    builder = ProgramBuilder()
    return builder.build(builder.apply(BY_NAME[name].id, *(builder.terminal(operand) for operand in operands)))


def one(plan, column=0, **options):
    numbers, valid = STATISTICS.run(plan, **options)
    return numbers[:, column], valid[:, column]


@given(seed=st.integers(0, 2**32), to_scalar=st.sampled_from(["mean", "l2"]))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_plans_agree_with_the_reference(seed, to_scalar):
    rng = np.random.default_rng(seed)
    programs = [random_program(rng, int(rng.integers(1, 12)), STEADY) for _ in range(8)]
    plan = Plan.of(programs)
    numbers, valid = STATISTICS.run(plan, to_scalar)
    for program, column in zip(programs, plan.root_columns, strict=True):
        for unit in range(len(UNITS)):
            result = STATISTICS.reference(program, unit)
            assert valid[unit, column] == (result is not None)
            if result is None:
                assert numbers[unit, column] == 0
                continue
            wide = result.double()
            norm = to_scalar == "l2" and result.numel() > 1
            expected = float((wide.norm() if norm else wide.mean()).float())
            scale = float(wide.norm() if norm else wide.abs().mean())
            if np.isfinite(scale):
                assert numbers[unit, column] == pytest.approx(expected, rel=1e-4, abs=1e-5 * scale)
            else:
                assert not np.isfinite(numbers[unit, column])


@given(seed=st.integers(0, 2**32))
@settings(deadline=None, derandomize=True, max_examples=25)
def test_a_value_does_not_depend_on_what_else_is_in_the_plan(seed):
    rng = np.random.default_rng(seed)
    programs = [random_program(rng, int(rng.integers(1, 15))) for _ in range(10)]
    together = Plan.of(programs)
    numbers, valid = STATISTICS.run(together)
    for program, column in zip(programs, together.root_columns, strict=True):
        alone = Plan.of([program])
        alone_numbers, alone_valid = STATISTICS.run(alone)
        np.testing.assert_array_equal(numbers[:, column], alone_numbers[:, alone.root_columns[0]])
        np.testing.assert_array_equal(valid[:, column], alone_valid[:, alone.root_columns[0]])


def test_two_hundred_nodes_in_a_row():
    builder = ProgramBuilder()
    reference = builder.terminal(0)
    for _ in range(100):
        reference = builder.apply(BY_NAME["abs"].id, builder.apply(BY_NAME["sigmoid"].id, reference))
    program = builder.build(reference)
    assert one(Plan.of([program]))[0][0] == pytest.approx(float(STATISTICS.reference(program, 0).mean()), rel=1e-5)


def test_an_operand_read_twice_is_given_back_once():
    builder = ProgramBuilder()
    inner = builder.apply(BY_NAME["abs"].id, builder.terminal(4))
    square = builder.apply(BY_NAME["product"].id, inner, inner)
    first, second = (builder.apply(BY_NAME[name].id, square) for name in ("exp", "sigmoid"))
    program = builder.build(builder.apply(BY_NAME["difference"].id, first, second))
    expected = [float(STATISTICS.reference(program, unit).mean()) for unit in range(len(UNITS))]
    plan = Plan.of([program])
    np.testing.assert_allclose(one(plan, plan.root_columns[0])[0], expected, rtol=1e-5)


def test_threads_give_the_same_bits():
    rng = np.random.default_rng(5)
    plan = Plan.of([random_program(rng, 15) for _ in range(30)])
    networks = [Statistics(seed) for seed in range(4)] * 4
    alone = [network.run(plan) for network in networks]
    with ThreadPoolExecutor(4) as pool:
        for expected, actual in zip(alone, pool.map(lambda network: network.run(plan), networks), strict=True):
            np.testing.assert_array_equal(expected[0], actual[0])
            np.testing.assert_array_equal(expected[1], actual[1])


def test_read_only_statistics_are_left_alone():
    plan = Plan.of([program_of("sum", 0, 1)])
    before = STATISTICS.values.copy()
    expected = one(plan)[0]
    frozen = Statistics()
    for array in (frozen.values, frozen.offsets, frozen.shapes, frozen.axes):
        array.flags.writeable = False
    np.testing.assert_array_equal(frozen.run(plan)[0][:, 0], expected)
    np.testing.assert_array_equal(STATISTICS.values, before)


def test_cached_numbers_take_the_place_of_what_is_below_them():
    builder = ProgramBuilder()
    inner = builder.apply(BY_NAME["normalized_sum"].id, builder.apply(BY_NAME["abs"].id, builder.terminal(4)))
    program = builder.build(builder.apply(BY_NAME["difference"].id, inner, builder.terminal(0)))
    full, (numbers, valid) = Plan.of([program]), STATISTICS.run(Plan.of([program]))
    digest_column = next(i for i, digest in enumerate(full.recorded_digests) if digest is not None)
    plan = Plan.of([program], {full.recorded_digests[digest_column]: 1})
    assert LOAD in plan.operation
    table = np.stack([np.full(len(UNITS), 99.0), numbers[:, digest_column]], axis=1)
    loaded, loaded_valid = STATISTICS.run(plan, cached=(table, np.ones(table.shape, bool)))
    np.testing.assert_array_equal(loaded[:, plan.root_columns[0]], numbers[:, full.root_columns[0]])
    np.testing.assert_array_equal(loaded_valid[:, plan.root_columns[0]], valid[:, full.root_columns[0]])
    missing = np.ones(table.shape, bool)
    missing[1] = False
    _, partly_valid = STATISTICS.run(plan, cached=(table, missing))
    np.testing.assert_array_equal(partly_valid[:, plan.root_columns[0]], [True, False, True])


def test_tensors_that_are_kept_take_the_place_of_what_is_below_them():
    texts = ["log_determinant(inp.noise @ abs(inp.noise)) + determinant(wt)", "sigmoid(determinant(wt)) @ act.data"]
    programs = [parse_program(text) for text in texts]
    full = Plan.of(programs, keeps_tensors=True)
    first = STATISTICS.results(full)
    assert len(full.kept) == len(full.kept_digests) == 2
    plan = Plan.of(programs, {digest: column for column, digest in enumerate(full.kept_digests)}, keeps_tensors=True)
    assert list(plan.operation).count(LOAD) == 2
    assert (plan.kept.size, "determinant" in {OPERATIONS[one].name for one in plan.operation}) == (0, False)
    assert plan.size < full.size
    second = STATISTICS.results(plan, cached=first.kept)
    np.testing.assert_array_equal(
        second.numbers[:, plan.root_columns].view(np.int32), first.numbers[:, full.root_columns].view(np.int32)
    )
    np.testing.assert_array_equal(second.valid[:, plan.root_columns], first.valid[:, full.root_columns])


def test_kept_tensors_are_those_of_the_operation_where_it_is_valid_and_needed():
    program = program_of("determinant", 4)
    plan = Plan.of([program], keeps_tensors=True)
    kept = STATISTICS.results(plan).kept
    assert kept.axes[:, 0].tolist() == [2, 2, INVALID]  # a 3 x 5 input has none
    for unit in (0, 1):
        expected = STATISTICS.reference(program, unit).numpy()
        size = expected.size
        assert tuple(kept.shapes[unit, 0]) == (*expected.shape, 1, 1)
        found = kept.values[kept.offsets[unit, 0] :][:size].reshape(expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    shape_alone = Plan.of([parse_program("numel(determinant(inp.data))")], keeps_tensors=True)
    assert STATISTICS.results(shape_alone).kept.axes[:, 0].tolist() == [NOT_KEPT, NOT_KEPT, INVALID]


def test_a_tensor_of_many_numbers_is_not_kept():
    plan = Plan.of([program_of("determinant", 0)], keeps_tensors=True)
    for count, axes in ((MOST_KEPT, 1), (MOST_KEPT + 1, NOT_KEPT)):
        shapes = np.ones((1, 22, 4), np.int64)
        shapes[0, 0, :3] = count, 1, 1
        values = np.random.default_rng(0).standard_normal(count).astype(np.float32)
        kept = evaluate_plan(
            plan, values, np.zeros((1, 22), np.int64), shapes, np.full((1, 22), 3, np.int64), "mean"
        ).kept
        assert kept.axes.tolist() == [[axes]]
        np.testing.assert_array_equal(kept.values, values if axes > 0 else [])


def test_a_terminal_is_a_program():
    builder = ProgramBuilder()
    plan = Plan.of([builder.build(builder.terminal(7)), program_of("abs", 7)])
    numbers, _ = STATISTICS.run(plan)
    means = [unit[7].mean(dtype=np.float64) for unit in STATISTICS.tensors]
    np.testing.assert_allclose(numbers[:, plan.root_columns[0]], means, rtol=1e-6)


def test_a_single_number_keeps_its_sign_as_a_norm():
    plan = Plan.of([program_of("normalized_sum", 4)])
    np.testing.assert_array_equal(one(plan, to_scalar="l2")[0], one(plan)[0])


def test_a_mean_that_is_a_remainder_of_rounding_is_zero():
    normalised, squared = (Plan.of([program_of(name, 4)]) for name in ("normalize", "power"))
    values, valid = STATISTICS.run(normalised)
    assert valid.all()
    assert (values == 0).all()
    assert (STATISTICS.run(squared)[0] > 0).all()
    below = program_of("normalize", 4)
    builder = ProgramBuilder()
    shifted = builder.apply(BY_NAME["sum"].id, builder.apply(BY_NAME["normalize"].id, 4), builder.terminal(4))
    assert (STATISTICS.run(Plan.of([below, builder.build(shifted)]))[0][:, 1] != 0).all()


def test_zeros_of_one_unit_are_no_zeros_of_another():
    statistics = Statistics()
    for unit in (0, 2):
        start, size = statistics.offsets[unit, 4], statistics.tensors[unit][4].size
        statistics.values[start : start + size] = 0
    squares = program_of("matmul", 4, 4)  # of the 3 x 5 input there is none
    builder = ProgramBuilder()
    square = builder.apply(BY_NAME["matmul"].id, builder.terminal(4), builder.terminal(4))
    cubes = builder.build(builder.apply(BY_NAME["matmul"].id, square, builder.terminal(4)))
    numbers, _ = statistics.run(Plan.of([squares, cubes]))
    unchanged, _ = STATISTICS.run(Plan.of([squares, cubes]))
    assert (numbers[0] == 0).all()
    np.testing.assert_array_equal(numbers[1], unchanged[1])
    assert (numbers[1] != 0).all()


def test_a_terminal_that_was_not_collected_is_refused():
    partial = Statistics()
    partial.offsets[:, 6] = -1
    partial.run(Plan.of([program_of("abs", 5)]))
    with pytest.raises(ValueError, match=TERMINALS[6].name):
        partial.run(Plan.of([program_of("sum", 5, 6)]))


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match="median"):
        STATISTICS.run(Plan.of([program_of("abs", 5)]), "median")


def test_shapes_decide_unit_by_unit():
    # A 3 x 3 kernel has determinants, a 1 x 1 kernel too, a 3 x 5 input has none.
    np.testing.assert_array_equal(one(Plan.of([program_of("determinant", 0)]))[1], [True, True, True])
    np.testing.assert_array_equal(one(Plan.of([program_of("determinant", 4)]))[1], [True, True, False])


def test_no_unit_and_no_program():
    assert STATISTICS.run(Plan.of([]))[0].shape == (len(UNITS), 0)
    plan = Plan.of([program_of("abs", 5)])
    nothing = np.zeros((0, 22), np.int64)
    shapes = np.zeros((0, 22, 4), np.int64)
    numbers, valid, _ = evaluate_plan(plan, STATISTICS.values, nothing, shapes, nothing, "mean")
    assert numbers.shape == valid.shape == (0, 1)


def test_determinants_of_several_tensors_in_turn_are_those_of_each_alone():
    programs = [
        program_of(name, operand) for operand in (0, 4, 7) for name in ("determinant", "log_determinant", "determinant")
    ]
    programs += [program_of("determinant", 0), program_of("log_determinant", 0)]
    together, valid = STATISTICS.run(Plan.of(programs))
    plan = Plan.of(programs)
    for program, column in zip(programs, plan.root_columns, strict=True):
        alone, alone_valid = STATISTICS.run(Plan.of([program]))
        np.testing.assert_array_equal(together[:, column], alone[:, 0])
        np.testing.assert_array_equal(valid[:, column], alone_valid[:, 0])
