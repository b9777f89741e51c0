"""exp, log and the logistic function against float64, over the whole range of float32."""

import numpy as np
import pytest

from eznas.ops.jit import compiled
from eznas.ops.kernels.vector_math import exponential, logarithm, logistic


@compiled
def exponentials(result, x):
    for i in range(x.size):
        result[i] = exponential(x[i])


@compiled
def logarithms(result, x):
    for i in range(x.size):
        result[i] = logarithm(x[i])


@compiled
def logistics(result, x):
    for i in range(x.size):
        result[i] = logistic(x[i])


def run(function, x):
    result = np.empty_like(x)
    with np.errstate(all="ignore"):
        function(result, x)
    return result


def units_in_the_last_place(actual, exact):
    """Distance from the exact value, in steps of float32 there; 2^-149 is the step of the denormal numbers."""
    return np.abs(actual.astype(np.float64) - exact) / np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)


@pytest.fixture(scope="module")
def every_magnitude():
    """Positive floats in equal steps of their bits: as many of each power of two, denormal numbers included."""
    return np.arange(1, 0x7F800000, 20011, dtype=np.int32).view(np.float32)


def test_exp_is_within_two_units_in_the_last_place():
    x = np.linspace(-103.9, 88.72, 20001, dtype=np.float32)
    assert units_in_the_last_place(run(exponentials, x), np.exp(x.astype(np.float64))).max() < 2


def test_log_is_within_two_units_in_the_last_place(every_magnitude):
    x = np.concatenate([every_magnitude, np.linspace(0.5, 2, 5000, dtype=np.float32)])
    x = x[x != 1]
    assert units_in_the_last_place(run(logarithms, x), np.log(x.astype(np.float64))).max() < 2


def test_logistic_is_within_three_units_in_the_last_place():
    x = np.linspace(-87, 100, 20001, dtype=np.float32)
    assert units_in_the_last_place(run(logistics, x), 1 / (1 + np.exp(-x.astype(np.float64)))).max() < 3


@pytest.mark.parametrize(
    ("function", "argument", "expected"),
    [
        (exponentials, 0.0, 1.0),
        (exponentials, -0.0, 1.0),
        (exponentials, 88.8, np.inf),
        (exponentials, 3e38, np.inf),
        (exponentials, np.inf, np.inf),
        (exponentials, -104.5, 0.0),
        (exponentials, -np.inf, 0.0),
        (exponentials, np.nan, np.nan),
        (exponentials, 1e-45, 1.0),
        (logarithms, 1.0, 0.0),
        (logarithms, 0.0, -np.inf),
        (logarithms, -0.0, -np.inf),
        (logarithms, -1e-45, np.nan),
        (logarithms, -np.inf, np.nan),
        (logarithms, np.inf, np.inf),
        (logarithms, np.nan, np.nan),
        (logarithms, 1e-45, np.float32(np.log(np.float64(np.float32(1e-45))))),
        (logistics, 0.0, 0.5),
        (logistics, -np.inf, 0.0),
        (logistics, np.inf, 1.0),
        (logistics, np.nan, np.nan),
        (logistics, -89.0, 0.0),
    ],
)
def test_special_arguments(function, argument, expected):
    x = np.full(19, argument, np.float32)  # the same in the lanes of a vector and in the rest
    np.testing.assert_array_equal(run(function, x), np.full(19, expected, np.float32))


@pytest.mark.parametrize("function", [exponentials, logarithms, logistics])
def test_a_value_does_not_depend_on_its_place_in_the_array(function):
    x = np.abs(np.random.default_rng(0).standard_normal(1003)).astype(np.float32) * 10
    whole = run(function, x)
    single = np.concatenate([run(function, x[i : i + 1]) for i in range(len(x))])
    np.testing.assert_array_equal(whole, single)
