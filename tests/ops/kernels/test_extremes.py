"""Whether numbers are all zero, or all finite: wherever the one stands that is not, and at any length."""

import numpy as np
import pytest
from numba import njit

from eznas.ops.kernels.extremes import is_finite, is_zero

LENGTHS = [1, 2, 15, 16, 17, 127, 128, 129, 255, 256, 300]


@njit
def both(values):  # as kernels call them
    return is_zero(values), is_finite(values)


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
