import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eznas.errors import EznasError
from eznas.spaces import nds
from eznas.spaces.nds_genotype import CellGenotype, CellRules, Genotype, genotype_of, genotype_of_text

SPACES = [nds.DARTS, nds.ENAS, nds.PNAS, nds.NASNet, nds.Amoeba]

CELL = [["skip_connect", 0], ["sep_conv_3x3", 1], ["max_pool_3x3", 2], ["skip_connect", 1]]
NESTED = {"normal": CELL, "normal_concat": [2, 3], "reduce": CELL, "reduce_concat": [3]}


def cell(*edges, concat):
    return CellGenotype(edges, concat)


def changed(key, value):
    return {**NESTED, key: value}


def test_nested_form():
    genotype = genotype_of(NESTED)
    assert genotype.normal.edges == (("skip_connect", 0), ("sep_conv_3x3", 1), ("max_pool_3x3", 2), ("skip_connect", 1))
    assert (genotype.normal.nodes, genotype.normal.concat, genotype.reduce.concat) == (2, (2, 3), (3,))
    assert genotype.encode() == NESTED


def test_flat_form():
    flat = {"normal_concat": [2, 3], "reduce_concat": [3]}
    for name in ("normal", "reduce"):
        for index, (operation, state) in enumerate(CELL):
            flat[f"{name}_{index // 2}_op_{'xy'[index % 2]}"] = operation
            flat[f"{name}_{index // 2}_input_{'xy'[index % 2]}"] = state
    assert genotype_of(flat) == genotype_of(NESTED)
    del flat["reduce_1_input_y"]
    with pytest.raises(EznasError, match="has no reduce_1_input_y"):
        genotype_of(flat)


def test_darts_notation():
    edges = "[('skip_connect', 0), ('sep_conv_3x3', 1), ('max_pool_3x3', 2), ('skip_connect', 1)]"
    keywords = f"Genotype(normal={edges}, normal_concat=range(2, 4), reduce={edges}, reduce_concat=[3])"
    assert genotype_of_text(keywords) == genotype_of(NESTED)
    assert genotype_of_text(f"Genotype({edges}, [2, 3], {edges}, [3])") == genotype_of(NESTED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Genotype(", "cannot be read as a genotype .*never closed"),
        ("Genotype", "it is not a call of Genotype"),
        ("Other(normal=1)", "it is not a call of Genotype"),
        ("Genotype(normal=__import__('os').getcwd())", "cannot be read as a genotype .*malformed"),
        ("Genotype(normal=range(10**12))", "cannot be read as a genotype .*malformed"),
        ("Genotype(normal=range(10000000000))", "cannot be read as a genotype .*malformed"),
        ("Genotype(normal=range())", "cannot be read as a genotype"),
        ("Genotype(**{})", "no normal cell"),
        ("Genotype()", "no normal cell"),
    ],
)
def test_darts_notation_runs_no_code(text, message):
    with pytest.raises(EznasError, match=message):
        genotype_of_text(text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1], r"not \[1\]"),
        ({}, "has no normal cell: give normal and normal_concat"),
        (changed("normal", []), r"The normal cell is \[\]: give pairs"),
        (changed("reduce", "skip"), "The reduce cell is 'skip': give pairs"),
        (changed("normal", CELL[:3]), "two for each node"),
        (changed("normal", [["skip_connect"], *CELL[1:]]), r"Edge 0 of the normal cell is \['skip_connect'\]"),
        (changed("normal", [[0, "skip_connect"], *CELL[1:]]), "Edge 0 of the normal cell is .*an operation's name"),
        (changed("normal", [["conv_1x1", 2], *CELL[1:]]), r"edge 0 \(node 2, conv_1x1\) .* is 2: .* from 0 to 1"),
        (changed("reduce", [*CELL[:3], ["conv_1x1", -1]]), r"edge 3 \(node 3, conv_1x1\) .* is -1: .* from 0 to 2"),
        (changed("reduce", [*CELL[:3], ["conv_1x1", True]]), "is True: give a whole number"),
        (changed("normal_concat", []), r"normal_concat is \[\]: give different states from 0 to 3"),
        (changed("normal_concat", [2, 2]), r"normal_concat is \[2, 2\]"),
        (changed("normal_concat", [4]), r"normal_concat is \[4\]"),
        (changed("normal_concat", 2), "normal_concat is 2"),
        (changed("reduce_concat", [1, 2]), r"reduce_concat is \[1, 2\]: give different states from 2 to 3"),
        ({key: NESTED[key] for key in ("normal", "reduce", "reduce_concat")}, "has no normal_concat"),
    ],
)
def test_mistakes_are_named(data, message):
    with pytest.raises(EznasError, match=message):
        genotype_of(data)


@pytest.mark.parametrize(
    ("space", "billions"),
    # The last column of the NDS paper's table of cell spaces (Radosavovic et al., 2019): cells, in 10^9.
    [(nds.NASNet, 71_465_842), (nds.Amoeba, 556_628), (nds.PNAS, 556_628), (nds.ENAS, 5_063), (nds.DARTS, 242)],
)
def test_number_of_cells_is_the_published_one(space, billions):
    rules = space.rules
    cells = math.prod((len(rules.operations) * (node + 2)) ** 2 for node in range(rules.nodes))
    assert abs(cells / 1e9 - billions) <= 0.5


@settings(deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), space=st.sampled_from(SPACES))
def test_random_cells_are_members_and_have_the_space_s_output(seed, space):
    genotype = space.rules.random(np.random.default_rng(seed))
    space.rules.check(genotype)
    assert genotype_of(genotype.encode()) == genotype
    for drawn in (genotype.normal, genotype.reduce):
        nodes = set(range(2, space.rules.nodes + 2))
        loose = nodes - {state for _, state in drawn.edges}
        assert set(drawn.concat) == (loose if space.rules.loose_ends else nodes)


def test_which_spaces_concatenate_loose_ends():
    assert [space.rules.loose_ends for space in SPACES] == [False, True, False, True, True]


def test_edges_are_drawn_evenly():
    rng = np.random.default_rng(0)
    drawn = [nds.DARTS.rules.random(rng).normal.edges for _ in range(2000)]
    for edge, states in [(0, 2), (7, 5)]:
        counts = np.zeros((8, states))
        for edges in drawn:
            operation, state = edges[edge]
            counts[nds.DARTS.rules.operations.index(operation), state] += 1
        expected = 2000 / counts.size
        chi_square = float(((counts - expected) ** 2 / expected).sum())
        # Five standard deviations above the mean of a chi-square distribution.
        assert chi_square < counts.size + 5 * math.sqrt(2 * counts.size)


def test_membership():
    rules = CellRules("toy", ("skip_connect", "conv_1x1"), nodes=1, loose_ends=False)
    member = cell(("skip_connect", 0), ("conv_1x1", 1), concat=(2,))
    rules.check(Genotype(member, member))
    foreign = cell(("skip_connect", 0), ("conv_9x9", 1), concat=(2,))
    with pytest.raises(EznasError, match="reduce cell uses the operation 'conv_9x9', which toy does not have"):
        rules.check(Genotype(member, foreign))
    long = cell(*[("skip_connect", 0)] * 4, concat=(2, 3))
    with pytest.raises(EznasError, match="normal cell has 2 nodes, but cells of toy have 1"):
        rules.check(Genotype(long, member))
