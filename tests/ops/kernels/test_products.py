"""Products of small matrices: in the order that the module states, whatever the processor, and within their bounds."""

import numpy as np
import pytest
from numba import njit

from eznas.ops.jit import multiply_add
from eznas.ops.kernels.products import is_known_square, multiply_small, multiply_squares

MARGIN = 40


@njit
def by_hand(a, b):
    product = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                product[i, j] = multiply_add(a[i, k], b[k, j], product[i, j])
    return product


def within(matrix):
    """The matrix in the midst of numbers that nobody may read."""
    around = np.full(MARGIN, np.nan, np.float32)
    return np.concatenate([around, matrix.ravel(), around])


def multiplied(a, b):
    """The product, and what lies around it."""
    result = within(np.full((len(a), b.shape[1]), 7, np.float32))
    sizes = (*a.shape, b.shape[1])
    for _ in range(2):  # a sum must not go on from the one before
        multiply_small(result, within(a), within(b), (MARGIN, MARGIN, MARGIN), sizes)
    return result[MARGIN:-MARGIN].reshape(len(a), -1), np.concatenate([result[:MARGIN], result[-MARGIN:]])


@pytest.mark.parametrize("inner", [1, 3, 18])
@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 32, 33, 47, 48, 50])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17])
def test_every_size_has_the_stated_order(rows, inner, columns):
    rng = np.random.default_rng(rows * 1000 + columns)
    a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((rows, inner), (inner, columns)))
    product, around = multiplied(a, b)
    np.testing.assert_array_equal(product, by_hand(a, b))
    assert np.isnan(around).all()


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("order", [4, 8, 16, 32])
def test_squares_have_the_stated_order(order, count):
    rng = np.random.default_rng(order)
    a, b = (rng.standard_normal((count, order, order)).astype(np.float32) for _ in range(2))
    result = within(np.full(a.shape, 7, np.float32))
    for _ in range(2):
        multiply_squares(result[MARGIN:-MARGIN], a.ravel(), b.ravel(), order)
    products = [by_hand(*both) for both in zip(a, b, strict=True)]
    np.testing.assert_array_equal(result[MARGIN:-MARGIN].reshape(a.shape), products)
    assert np.isnan(np.concatenate([result[:MARGIN], result[-MARGIN:]])).all()


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        *(((4, 4, 4), True), ((8, 8, 8), True), ((32, 32, 32), True), ((5, 5, 5), False), ((64, 64, 64), False)),
        *(((8, 4, 8), False), ((4, 8, 8), False), ((8, 8, 4), False)),
    ],
)
def test_which_squares_are_known(sizes, expected):
    assert is_known_square(*sizes) == expected


def test_a_sum_is_rounded_with_each_product():
    a = np.array([[1 + 2**-12, -1]], np.float32)
    b = np.array([[1 + 2**-12], [1 + 2**-11]], np.float32)
    product, _ = multiplied(a, b)
    assert product[0, 0] == 0  # the first product alone loses 2**-24; of one number with it nothing would be left over
    assert multiplied(a[:, ::-1].copy(), b[::-1].copy())[0][0, 0] == np.float32(2**-24)


@pytest.mark.parametrize("special", [np.nan, np.inf])
def test_what_is_not_finite_stays(special):
    a, b = np.ones((9, 5), np.float32), np.ones((5, 21), np.float32)
    a[8, 4] = special
    product, _ = multiplied(a, b)
    np.testing.assert_array_equal(product[8], np.full(21, special, np.float32))
    assert (product[:8] == 5).all()
