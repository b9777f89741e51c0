"""The reference: the corner cases that the specification fixes."""

import math
import warnings

import numpy as np
import pytest
import torch

from eznas.ops.catalogue import BY_NAME, OPERATIONS
from eznas.ops.program import Program, ProgramBuilder
from eznas.ops.reference import REFERENCE, apply, run_program
from eznas.ops.shape_check import ShapeError
from eznas.terminals import TERMINAL_COUNT

NAN, INF = math.nan, math.inf


def run(name, *arguments, dtype=torch.float32):
    return apply(BY_NAME[name].id, *(torch.tensor(argument, dtype=dtype) for argument in arguments))


def assert_equal(actual, expected):
    torch.testing.assert_close(actual, torch.tensor(expected, dtype=actual.dtype), rtol=1e-6, atol=0, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("less_than", ([1.0, NAN, 2.0], [2.0, 1.0, 2.0]), [1.0, 0.0, 0.0]),
        ("greater_than", ([1.0, NAN, 3.0], [2.0, 1.0, 2.0]), [0.0, 0.0, 1.0]),
        ("equal_to", ([1.0, NAN, 0.0], [1.0, NAN, -0.0]), [1.0, 0.0, 1.0]),
        ("log", ([0.0, -2.0, 1.0, NAN, INF, -INF],), [0.0, 0.0, 0.0, NAN, INF, 0.0]),
        ("abs_log", ([0.0, -1.0, NAN, -INF],), [0.0, 0.0, NAN, INF]),
        ("normalize", ([5.0],), [0.0]),
        ("normalize", (5.0,), 0.0),
        ("normalize", ([0.1] * 1000,), [0.0] * 1000),
        ("normalize", ([1.0, NAN],), [0.0, 0.0]),
        ("normalize", ([1.0, INF],), [0.0, 0.0]),
        ("normalize", ([1.0, 2.0, 3.0],), [-1.0, 0.0, 1.0]),  # the unbiased standard deviation is 1
        ("relu", ([NAN, -1.0, 2.0, -INF],), [NAN, 0.0, 2.0, 0.0]),
        ("sign", ([NAN, -3.0, 0.0, INF],), [0.0, -1.0, 0.0, 1.0]),
        ("heaviside", ([NAN, 0.0, 2.0, -1.0],), [0.0, 0.0, 1.0, 0.0]),
        ("invert", ([0.0, 2.0, INF, NAN],), [INF, 0.5, 0.0, NAN]),
        ("frobenius_norm", ([3e20, 4e20],), 5e20),
        ("determinant", ([[1.0, 2.0], [3.0, 4.0]],), -2.0),
        ("determinant", ([[NAN, 1.0], [1.0, 1.0]],), NAN),
        ("log_determinant", ([[1.0, 2.0], [3.0, 4.0]],), 0.0),
        ("log_determinant", ([[1.0, 2.0], [2.0, 4.0]],), -INF),
        ("log_determinant", ([[NAN, 1.0], [1.0, 1.0]],), 0.0),
        ("log_determinant", ([[2.0, 0.0], [0.0, 2.0]],), math.log(4)),
        ("sym_eig_ratio", ([[2.0, 0.0], [0.0, 1.0]],), 4.0),
        ("sym_eig_ratio", ([[2.0, INF], [0.0, 1.0]],), NAN),
        ("sym_eig_ratio", ([0.0],), NAN),
        ("eig_ratio", ([[2.0, 0.0], [0.0, 1.0]],), 0.25),
        ("eig_ratio", ([[2.0, NAN], [0.0, 1.0]],), NAN),
        ("eig_ratio", ([7.0],), 1.0),
        ("normalized_sum", ([1.0, 2.0, 6.0],), 3.0),
        ("normalized_sum", ([3e38, 3e38],), 3e38),
        ("l1_norm", ([-1.0, 2.0, -6.0],), 3.0),
        ("hamming_distance", ([1.0, -1.0, NAN, 2.0], 1.0), 2.0),
        ("kl_divergence", ([[1.0, 2.0]], [[0.0, 1.0]]), -1.0),
        ("kl_divergence", (1.0, 1.0), -1.0),
        ("kl_divergence", ([[1.0, 2.0]], [[-0.5, 1.0]]), NAN),
        ("kl_divergence", ([[1.0, 4.0]], [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]), -2.5),  # the common shape is (3, 2)
        ("kl_divergence", ([[1.0, 1.0], [1.0, 1.0], [1.0, 4.0]], [[1.0, 1.0]]), -1.5),
        ("kl_divergence", ([[1.0], [2.0]], [1.0, 1.0, 1.0]), -1.5),
        ("cosine_similarity", ([[1.0, 0.0], [0.0, 2.0]], [[2.0, 0.0], [0.0, -1.0]]), 0.0),
        ("cosine_similarity", ([[3.0, 0.0], [0.0, 2.0]], [[1.0, 1.0]]), math.sqrt(2)),
        ("cosine_similarity", ([1e-9], [1.0]), 0.1),  # no norm counts as less than 1e-8
        ("softmax", (7.0,), 1.0),
        ("softmax", ([0.0, 0.0],), [0.5, 0.5]),
        ("softmax", ([[0.0, 0.0], [0.0, 0.0]],), [[0.5, 0.5], [0.5, 0.5]]),
        ("softmax", ([[1.0], [5.0]],), [[1.0], [1.0]]),  # two axes: along the second
        ("softmax", ([[[1.0]], [[1.0]]],), [[[0.5]], [[0.5]]]),  # three: along the first
        ("softmax", ([[[[1.0]], [[1.0]]]],), [[[[0.5]], [[0.5]]]]),  # four: along the second
        ("softmax", ([INF, 1.0],), [NAN, NAN]),
        ("sigmoid", ([0.0, INF, -INF],), [0.5, 1.0, 0.0]),
        ("greater_than_zero", ([NAN, 1.0],), [0.0, 1.0]),
        ("less_than_zero", ([NAN, -1.0],), [0.0, 1.0]),
        ("numel", ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],), 6.0),
    ],
)
def test_what_the_specification_says(name, arguments, expected, dtype):
    assert_equal(run(name, *arguments, dtype=dtype), expected)


