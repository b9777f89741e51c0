import numpy as np
import pytest

from eznas.errors import EznasError
from eznas.features.bank import standard_bank
from eznas.genomes.feature_tree import FeatureTreeGenome, FeatureTreeSettings, subtree_start
from eznas.ops.catalogue import BY_NAME
from eznas.ops.notation import parse_program

DEFAULTS = FeatureTreeSettings()
WEIGHTS, NORM = parse_program("numel(wt)"), parse_program("frobenius_norm(act.data)")


def operation(name):
    return BY_NAME[name].id


def formula(*nodes, settings=DEFAULTS):
    return FeatureTreeGenome(nodes, settings)


def children(count, settings=DEFAULTS):
    rng = np.random.default_rng(0)
    everyone = [FeatureTreeGenome.random(rng, settings) for _ in range(20)]
    for _ in range(count):
        first, second = (everyone[int(rng.integers(len(everyone)))] for _ in range(2))
        everyone += [first.mate(second, rng), first.mutate(rng)]
    return everyone


def test_a_formula_compiles_with_its_features_written_out():
    genome = formula(WEIGHTS, NORM, operation("log"), operation("difference"))
    assert genome.compile() == parse_program("numel(wt) - log(frobenius_norm(act.data))")
    assert genome.size == 2 + 2 + 2
    assert genome.live_share == 1.0
    assert formula(NORM, NORM, operation("product")).live_share == 3 / 5


def test_formulas_stay_within_the_limit_and_reach_it():
    settings = FeatureTreeSettings(maximum_nodes=9)
    sizes = {len(genome.nodes) for genome in children(400, settings)}
    assert sizes == set(range(1, 10))
    for genome in children(100, settings):
        assert subtree_start(genome.nodes, len(genome.nodes) - 1) == 0
        assert genome.compile().gives_scalar


def test_leaves_come_from_the_bank_and_operations_work_on_numbers():
    bank = set(standard_bank())
    for genome in children(100):
        assert all(node in bank for node in genome.nodes if not isinstance(node, int))


def test_extensions_are_drawn_unless_the_paper_alone_is_asked_for():
    for choice, expected in (
        ("extended", {"sqrt", "divide", "log_abs_determinant", "participation_ratio"}),
        ("paper", set()),
    ):
        formulas = [genome.compile() for genome in children(200, FeatureTreeSettings(operations=choice))]
        assert {name for one in formulas for name in one.extensions} <= expected
        assert ("divide" in expected) == any("divide" in one.extensions for one in formulas)
    with pytest.raises(EznasError, match="do not use"):
        FeatureTreeGenome.decode([NORM.encode(), operation("sqrt")], FeatureTreeSettings(operations="paper"))
    with pytest.raises(EznasError, match=r"feature-tree.operations is 'all'"):
        FeatureTreeSettings(operations="all")


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ("no list", "is a list"),
        ([operation("softmax")], "do not use"),
        ([WEIGHTS.encode(), operation("sum")], "one tree"),
        ([WEIGHTS.encode(), NORM.encode()], "one tree"),
        ([], "one tree"),
        ([parse_program("sign(wt)").encode()], "one number"),
        ([WEIGHTS.encode()] + [operation("abs")] * 24, "at most 24"),
    ],
)
def test_what_is_no_formula_is_refused(nodes, message):
    with pytest.raises(EznasError, match=message):
        FeatureTreeGenome.decode(nodes, DEFAULTS)
