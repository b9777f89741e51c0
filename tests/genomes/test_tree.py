import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eznas.errors import EznasError
from eznas.genomes import tree
from eznas.genomes.tree import TreeGenome, TreeSettings, subtree_end
from eznas.ops.catalogue import BY_NAME, OPERATIONS, PAPER_OPERATION_COUNT
from eznas.ops.notation import parse_program
from eznas.terminals import BY_NAME as TERMINALS
from eznas.terminals import TERMINAL_COUNT

fixed = settings(deadline=None, derandomize=True)
seeds = st.integers(0, 2**32)
DEFAULTS = TreeSettings()


def codes(*names):
    return tuple(TERMINALS[name].address if name in TERMINALS else TERMINAL_COUNT + BY_NAME[name].id for name in names)


def random_trees(seed, count, limits=DEFAULTS):
    rng = np.random.default_rng(seed)
    return rng, [TreeGenome.random(rng, limits).codes for _ in range(count)]


def program_of(tree_codes):
    return TreeGenome(tree_codes, DEFAULTS).compile()


@pytest.mark.parametrize(
    ("names", "formula"),
    [
        (["wt"], "wt"),
        (["difference", "wt", "exp", "inp.data"], "wt - exp(inp.data)"),
        (["difference", "exp", "inp.data", "wt"], "exp(inp.data) - wt"),
        (
            ["frobenius_norm", "sigmoid", "log_determinant", "sign", "inp_grad.data"],
            "frobenius_norm(sigmoid(log_determinant(sign(inp_grad.data))))",
        ),
        (
            ["kl_divergence", "matmul", "wt", "inp.data", "log", "act.noise"],
            "kl_divergence(wt @ inp.data, log(act.noise))",
        ),
    ],
)
def test_tree_compiles_to_its_expression(names, formula):
    assert program_of(codes(*names)) == parse_program(formula)


@fixed
@given(seeds, st.integers(0, 4), st.integers(0, 3), st.integers(0, 3))
def test_random_trees_keep_the_initial_depths(seed, minimum, initial_extra, extra):
    limits = TreeSettings(
        minimum_depth=minimum,
        initial_maximum_depth=minimum + initial_extra,
        maximum_depth=minimum + initial_extra + extra,
    )
    _, trees = random_trees(seed, 10, limits)
    for each in trees:
        program = program_of(each)
        assert minimum <= program.depth <= minimum + initial_extra
        assert program.is_well_formed


@fixed
@given(seeds, st.sampled_from([TreeSettings(), TreeSettings(3, 3, 3), TreeSettings(2, 4, 4), TreeSettings(0, 1, 1)]))
def test_variation_keeps_the_depth_limits(seed, limits):
    rng, trees = random_trees(seed, 6, limits)
    for _ in range(30):
        first, second = (trees[int(rng.integers(6))] for _ in range(2))
        for child in (
            tree.cross_subtrees(first, second, rng, limits),
            tree.mutate_subtree(first, rng, limits),
            tree.mutate_point(first, rng, limits),
        ):
            program = program_of(child)
            assert limits.minimum_depth <= program.depth <= limits.maximum_depth
            assert program.is_well_formed
            trees[int(rng.integers(6))] = child


def test_fresh_trees_have_every_depth_operation_and_terminal():
    _, trees = random_trees(0, 3000)
    assert {program_of(each).depth for each in trees} == {2, 3, 4, 5}
    assert {code for each in trees for code in each} == set(range(TERMINAL_COUNT + PAPER_OPERATION_COUNT))


def test_half_of_the_fresh_trees_are_full():
    def leaf_depths(each):
        depths, pending = set(), [0]
        for code in each:
            level = pending.pop()
            arity = 0 if code < TERMINAL_COUNT else OPERATIONS[code - TERMINAL_COUNT].arity
            pending += [level + 1] * arity
            if arity == 0:
                depths.add(level)
        return depths

    _, trees = random_trees(0, 3000, TreeSettings(0, 5, 5))
    # A full tree of height 5 or a grown one that happens to be: 1/6 * (1/2 + a share below 1/2), and 0.39 * 1/2 more
    # of single terminals from growing, beside the 1/6 of height 0.
    deepest_only = np.mean([leaf_depths(each) == {5} for each in trees])
    assert 1 / 12 - 0.02 < deepest_only < 1 / 6
    share = TERMINAL_COUNT / (TERMINAL_COUNT + PAPER_OPERATION_COUNT)
    terminals = np.mean([len(each) == 1 for each in trees])
    assert abs(terminals - (1 / 6 + 5 / 6 * share / 2)) < 0.03


