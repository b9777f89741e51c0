import numpy as np

from eznas.discovery.enumeration.observations import Observations


def test_what_agrees_within_rounding_is_known():
    rng = np.random.default_rng(0)
    seen = Observations()
    numbers = [rng.normal(size=20).astype(np.float32) * np.float32(10.0**scale) for scale in range(-8, 9)]
    assert all(seen.add(one) for one in numbers)
    assert not any(seen.add(one * np.float32(1 + 2e-7)) for one in numbers)
    assert all(seen.add(one * np.float32(1 + 1e-5)) for one in numbers)


def test_one_number_that_differs_makes_a_difference():
    seen = Observations()
    numbers = np.array([1e6, 1.0, 1e-6], np.float32)
    assert seen.add(numbers)
    assert seen.add(np.array([1e6, 1.0, 2e-6], np.float32))
    assert seen.add(-numbers)


def test_infinities_and_nan_are_numbers_like_others():
    seen = Observations()
    numbers = np.array([np.inf, np.nan, -np.inf, 1.0], np.float32)
    assert seen.add(numbers)
    assert not seen.add(numbers.copy())
    assert seen.add(numbers[::-1])
