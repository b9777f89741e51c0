"""Whether numbers are all zero, or all finite: wherever the one is that is not, at any length, and looked at once."""

import numpy as np
import pytest
from numba import njit

from eznas.ops.kernels.extremes import is_finite, is_finite_operand, is_zero_operand, make_zero
from eznas.ops.kernels.kernel import Operand, Workspace

LENGTHS = [1, 2, 15, 16, 17, 127, 128, 129, 255, 256, 300]
NUMBER = 1


@njit
def looked_at(operand, workspace, zero_first):  # as kernels call them
    if zero_first:
        return is_zero_operand(operand, workspace), is_finite_operand(operand, workspace)
    finite = is_finite_operand(operand, workspace)
    return is_zero_operand(operand, workspace), finite


@njit
def is_finite_array(values):
    return is_finite(values)


@njit
def zeroed(operand, workspace):
    make_zero(operand, workspace)


def operand_of(values):
    return Operand(values, np.array([len(values), 1, 1, 1]), 1, NUMBER)


def empty_workspace():
    nothing = np.empty(0, np.float32)
    return Workspace(nothing, np.empty((3, 4), np.int64), nothing, np.array([-1]), np.zeros(3, np.uint8))


def both(values):
    """Whether numbers are all zero, and all finite: the same in whichever order it is asked, and when asked again."""
    answers = set()
    for zero_first in (True, False):
        workspace = empty_workspace()
        answers |= {looked_at(operand_of(values), workspace, zero_first) for _ in range(2)}
        assert workspace.extremes[[0, 2]].tolist() == [0, 0]  # nothing was said of others
    ((is_zero, are_finite),) = answers
    assert is_finite_array(values) == are_finite
    return is_zero, are_finite


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_zeros_of_either_sign(length, zero):
    assert both(np.full(length, zero, np.float32)) == (True, True)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("least", [1e-45, -1e-45, 1.0, -3.4028235e38])
def test_one_number_is_enough_not_to_be_zero(length, least):
    for place in range(length):
        values = np.zeros(length, np.float32)
        values[place] = least
        assert both(values) == (False, True)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("special", [np.nan, -np.nan, np.inf, -np.inf])
def test_one_number_is_enough_not_to_be_finite(length, special):
    for place in range(length):
        values = np.zeros(length, np.float32)
        values[place] = special
        assert both(values) == (False, False)


def test_of_no_numbers_none_is_zero():
    assert both(np.empty(0, np.float32)) == (False, True)


def test_numbers_are_looked_at_once():
    values, workspace = np.zeros(40, np.float32), empty_workspace()
    assert looked_at(operand_of(values), workspace, True) == (True, True)
    values[:] = np.nan
    assert looked_at(operand_of(values), workspace, True) == (True, True)


def test_an_operand_that_is_made_zero_is_known_to_be():
    values, workspace = np.ones(40, np.float32), empty_workspace()
    zeroed(operand_of(values), workspace)
    assert (values == 0).all()
    assert not np.signbit(values).any()
    values[0] = 1
    assert looked_at(operand_of(values), workspace, True) == (True, True)
