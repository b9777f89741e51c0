from __future__ import annotations

import itertools

import numpy as np
import pytest

from eznas import seeds
from eznas.errors import EznasError

PURPOSES = ("images", "bootstrap", "networks", "evolution", "subsamples", "second draw", "draws")


def drawn(seed, purpose, *repetition):
    return tuple(seeds.generator(seed, purpose, *repetition).integers(2**63, size=4))


def test_a_purpose_draws_the_same_numbers_each_time():
    assert drawn(3, "images") == drawn(3, "images")


def test_no_two_purposes_or_seeds_draw_alike():
    streams = [drawn(seed, purpose) for seed, purpose in itertools.product((0, 1), PURPOSES)]
    assert len(set(streams)) == len(streams)


def test_repetitions_draw_otherwise_and_the_first_is_that_of_one():
    assert drawn(3, "formulas", 0) == drawn(3, "formulas")
    streams = [drawn(*one) for one in itertools.product((0, 1), PURPOSES, (0, 1, 2))]
    assert len(set(streams)) == len(streams)


def test_a_second_draw_has_a_seed_of_its_own():
    drawn_again = [seeds.second_draw(seed) for seed in range(100)]
    assert len({*drawn_again, *range(100)}) == 200
    assert drawn_again == [seeds.second_draw(seed) for seed in range(100)]


def test_the_first_of_several_draws_is_that_of_one_and_more_change_none():
    assert seeds.draws(5, 1) == [5]
    assert seeds.draws(5, 4)[:3] == seeds.draws(5, 3)
    assert len({*seeds.draws(5, 4), *seeds.draws(6, 4), seeds.second_draw(5)}) == 9


def test_an_unknown_purpose_is_a_mistake():
    with pytest.raises(ValueError, match="not in tuple"):
        seeds.generator(0, "networks ")


def test_a_seed_is_a_whole_number_from_0_on():
    assert [seeds.checked(seed) for seed in (0, np.uint64(2**63), 2**70)] == [0, 2**63, 2**70]
    for seed in (-1, None, 1.5, "1", True, [1]):
        with pytest.raises(EznasError, match="give a whole number, 0 or more"):
            seeds.checked(seed, "random_state")
        with pytest.raises(EznasError, match="give a whole number, 0 or more"):
            seeds.generator(seed, "images")
        with pytest.raises(EznasError, match="give a whole number, 0 or more"):
            seeds.network_seed(seed, 0)
