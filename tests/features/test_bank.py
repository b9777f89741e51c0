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


def test_what_float32_decides_is_left_out():
    left_out = {BY_NAME["eig_ratio"].id, BY_NAME["sym_eig_ratio"].id}
    assert not any(node[0] in left_out for feature in standard_bank() for node in feature.nodes)
    of_signs = [feature for feature in standard_bank() if "(determinant(" in format_program(feature)]
    assert len(of_signs) == 15
    assert all("(determinant(sign(" in format_program(feature) for feature in of_signs)


def test_the_bank_of_the_paper_has_no_extensions():
    paper = standard_bank("paper")
    assert not any(feature.extensions for feature in paper)
    assert {name for feature in standard_bank() for name in feature.extensions} == {
        *("log_abs_determinant", "participation_ratio")
    }
    assert set(paper) < set(standard_bank())