SHAPES = [((4, 6, 3, 3), (4, 6, 3, 3)), ((3, 4), (4,)), ((4, 1, 3), (2, 1)), ((5,), ()), ((), (2, 3)), ((), ())]


@pytest.mark.parametrize(("shape", "other"), SHAPES)
def test_the_kl_divergence_is_that_of_the_published_line(shape, other):
    generator = torch.Generator().manual_seed(len(shape) + 10 * len(other))
    a, b = torch.randn(shape, generator=generator), torch.rand(other, generator=generator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that size_average is deprecated, and what the mean is not
        published = torch.nn.KLDivLoss("batchmean")(a, b)
    torch.testing.assert_close(apply(BY_NAME["kl_divergence"].id, a, b), published, rtol=1e-5, atol=1e-6)


def test_the_extensions_are_protected_as_in_genetic_programming():
    assert_equal(run("sqrt", [4.0, -4.0, 0.0, NAN]), [2.0, 2.0, 0.0, NAN])
    assert_equal(run("divide", [3.0, 3.0, 0.0, NAN, 1e-30], [2.0, 0.0, -0.0, 0.0, 1e-30]), [1.5, 1.0, 1.0, 1.0, 1.0])


def test_the_log_of_a_determinant_neither_underflows_nor_minds_the_sign():
    small = [[1e-30, 0.0, 0.0], [0.0, -1e-30, 0.0], [0.0, 0.0, 1e-30]]
    assert run("determinant", small).item() == 0.0
    assert run("log_abs_determinant", small).item() == pytest.approx(3 * math.log(1e-30))
    assert run("log_abs_determinant", [[1.0, 1.0], [1.0, 1.0]]).item() == 0.0


def test_the_participation_ratio_counts_directions():
    assert run("participation_ratio", [[2.0, 0.0], [0.0, 2.0]]).item() == 2.0
    assert run("participation_ratio", [[1.0, 1.0], [3.0, 3.0]]).item() == pytest.approx(1.0)
    assert run("participation_ratio", [[3.0, 0.0], [0.0, 1.0]]).item() == pytest.approx(100 / 82)
    assert run("participation_ratio", [[0.0, 0.0]]).item() == 0.0
    assert run("participation_ratio", 5.0).item() == 1.0


def test_the_kl_divergence_ranks_by_the_mean_element_and_not_by_the_width():
    # reduction='batchmean' would divide the sum by the 4 rows and give -6 and -50, the other order.
    narrow = run("kl_divergence", [[3.0] * 2] * 4, [[1.0] * 2] * 4)
    wide = run("kl_divergence", [[1.0] * 50] * 4, [[1.0] * 50] * 4)
    assert narrow.item() == -3.0
    assert wide.item() == -1.0


def test_the_cosine_similarity_is_that_of_the_published_lines():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn((4, 6, 3, 3), generator=generator), torch.randn((4, 6, 3, 3), generator=generator)
    published = torch.nn.CosineSimilarity()(a.reshape(a.shape[0], -1), b.reshape(b.shape[0], -1)).sum()
    torch.testing.assert_close(apply(BY_NAME["cosine_similarity"].id, a, b), published)


def test_tiny_arguments_keep_their_logarithm():
    assert_equal(run("log", [1e-40]), [math.log(np.float32(1e-40))])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_arguments_stay_as_they_are_and_the_type_is_kept(operation, dtype):
    values = torch.tensor([[0.0, -1.5], [NAN, 2.0]], dtype=dtype)
    arguments = [values.clone() for _ in range(operation.arity)]
    result = apply(operation.id, *arguments)
    assert result.dtype == dtype
    assert all(argument.equal(values) or argument[0].equal(values[0]) for argument in arguments)
    assert all(torch.equal(argument.isnan(), values.isnan()) for argument in arguments)
    assert all(result is not argument for argument in arguments)


@pytest.mark.parametrize(
    ("name", "argument_shapes"),
    [
        ("sum", [(2,), (3,)]),
        ("matmul", [(2, 3), (2, 3)]),
        ("matmul", [(3,), (3, 2)]),
        ("matmul", [(2, 2, 3), (3, 3, 2)]),
        ("determinant", [(2, 3)]),
        ("log_determinant", [(3,)]),
        ("sym_eig_ratio", [()]),
        ("eig_ratio", [()]),
        ("hamming_distance", [(2,), (3,)]),
        ("kl_divergence", [(2, 3), (3, 3)]),
        ("cosine_similarity", [(2, 3), (2, 4)]),
        ("abs", [(0,)]),
    ],
)
def test_shapes_that_an_operation_cannot_take(name, argument_shapes):
    with pytest.raises(ShapeError, match=r"\("):
        apply(BY_NAME[name].id, *(torch.ones(shape) for shape in argument_shapes))


def test_every_operation_has_a_reference():
    assert list(REFERENCE) == [operation.name for operation in OPERATIONS]


def program_of(name, *terminals) -> Program:
    builder = ProgramBuilder()
    return builder.build(builder.apply(BY_NAME[name].id, *(builder.terminal(address) for address in terminals)))


def test_a_program_runs_on_the_terminals_it_reads():
    tensors: list[torch.Tensor | None] = [None] * TERMINAL_COUNT
    tensors[3], tensors[5] = torch.ones(2), torch.full((2,), 4.0)
    result = run_program(program_of("difference", 3, 5), tensors)
    assert result is not None
    assert_equal(result, [-3.0, -3.0])


def test_a_program_may_be_a_terminal():
    builder = ProgramBuilder()
    tensors = [torch.full((1,), float(address)) for address in range(TERMINAL_COUNT)]
    assert run_program(builder.build(builder.terminal(9)), tensors) is tensors[9]


def test_an_impossible_shape_makes_the_program_invalid():
    tensors = [torch.ones(2 + address) for address in range(TERMINAL_COUNT)]
    assert run_program(program_of("sum", 3, 5), tensors) is None


def test_a_terminal_that_was_not_collected_is_named():
    with pytest.raises(ValueError, match="5"):
        run_program(program_of("abs", 5), [None] * TERMINAL_COUNT)
