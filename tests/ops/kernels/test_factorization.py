"""The pivots of every way of factorisation, against getf2 written out number by number."""

import numpy as np
import pytest
from numba import njit

from eznas.ops.kernels.factorization import factorization_elements, find_pivots, pivot_elements
from eznas.ops.kernels.kernel import Operand, Workspace
from eznas.ops.kernels.lanes import LANES, USED, place_of_largest, subtract_multiple


@njit  # an intrinsic exists in compiled code only
def place_found(values, start, places):
    return place_of_largest(values, start, places)


def pivots_of(a, workspace):
    find_pivots(a, workspace)
    return workspace.pivots


@njit
def subtract(target, i, source, j, factor):
    subtract_multiple(target, i, source, j, factor)


def matrices(kind, order, count=43):  # whole vectors of small ones, and a rest
    rng = np.random.default_rng(order)
    a = rng.standard_normal((count, order, order)).astype(np.float32)
    if kind == "signs":
        return np.sign(a)
    if kind == "sparse signs":
        return np.sign(a) * (rng.random(a.shape) < 0.4).astype(np.float32)
    if kind == "tiny":
        return a * np.float32(1e-40)
    if kind == "special":
        for value, share in ((0.0, 0.3), (-0.0, 0.1), (np.nan, 0.02), (np.inf, 0.02), (-np.inf, 0.02), (1e-42, 0.05)):
            a[rng.random(a.shape) < share] = value
    return a


def pivots_by_hand(matrix):
    columns = [row.copy() for row in matrix]  # the rows of A are the columns of what is factorised
    order, sign = len(columns), np.float32(1)
    with np.errstate(all="ignore"):
        for k in range(order):
            row = k
            for i in range(k + 1, order):
                if abs(columns[k][i]) > abs(columns[k][row]):
                    row = i
            if row != k:
                sign = -sign
                for column in columns:
                    column[[k, row]] = column[[row, k]]
            if abs(columns[k][k]) < np.finfo(np.float32).tiny and columns[k][k] != 0:
                columns[k][k + 1 :] /= columns[k][k]
            elif columns[k][k] != 0:
                columns[k][k + 1 :] *= np.float32(1) / columns[k][k]
            for j in range(k + 1, order):
                columns[j][k + 1 :] -= columns[k][k + 1 :] * columns[j][k]
    return np.array([*(columns[k][k] for k in range(order)), sign], np.float32)


def operand_of(a):
    shape = np.ones(4, np.int64)
    shape[:3] = a.shape
    flat = a.ravel()
    flat.flags.writeable = False
    return Operand(flat, shape, 3, 5)


def workspace_for(a):
    order = a.shape[-1]
    numbers = np.full(factorization_elements(order), 321.0, np.float32)
    pivots = np.full(pivot_elements(order, len(a)), 321.0, np.float32)
    return Workspace(numbers, np.empty((3, 4), np.int64), pivots, np.array([-1]), np.zeros(6, np.uint8))


@pytest.mark.parametrize("kind", ["normal", "signs", "sparse signs", "tiny", "special"])
@pytest.mark.parametrize("order", [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 32, 41])
def test_the_pivots_have_the_bits_of_getf2(kind, order):
    a = matrices(kind, order)
    with np.errstate(all="ignore"):
        actual = pivots_of(operand_of(a), workspace_for(a)).reshape(len(a), order + 1)
    expected = np.stack([pivots_by_hand(matrix) for matrix in a])
    same = (actual.view(np.int32) == expected.view(np.int32)) | (np.isnan(actual) & np.isnan(expected))
    assert same.all()


@pytest.mark.parametrize("order", [3, 12])
def test_matrices_of_denormal_numbers_have_finite_pivots(order):
    a = np.random.default_rng(order).integers(-9, 10, (40, order, order)).astype(np.float32) * np.float32(2.0**-146)
    with np.errstate(all="ignore"):
        pivots = pivots_of(operand_of(a), workspace_for(a)).reshape(len(a), order + 1).astype(np.float64)
    assert np.isfinite(pivots).all()
    # They have a few digits, so that only the first ones can be compared.
    np.testing.assert_array_equal(np.abs(pivots[:, 0]), np.abs(a[:, 0, :]).max(axis=1))


@pytest.mark.parametrize("order", [65, 96, 150])
def test_large_matrices_have_the_determinants_of_numpy(order):
    a = matrices("normal", order, count=3)
    pivots = pivots_of(operand_of(a), workspace_for(a)).reshape(len(a), order + 1).astype(np.float64)
    signs, logarithms = np.linalg.slogdet(a.astype(np.float64))
    np.testing.assert_array_equal(np.sign(pivots).prod(axis=1), signs)
    np.testing.assert_allclose(np.log(np.abs(pivots[:, :-1])).sum(axis=1), logarithms, atol=0.02)


def test_the_pivots_of_one_operand_are_computed_once():
    a = matrices("normal", 5)
    workspace = workspace_for(a)
    first = pivots_of(operand_of(a), workspace).copy()
    workspace.numbers[:] = 0
    np.testing.assert_array_equal(pivots_of(operand_of(-a), workspace), first)  # the same number of the operand
    other = operand_of(-a)._replace(number=6)
    assert (pivots_of(other, workspace) != first).any()


def test_the_smallest_place_of_the_largest_is_found():
    values = np.zeros(3 * LANES, np.float32)
    places = np.full(2 * LANES, USED, np.int32)
    values[LANES : LANES + 6] = [1, np.nan, -3, 3, 2, 9]
    places[:6] = [4, 3, 2, 1, 0, USED]
    values[2 * LANES] = -3
    places[LANES] = 5
    assert place_found(values, LANES, places) == 1
    values[2 * LANES] = -np.inf
    assert place_found(values, LANES, places) == 5


def test_a_multiple_is_subtracted_from_as_many_numbers_as_there_are_lanes():
    target, source = np.ones(LANES + 3, np.float32), np.arange(LANES + 4, dtype=np.float32)
    subtract(target, 1, source, 2, np.float32(2))
    assert target.tolist() == [1, *(1 - 2 * source[2 : LANES + 2]).tolist(), 1, 1]
