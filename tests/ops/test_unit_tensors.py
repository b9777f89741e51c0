"""Tensors of several operands on units."""

import numpy as np

from eznas.ops.unit_tensors import INVALID, NOT_KEPT, UnitTensors

NUMBERS = np.array([[1.5, 2.0], [3.0, 4.0], [5.0, 6.0]], np.float32)
VALID = np.array([[True, False], [True, True], [False, True]])


def test_numbers_are_tensors_of_one_element():
    tensors = UnitTensors.of_numbers(NUMBERS, VALID)
    np.testing.assert_array_equal(tensors.numbers, NUMBERS)
    np.testing.assert_array_equal(tensors.valid, VALID)
    np.testing.assert_array_equal(tensors.sizes, VALID.astype(int))
    assert tensors.axes.tolist() == [[0, INVALID], [0, 0], [INVALID, 0]]


def test_some_units_keep_their_tensors():
    part = UnitTensors.of_numbers(NUMBERS, VALID).of_units(slice(1, 3))
    np.testing.assert_array_equal(part.numbers, NUMBERS[1:])
    np.testing.assert_array_equal(part.valid, VALID[1:])


def test_sizes_are_those_of_the_shapes_where_there_is_a_tensor():
    shapes = np.array([[[2, 3, 1, 1]], [[2, 3, 4, 5]], [[7, 1, 1, 1]]])
    axes = np.array([[2], [4], [NOT_KEPT]])
    tensors = UnitTensors(np.empty(0, np.float32), np.zeros((3, 1), np.int64), shapes, axes)
    assert tensors.sizes.tolist() == [[6], [120], [0]]


def test_no_tensors():
    nothing = UnitTensors.none(4)
    assert nothing.numbers.shape == nothing.valid.shape == (4, 0)