@fixed
@given(seeds)
def test_crossover_replaces_one_subtree_by_one_of_the_other_parent(seed):
    rng, (first, second) = random_trees(seed, 2)
    child = tree.cross_subtrees(first, second, rng, DEFAULTS)
    donors = {second[start : subtree_end(second, start)] for start in range(len(second))}
    possible = {
        first[:start] + donor + first[subtree_end(first, start) :] for start in range(1, len(first)) for donor in donors
    }
    assert child in possible | {first}


@fixed
@given(seeds)
def test_subtree_mutation_puts_in_a_small_fresh_subtree(seed):
    rng, (parent,) = random_trees(seed, 1)
    child = tree.mutate_subtree(parent, rng, DEFAULTS)
    explained = False
    for start in range(len(parent)):
        kept = parent[subtree_end(parent, start) :]
        if child[:start] == parent[:start] and child[len(child) - len(kept) :] == kept:
            fresh = child[start : len(child) - len(kept)]
            explained |= bool(fresh) and subtree_end(fresh, 0) == len(fresh) and program_of(fresh).depth <= 2
    assert explained or child == parent


@fixed
@given(seeds)
def test_point_mutation_changes_one_node_for_another_of_its_arity(seed):
    rng, (parent,) = random_trees(seed, 1)
    child = tree.mutate_point(parent, rng, DEFAULTS)
    assert len(child) == len(parent)
    [changed] = [place for place in range(len(parent)) if parent[place] != child[place]]
    assert subtree_end(child, changed) == subtree_end(parent, changed)


def test_variation_without_a_valid_result_returns_the_parent():
    single = codes("wt")
    only_terminals = TreeSettings(0, 0, 0, mutation_depth=0)
    rng = np.random.default_rng(0)
    assert tree.cross_subtrees(single, codes("exp", "wt"), rng, only_terminals) == single
    # Crossed with itself, a chain of one operation and one terminal can only become itself or too deep.
    chain = codes("exp", "wt")
    assert tree.cross_subtrees(chain, chain, rng, TreeSettings(1, 1, 1)) == chain
    # Any fresh terminal or tree of depth 1 in a chain of depth 6 that must stay that deep changes its last part only.
    deep = codes(*["exp"] * 6, "wt")
    for _ in range(50):
        assert tree.mutate_subtree(deep, rng, TreeSettings(6, 6, 6, mutation_depth=0))[:-1] == deep[:-1]


def test_measures():
    genome = TreeGenome(codes("sum", "exp", "wt", "exp", "wt"), DEFAULTS)
    assert genome.size == 5
    # exp(wt) + exp(wt): three distinct sub-expressions, wt, exp(wt) and the sum.
    assert genome.live_share == 3 / 5
    assert TreeGenome(codes("exp", "wt"), DEFAULTS).live_share == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "list of integers"),
        ("wt", "list of integers"),
        ([0, "exp"], "list of integers"),
        ([True], "list of integers"),
        ([-1], "list of integers"),
        ([TERMINAL_COUNT + PAPER_OPERATION_COUNT], "list of integers"),
        ([], "cut short"),
        (codes("sum", "wt"), "cut short"),
        (codes("exp", "exp", "wt", "wt"), "too long"),
        (codes("exp", "wt"), "depth 1 .* between 2 and 10"),
        (codes(*["exp"] * 11, "wt"), "depth 11 .* between 2 and 10"),
        (codes("determinant", "numel", "wt"), "well-formed"),
        (codes("matmul", "wt", "numel", "wt"), "well-formed"),
    ],
)
def test_decode_says_what_is_wrong(data, reason):
    with pytest.raises(EznasError, match=reason):
        TreeGenome.decode(data, DEFAULTS)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"minimum_depth": -1}, "tree.minimum_depth is -1: give a whole number from 0 to 20"),
        ({"mutation_depth": -2}, "mutation_depth is -2"),
        ({"minimum_depth": 6}, "minimum_depth is 6, above initial_maximum_depth, which is 5"),
        ({"maximum_depth": 4}, "initial_maximum_depth is 5, above maximum_depth, which is 4"),
    ],
)
def test_impossible_settings_are_named(values, reason):
    with pytest.raises(EznasError, match=reason):
        TreeSettings(**values)
