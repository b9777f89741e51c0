from __future__ import annotations

import numpy as np
import pytest

from eznas import spaces
from eznas.errors import EznasError
from eznas.spaces.base import Space
from eznas.spaces.foreign import as_space

COUNTS = {
    "nasbench201": 6 * 4,
    "natsbench-size": 5 * 7,
    "chain": 3 * (1 + 5),
    "kernels": 6 * (2 + 3),
    "fixed-budget": 3 * (2 + 3 + 2),
    "dense": 3 * (3 + 3 + 1 + 1),
    "inverted-residual": 3 * (3 + 1 + 2),
    "nds-resnet": 3 * (8 + 11),
    "nds-darts": 2 * (8 * 7 + 2 * (1 + 2 + 3 + 4)) + 2 + 4,
}
"""How many neighbours every architecture of a space has, where that is the same for all."""

NAMES = sorted(spaces.SPACES)


@pytest.mark.parametrize("name", NAMES)
def test_neighbours_are_other_canonical_architectures_each_once(name):
    space, rng = spaces.get(name), np.random.default_rng(0)
    for _ in range(5):
        architecture = space.random(rng)
        neighbours = space.neighbours(architecture)
        assert neighbours
        assert architecture not in neighbours
        assert len(set(neighbours)) == len(neighbours)
        for index in rng.integers(len(neighbours), size=10):
            assert space.check(neighbours[index]) == neighbours[index]
        if name in COUNTS:
            assert len(neighbours) == COUNTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_neighbours_are_mutual(name):
    space, rng = spaces.get(name), np.random.default_rng(1)
    architecture = space.random(rng)
    neighbours = space.neighbours(architecture)
    for index in rng.integers(len(neighbours), size=5):
        back = space.neighbours(neighbours[index])
        # A stage that is left out comes back with any numbers, in the place of the last.
        assert architecture in back or name == "stages"


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("nds-")])
def test_neighbours_can_be_built(name):
    space, rng = spaces.get(name), np.random.default_rng(2)
    neighbours = space.neighbours(space.random(rng))
    for index in rng.integers(len(neighbours), size=3):
        assert space.build(neighbours[index], 10, 16)


@pytest.mark.parametrize("name", NAMES)
def test_a_mutation_is_a_neighbour_and_follows_from_the_generator(name):
    space = spaces.get(name)
    architecture = space.random(np.random.default_rng(3))
    one, other = (space.mutate(architecture, np.random.default_rng(4)) for _ in range(2))
    assert one == other
    assert one in space.neighbours(architecture)


def test_loose_ends_are_concatenated_anew():
    space, rng = spaces.get("nds-enas"), np.random.default_rng(0)
    for neighbour in space.neighbours(space.random(rng)):
        for cell in (space.parse(neighbour).genotype.normal, space.parse(neighbour).genotype.reduce):
            read = {state for _, state in cell.edges}
            assert cell.concat == tuple(state for state in range(2, 7) if state not in read)


class Unvaried(Space):
    def build(self, architecture, num_classes, image_size):
        raise NotImplementedError


def test_a_space_that_cannot_vary_says_what_it_lacks():
    with pytest.raises(EznasError, match=r"Unvaried cannot vary networks: give it a method `neighbours\("):
        Unvaried().mutate("a", np.random.default_rng(0))


def test_a_foreign_space_may_have_neighbours():
    class Mine:
        def build(self, architecture):
            raise NotImplementedError

        def neighbours(self, architecture):
            return (architecture + "a", architecture + "b")

    space = as_space(Mine(), "mine.py:Mine")
    assert space.neighbours("x") == ["xa", "xb"]
    assert space.mutate("x", np.random.default_rng(0)) in {"xa", "xb"}
    with pytest.raises(EznasError, match="cannot vary networks"):
        as_space(lambda architecture: None, "f").neighbours("x")
