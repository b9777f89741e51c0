"""What every genome kind promises, whatever its representation."""

import subprocess
import sys
from itertools import pairwise

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eznas import genomes
from eznas.errors import EznasError
from eznas.genomes.base import GenomeSettings

fixed = settings(deadline=None, derandomize=True, max_examples=40)
kinds = st.sampled_from([genomes.get(name) for name in genomes.names()])
seeds = st.integers(0, 2**32)


def lineage(kind, seed, generations=12):
    """Genomes of several generations under random variation, without selection."""
    rng = np.random.default_rng(seed)
    population = [kind.genome.random(rng, kind.settings()) for _ in range(6)]
    everyone = list(population)
    for _ in range(generations):
        first, second = (population[int(rng.integers(6))] for _ in range(2))
        population[int(rng.integers(6))] = first.mate(second, rng)
        population[int(rng.integers(6))] = first.mutate(rng)
        everyone += population
    return everyone


@fixed
@given(kinds, seeds)
def test_random_and_varied_genomes_compile_to_well_formed_programs(kind, seed):
    for genome in lineage(kind, seed):
        program = genome.compile()
        assert program.is_well_formed
        assert program.size <= genome.size
        assert genome.size >= 1
        assert 0 < genome.live_share <= 1


@fixed
@given(kinds, seeds)
def test_genomes_survive_msgpack(kind, seed):
    for genome in lineage(kind, seed, generations=4):
        restored = kind.genome.decode(msgpack.unpackb(msgpack.packb(genome.encode())), kind.settings())
        assert restored == genome
        assert restored.compile() == genome.compile()


@fixed
@given(kinds, seeds)
def test_one_seed_gives_one_lineage(kind, seed):
    assert lineage(kind, seed) == lineage(kind, seed)


@fixed
@given(kinds, seeds, seeds)
def test_variation_leaves_the_parents_as_they_are(kind, seed, variation_seed):
    rng = np.random.default_rng(seed)
    parents = [kind.genome.random(rng, kind.settings()) for _ in range(2)]
    before = [parent.encode() for parent in parents]
    rng = np.random.default_rng(variation_seed)
    parents[0].mate(parents[1], rng)
    parents[0].mate(parents[0], rng)
    parents[1].mutate(rng)
    assert [parent.encode() for parent in parents] == before


@pytest.mark.parametrize("name", genomes.names())
def test_random_genomes_and_children_differ(name):
    kind = genomes.get(name)
    rng = np.random.default_rng(0)
    parents = [kind.genome.random(rng, kind.settings()) for _ in range(200)]
    assert len({parent.compile() for parent in parents}) > 150
    assert sum(parent.mutate(rng) != parent for parent in parents) > 180
    pairs = list(pairwise(parents))
    assert sum(first.mate(second, rng) not in (first, second) for first, second in pairs) > 180


@pytest.mark.parametrize("name", genomes.names())
def test_registry_knows_the_kind(name):
    kind = genomes.get(name)
    assert kind.name == kind.genome.kind == name
    assert isinstance(kind.settings(), GenomeSettings)
    assert kind.meaning


def test_unknown_kind_is_named():
    with pytest.raises(EznasError, match="Unknown genome 'forest'; choose one of: tree, sequential"):
        genomes.get("forest")


@pytest.mark.parametrize("name", genomes.names())
def test_settings_of_another_kind_are_refused(name):
    kind = genomes.get(name)
    other = next(genomes.get(other) for other in genomes.names() if other != name)
    with pytest.raises(TypeError, match=f"Expected {kind.settings.__name__}"):
        kind.genome.random(np.random.default_rng(0), other.settings())


def test_genomes_and_notation_load_neither_torch_nor_numba():
    code = (
        "import sys; from eznas import genomes; import eznas.ops.notation, eznas.ops.plan; "
        "[genomes.get(name) for name in genomes.names()]; sys.exit(bool({'torch', 'numba'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
