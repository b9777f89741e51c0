"""exp, log and the logistic function of one float32, written so that LLVM vectorises the loops around them.

numba calls the C library once per element, which a loop of eight lanes waits for. These are polynomial
approximations without branches: every case distinction is a select. The polynomials are those of Cephes (S. Moshier,
single precision); the error stays below 2 units in the last place over the whole range, denormal numbers included.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from eznas.ops.jit import MANTISSA_BITS, bits_to_float, float_to_bits, inlined, multiply_add, times_power_of_two

ZERO: Final = np.float32(0.0)
ONE: Final = np.float32(1.0)
INFINITY: Final = np.float32(np.inf)
NOT_A_NUMBER: Final = np.float32(np.nan)

# log 2 in two parts: a multiple of the first by an exponent is exact, so that x - n log 2 loses no bit.
_LOG2_HIGH: Final = np.float32(0.693359375)
_LOG2_LOW: Final = np.float32(-2.12194440e-4)

_LOG2_E: Final = np.float32(1.44269504088896341)
# Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits of the sum.
_ROUNDER: Final = np.float32(12582912.0)
_ROUNDER_BITS: Final = np.int32(np.float32(12582912.0).view(np.int32))
# Beyond these arguments exp is 0 or infinite in float32, whatever the exact value.
_EXP_LOWEST: Final = np.float32(-104.0)
_EXP_HIGHEST: Final = np.float32(89.0)
_E0: Final = np.float32(1.9875691500e-4)
_E1: Final = np.float32(1.3981999507e-3)
_E2: Final = np.float32(8.3334519073e-3)
_E3: Final = np.float32(4.1665795894e-2)
_E4: Final = np.float32(1.6666665459e-1)
_E5: Final = np.float32(5.0000001201e-1)

_MANTISSA_MASK: Final = np.int32(0x007FFFFF)
_ONE_BITS: Final = np.int32(0x3F800000)
_HALF_ROOT_BITS: Final = np.int32(0x3F3504F3)  # sqrt(1/2): mantissas are taken from [sqrt(1/2), sqrt(2))

LEAST_NORMAL: Final = np.float32(2.0**-126)
_DENORMAL_SCALE: Final = np.float32(8388608.0)  # 2^23
_BIAS: Final = np.float32(127.0)
_DENORMAL_BIAS: Final = np.float32(150.0)  # of an exponent that is 23 too large
_HALF: Final = np.float32(0.5)
_L0: Final = np.float32(7.0376836292e-2)
_L1: Final = np.float32(-1.1514610310e-1)
_L2: Final = np.float32(1.1676998740e-1)
_L3: Final = np.float32(-1.2420140846e-1)
_L4: Final = np.float32(1.4249322787e-1)
_L5: Final = np.float32(-1.6668057665e-1)
_L6: Final = np.float32(2.0000714765e-1)
_L7: Final = np.float32(-2.4999993993e-1)
_L8: Final = np.float32(3.3333331174e-1)


@inlined
def exponential(x: np.float32) -> np.float32:
    """e^x in float32: 0 and infinity beyond the range, denormal results rounded once, NaN kept."""
    bounded = _EXP_HIGHEST if x > _EXP_HIGHEST else x
    bounded = _EXP_LOWEST if bounded < _EXP_LOWEST else bounded
    shifted = multiply_add(bounded, _LOG2_E, _ROUNDER)
    n = shifted - _ROUNDER
    r = multiply_add(-n, _LOG2_LOW, multiply_add(-n, _LOG2_HIGH, bounded))
    polynomial = multiply_add(multiply_add(multiply_add(_E0, r, _E1), r, _E2), r, _E3)
    polynomial = multiply_add(multiply_add(polynomial, r, _E4), r, _E5)
    mantissa = multiply_add(polynomial, r * r, r) + ONE
    # n is -150 to 128, but for a NaN, which stays one whatever it is multiplied by.
    return times_power_of_two(mantissa, np.int32(float_to_bits(shifted) - _ROUNDER_BITS))


@inlined
def logarithm(x: np.float32) -> np.float32:
    """Natural logarithm in float32: -infinity at zero, NaN below and for NaN, exact denormal arguments."""
    result = logarithm_of_positive(x)
    result = result if x > ZERO else NOT_A_NUMBER
    return -INFINITY if x == ZERO else result


@inlined
def logarithm_of_positive(x: np.float32) -> np.float32:
    """Natural logarithm in float32 of a number above zero, or NaN."""
    denormal = x < LEAST_NORMAL
    scaled = x * _DENORMAL_SCALE if denormal else x
    bias = _DENORMAL_BIAS if denormal else _BIAS
    shifted = np.int32(float_to_bits(scaled) + np.int32(_ONE_BITS - _HALF_ROOT_BITS))
    exponent = np.float32(np.int32(shifted >> MANTISSA_BITS)) - bias
    f = bits_to_float(np.int32(np.int32(shifted & _MANTISSA_MASK) + _HALF_ROOT_BITS)) - ONE
    square = f * f
    polynomial = multiply_add(multiply_add(multiply_add(_L0, f, _L1), f, _L2), f, _L3)
    polynomial = multiply_add(multiply_add(multiply_add(polynomial, f, _L4), f, _L5), f, _L6)
    polynomial = multiply_add(multiply_add(polynomial, f, _L7), f, _L8) * f * square
    polynomial = multiply_add(-_HALF, square, multiply_add(exponent, _LOG2_LOW, polynomial))
    result = multiply_add(exponent, _LOG2_HIGH, f + polynomial)
    return result if x < INFINITY else x + x


@inlined
def logistic(x: np.float32) -> np.float32:
    """1 / (1 + e^-x) in float32, evaluated as PyTorch does: 0 where e^-x overflows."""
    return ONE / (ONE + exponential(-x))
