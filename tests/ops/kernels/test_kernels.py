"""Every operation: the compiled kernel against the PyTorch reference, bit for bit where IEEE fixes the bits."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_runner import run_kernel
from tensor_strategies import AWKWARD, broadcasting_shapes, shapes, tensors

from eznas.ops.catalogue import OPERATIONS, ShapeRule
from eznas.ops.kernels.broadcasting import BLOCK
from eznas.ops.reference import apply
from eznas.ops.shape_check import ShapeError

DETERMINED = {
    *("sum", "difference", "product", "less_than", "greater_than", "equal_to", "abs", "power", "relu", "sign"),
    *("heaviside", "invert", "hamming_distance", "ones_like", "zeros_like", "greater_than_zero", "less_than_zero"),
    *("numel", "divide"),
}
FUNCTIONS = {"log", "abs_log", "exp", "sigmoid", "sqrt"}  # PyTorch rounds some square roots the other way
MATRIX = {"matmul", "determinant", "log_determinant", "log_abs_determinant", "sym_eig_ratio", "eig_ratio"}
SETTINGS = settings(deadline=None, derandomize=True, max_examples=60)


def reference(operation, *arguments, double=False):
    given_tensors = [torch.from_numpy(argument.copy()) for argument in arguments]
    if double:
        given_tensors = [tensor.double() for tensor in given_tensors]
    try:
        return apply(operation.id, *given_tensors).numpy()
    except ShapeError:
        return None


def assert_same_bits(actual, expected):
    np.testing.assert_array_equal(actual, expected)
    np.testing.assert_array_equal(np.signbit(actual)[~np.isnan(actual)], np.signbit(expected)[~np.isnan(expected)])


def assert_agrees(operation, *arguments):
    before = [argument.copy() for argument in arguments]
    actual, expected = run_kernel(operation.id, *arguments), reference(operation, *arguments)
    for argument, copy in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(argument, copy)
    if expected is None or actual is None:
        assert actual is None
        assert expected is None
        return
    assert actual.shape == expected.shape
    if operation.name in DETERMINED:
        assert_same_bits(actual, expected)
    elif operation.name in FUNCTIONS:
        np.testing.assert_allclose(actual, expected, rtol=4 * 2.0**-23, atol=4 * 2.0**-149)
    else:
        np.testing.assert_allclose(actual, expected, rtol=2e-6, atol=_rounding_errors(operation, *arguments))


def _rounding_errors(operation, *arguments):
    """What float32 rounding may move a sum by: a few units of 2^-24 of the sum of absolute terms."""
    with np.errstate(all="ignore"):
        wide = [argument.astype(np.float64) for argument in arguments]
        if operation.name == "normalized_sum":
            bound = np.abs(wide[0]).mean()
        elif operation.name == "normalize":
            bound = 1 + np.abs(wide[0].mean()) / np.nanmax([wide[0].std(), 1e-300])
        elif operation.name == "cosine_similarity":
            bound = float(max(len(wide[0]), len(wide[1])))
        elif operation.name == "kl_divergence":
            inputs, targets = wide
            entropy = np.abs(targets * np.log(np.where(targets == 0, 1, np.abs(targets))))
            bound = (entropy + np.abs(targets * inputs)).mean()
        else:
            bound = 0.0
    return 4e-7 * bound if np.isfinite(bound) else 0.0


UNARY = [operation for operation in OPERATIONS if operation.arity == 1 and operation.name not in MATRIX]
BINARY = [operation for operation in OPERATIONS if operation.arity == 2 and operation.name not in MATRIX]


@pytest.mark.parametrize("operation", UNARY, ids=lambda operation: operation.name)
@given(data=st.data())
@SETTINGS
def test_operations_of_one_argument(operation, data):
    assert_agrees(operation, data.draw(tensors(shapes())))


@pytest.mark.parametrize("operation", BINARY, ids=lambda operation: operation.name)
@given(data=st.data())
@SETTINGS
def test_operations_of_two_arguments_that_broadcast(operation, data):
    first, second = data.draw(broadcasting_shapes())
    if operation.rule is ShapeRule.SCALAR_OF_ROWS:
        first, second = (shape or (1,) for shape in (first, second))
    assert_agrees(operation, data.draw(tensors(first)), data.draw(tensors(second)))


@pytest.mark.parametrize("operation", BINARY, ids=lambda operation: operation.name)
@given(data=st.data())
@SETTINGS
def test_operations_of_two_arguments_of_any_shapes(operation, data):
    assert_agrees(operation, data.draw(tensors(shapes())), data.draw(tensors(shapes())))


@pytest.mark.parametrize("operation", UNARY, ids=lambda operation: operation.name)
def test_one_argument_longer_than_a_vector_and_a_block(operation):
    rng = np.random.default_rng(0)
    for shape in ((2 * BLOCK + 13,), (3, 5, BLOCK + 7), (2, 3, 40, 41), (17, 33)):
        values = rng.standard_normal(shape).astype(np.float32)
        assert_agrees(operation, values)
        awkward = np.where(rng.random(shape) < 0.5, rng.choice(AWKWARD, shape), values)
        assert_agrees(operation, awkward.astype(np.float32))


@pytest.mark.parametrize("operation", BINARY, ids=lambda operation: operation.name)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((3, BLOCK + 5), (3, BLOCK + 5)),
        ((3, BLOCK + 5), (1,)),
        ((1, 1), (2, 4, 700)),
        ((6, 5, 1, 1), (1, 5, 20, 30)),
        ((2, 5, 40, 30), (5, 1, 30)),
        ((4, 1, 3, 1), (1, 700, 1, 2)),
        ((2, 1, 1500), (7, 1)),
    ],
)
def test_two_arguments_longer_than_a_block(operation, first, second):
    rng = np.random.default_rng(1)
    a, b = (np.abs(rng.standard_normal(shape)).astype(np.float32) for shape in (first, second))
    assert_agrees(operation, a, b)
    assert_agrees(operation, b, a)


MATMUL, SOFTMAX, DETERMINANT, LOG_DETERMINANT, LOG_ABS_DETERMINANT, SYM_EIG_RATIO, EIG_RATIO = (
    next(operation for operation in OPERATIONS if operation.name == name)
    for name in (
        *("matmul", "softmax", "determinant", "log_determinant", "log_abs_determinant", "sym_eig_ratio", "eig_ratio"),
    )
)


@given(data=st.data(), rows=st.integers(1, 9), inner=st.integers(1, 40), columns=st.integers(1, 40), leading=st.data())
@SETTINGS
def test_matmul_is_within_the_rounding_errors_of_its_sums(data, rows, inner, columns, leading):
    first, second = leading.draw(broadcasting_shapes())
    a = data.draw(tensors((*first[-2:], rows, inner), awkward=0.0))
    b = data.draw(tensors((*second[-2:], inner, columns), awkward=0.0))
    actual, expected = run_kernel(MATMUL.id, a, b), reference(MATMUL, a, b, double=True)
    bound = np.abs(a.astype(np.float64)) @ np.abs(b.astype(np.float64)) * (inner + 1) * 2.0**-24
    assert actual.shape == expected.shape
    assert np.all(np.abs(actual - expected) <= bound)


def test_matmul_keeps_nan_and_infinity():
    a = np.array([[0, 1], [np.inf, 1], [1, np.nan]], np.float32)
    b = np.array([[np.inf, 2], [1, 0]], np.float32)
    np.testing.assert_array_equal(run_kernel(MATMUL.id, a, b), reference(MATMUL, a, b))


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("special", [1.0, np.nan, np.inf])
@pytest.mark.parametrize("exception", [0.0, 1.0])
def test_matmul_with_zeros_is_zero_where_the_other_is_finite(zero, is_first, special, exception):
    zeros = np.full((3, 20, 17), zero, np.float32)
    zeros[1, 10, 10] = exception
    others = np.random.default_rng(0).standard_normal((2, 1, 17, 20)).astype(np.float32)
    others[1, 0, 16, 19] = special
    arguments = (zeros, others) if is_first else (others, zeros)
    product = run_kernel(MATMUL.id, *arguments)
    np.testing.assert_array_equal(product, reference(MATMUL, *arguments))
    assert not np.signbit(product[product == 0]).any()


@pytest.mark.parametrize("order", [4, 8, 16, 32])
@pytest.mark.parametrize(
    ("first", "second"), [((2, 3), (2, 3)), ((2, 3), (1, 3)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((), (2, 3))]
)
def test_matmul_of_batches_of_squares(order, first, second):
    rng = np.random.default_rng(order)
    a, b = (rng.standard_normal((*batch, order, order)).astype(np.float32) for batch in (first, second))
    np.testing.assert_allclose(run_kernel(MATMUL.id, a, b), reference(MATMUL, a, b), rtol=1e-4, atol=1e-5)


@given(data=st.data())
@SETTINGS
def test_matmul_of_any_shapes(data):
    a, b = data.draw(tensors(shapes(length=2))), data.draw(tensors(shapes(length=2)))
    actual, expected = run_kernel(MATMUL.id, a, b), reference(MATMUL, a, b)
    assert (actual is None) == (expected is None)
    assert actual is None or actual.shape == expected.shape


@given(seed=st.integers(0, 2**32), n=st.integers(1, 40), batch=shapes(most=2, length=3))
@SETTINGS
def test_determinants_are_those_of_a_matrix_a_rounding_error_away(seed, n, batch):
    a = np.random.default_rng(seed).standard_normal((*batch, n, n)).astype(np.float32)
    actual, exact = run_kernel(DETERMINANT.id, a), reference(DETERMINANT, a, double=True)
    assert actual.shape == exact.shape
    # Hadamard: changing a row by a small part of its length moves the determinant by that part of this product.
    product = np.linalg.norm(a.astype(np.float64), axis=-1).prod(-1)
    error = np.abs(actual - exact)
    assert np.all(error <= n**2 * 2.0**-22 * product)

    logarithm, relative_error = run_kernel(LOG_DETERMINANT.id, a), n**2 * 2.0**-22 * product / np.abs(exact)
    clear = relative_error < 0.1  # the sign is certain, and the logarithm moves by what the determinant does
    expected = np.log(np.maximum(exact, 1e-300)) * (exact > 0)
    assert np.all(np.abs(logarithm - expected)[clear] <= 2 * relative_error[clear] + 1e-6 * np.abs(expected[clear]))
    size, expected = run_kernel(LOG_ABS_DETERMINANT.id, a), np.log(np.maximum(np.abs(exact), 1e-300))
    assert np.all(np.abs(size - expected)[clear] <= 2 * relative_error[clear] + 1e-6 * np.abs(expected[clear]))


def test_the_logarithm_of_a_determinant_is_there_where_the_determinant_underflows():
    a = 1e-6 * np.random.default_rng(0).standard_normal((3, 16, 16)).astype(np.float32)
    assert np.all(run_kernel(DETERMINANT.id, a) == 0)
    np.testing.assert_allclose(
        run_kernel(LOG_ABS_DETERMINANT.id, a), reference(LOG_ABS_DETERMINANT, a, double=True), rtol=1e-5
    )


@pytest.mark.parametrize(
    "matrix",
    [
        [[0, 0], [0, 0]],
        [[1, 2], [2, 4]],
        [[0, 1], [1, 0]],
        [[-2, 0], [0, 3]],
        [[np.nan, 1], [1, 1]],
        [[1, 1], [1, np.nan]],
        [[np.inf, 1], [1, 1]],
        [[1, np.inf], [1, 1]],
        [[1, 1], [np.inf, 1]],
        [[1, 1], [1, np.inf]],
        [[np.inf, np.inf], [np.inf, np.inf]],
        [[0, 0], [np.inf, 1]],
        [[1e30, 0], [0, 1e30]],
        [[1e-30, 0], [0, 1e-30]],
        [[1e-30, 1], [1, 1e-45]],
        [[1, 0, 0], [0, 0, 0], [0, 0, np.inf]],
        [[1, 1, 1], [1, 1, 1], [0, 1, 2]],
    ],
)
@pytest.mark.parametrize(
    "operation", [DETERMINANT, LOG_DETERMINANT, LOG_ABS_DETERMINANT], ids=lambda operation: operation.name
)
def test_determinants_of_special_matrices_are_those_of_pytorch(operation, matrix):
    a = np.array(matrix, np.float32)
    np.testing.assert_allclose(run_kernel(operation.id, a), reference(operation, a), rtol=1e-6)
    pair = np.stack([a, np.eye(len(a), dtype=np.float32)])
    np.testing.assert_allclose(run_kernel(operation.id, pair), reference(operation, pair), rtol=1e-6)


@pytest.mark.parametrize("operation", [SYM_EIG_RATIO, EIG_RATIO], ids=lambda operation: operation.name)
@given(data=st.data())
@SETTINGS
def test_eigenvalue_ratios_of_any_shape(operation, data):
    a = data.draw(tensors(shapes()))
    actual, expected = run_kernel(operation.id, a), reference(operation, a)
    assert (actual is None) == (expected is None)
    if actual is not None and (len(a) == 1 or not np.isfinite(a).all()):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("inner", [1, 3, 4, 9])
def test_a_small_matrix_product_has_the_bits_of_a_large_one(inner):
    rng = np.random.default_rng(inner)
    a, b = rng.standard_normal((20, 5, inner)), rng.standard_normal((20, inner, 8))
    large = run_kernel(MATMUL.id, a, b)
    for columns in range(1, 8):
        assert run_kernel(MATMUL.id, a, b[..., :columns]).tobytes() == large[..., :columns].tobytes()


def test_softmax_of_few_lines_side_by_side_has_the_bits_of_many():
    a = np.random.default_rng(0).standard_normal((3, 40, 8, 1))
    a[0, 5, 1], a[1, 6, 2], a[2, :, 0] = np.nan, np.inf, -np.inf
    many = run_kernel(SOFTMAX.id, a)
    for lines in range(1, 8):
        assert run_kernel(SOFTMAX.id, a[:, :, :lines]).tobytes() == many[:, :, :lines].tobytes()
