import numpy as np

from eznas.discovery.archive import Found
from eznas.discovery.proposals import propose
from eznas.features.bank import standard_bank
from eznas.ops.catalogue import BY_NAME

KNOWN = standard_bank()[:100]
FORMULAS = [Found((40, 41, -3), 0.5), Found((41,), 0.4)]


def test_proposals_are_new_features_each_once():
    proposed = propose(KNOWN, FORMULAS, 150, np.random.default_rng(0))
    assert len(proposed) == 150
    assert len({feature.digest for feature in (*KNOWN, *proposed)}) == 250
    assert all(feature.gives_scalar and feature.is_well_formed for feature in proposed)
    ratios = {BY_NAME["eig_ratio"].id, BY_NAME["sym_eig_ratio"].id}
    assert not any(node[0] in ratios for feature in proposed for node in feature.nodes)


def test_proposals_follow_from_the_generator():
    assert propose(KNOWN, FORMULAS, 20, np.random.default_rng(1)) == propose(
        KNOWN, FORMULAS, 20, np.random.default_rng(1)
    )


def test_without_formulas_all_proposals_are_fresh():
    assert len(propose(KNOWN, [], 20, np.random.default_rng(0))) == 20


def test_variations_resemble_the_features_that_are_used():
    parents = {node for formula in FORMULAS for code in formula.codes if code >= 0 for node in nodes_of(KNOWN[code])}

    def related(formulas):
        proposed = propose(KNOWN, formulas, 100, np.random.default_rng(0))
        return sum(bool(parents & nodes_of(feature)) for feature in proposed)

    assert related(FORMULAS) > 2 * related([])


def nodes_of(feature):
    """The digests of a feature's sub-expressions."""
    return set(feature.digests)
