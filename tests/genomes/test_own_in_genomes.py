"""Own operations and terminals take part in every genome, where the settings name them."""

import numpy as np
import own_operations
import pytest
from synthetic_statistics import store

from eznas import genomes
from eznas.errors import EznasError
from eznas.scoring.evaluator import Evaluator

OWN = ",".join(own_operations.NAMES)


def children(kind, settings, seed, count=60):
    """Fresh genomes, mutants and children of two parents."""
    rng = np.random.default_rng(seed)
    fresh = [kind.genome.random(rng, settings) for _ in range(count)]
    mutants = [one.mutate(rng) for one in fresh for _ in range(3)]
    return [*fresh, *mutants, *(one.mate(other, rng) for one, other in zip(mutants, fresh[::-1], strict=False))]


@pytest.mark.parametrize("name", genomes.names())
def test_they_come_up_and_every_genome_is_valid(name):
    kind = genomes.get(name)
    settings = kind.settings(own=OWN)
    used = set()
    created = children(kind, settings, seed=0, count=400 if name == "feature-tree" else 60)
    for genome in created:
        program = genome.compile()
        used.update(program.own)
        assert program.is_well_formed
        assert kind.genome.decode(genome.encode(), settings) == genome
        assert 0 < genome.live_share <= 1
    numbers = {"test_square_only"} if name == "feature-tree" else set()  # it takes no single numbers
    assert used >= set(own_operations.NAMES) - numbers
    scores = Evaluator(store(3)).scores([genome.compile() for genome in created[:40]])
    assert scores.shape == (40, 3)


@pytest.mark.parametrize("name", genomes.names())
def test_without_them_nothing_changes_and_none_is_let_in(name):
    kind = genomes.get(name)
    programs = [genome.compile() for genome in children(kind, kind.settings(), seed=1)]
    assert not any(program.own for program in programs)
    with_own = next(one for one in children(kind, kind.settings(own=OWN), seed=0, count=400) if one.compile().own)
    with pytest.raises(EznasError):
        kind.genome.decode(with_own.encode(), kind.settings())


def test_names_are_checked_and_ordered():
    settings = genomes.get("tree").settings
    assert settings(own="test_spread, test_cube").own == "test_cube,test_spread"
    with pytest.raises(EznasError, match="A genome needs the own operation nosuch: import the module that has"):
        settings(own="nosuch")
