import numpy as np
import pytest

from eznas import benchmarks
from eznas.discovery.networks import Networks
from eznas.errors import EznasError


def test_the_sets_have_no_network_in_common_and_training_stays(tiny_table):
    benchmark = benchmarks.load(tiny_table)
    one = Networks.draw(benchmark, 10, 5, 100, seed=3)
    together = np.concatenate([one.training, one.validation, one.held_out])
    assert sorted(together) == list(range(24))
    other = Networks.draw(benchmark, 10, 2, 3, seed=3)
    np.testing.assert_array_equal(one.training, other.training)
    assert len(other.held_out) == 3
    assert set(other.held_out) <= set(one.held_out)


def test_too_many_are_refused(tiny_table):
    with pytest.raises(EznasError, match="which has 24"):
        Networks.draw(benchmarks.load(tiny_table), 20, 5, 0, seed=0)


def test_networks_that_are_never_held_out_are_passed_over(tiny_table):
    benchmark = benchmarks.load(tiny_table)
    before = Networks.draw(benchmark, 5, 2, 4, seed=3)
    passed_over = frozenset([int(before.held_out[-1]), int(before.training[0])])
    after = Networks.draw(benchmark, 5, 2, 4, seed=3, never_held_out=passed_over)
    assert after.in_search.tolist() == before.in_search.tolist()
    assert after.held_out[1:].tolist() == before.held_out[:-1].tolist()
