from eznas.features.bank import standard_bank
from eznas.ops.catalogue import BY_NAME
from eznas.ops.notation import format_program, parse_program


def test_the_bank_has_about_a_thousand_different_features():
    bank = standard_bank()
    assert 900 <= len(bank) <= 1100
    assert len({feature.digest for feature in bank}) == len(bank)
    assert all(feature.gives_scalar and feature.is_well_formed for feature in bank)


def test_the_bank_is_text():
    assert [parse_program(format_program(feature)) for feature in standard_bank()[::50]] == list(standard_bank()[::50])


def test_ratios_of_eigenvalues_are_left_out():
    left_out = {BY_NAME["eig_ratio"].id, BY_NAME["sym_eig_ratio"].id}
    assert not any(node[0] in left_out for feature in standard_bank() for node in feature.nodes)
