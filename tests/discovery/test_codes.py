import numpy as np
import pytest

from eznas.discovery.alphabet import alphabet_of
from eznas.discovery.codes import ADDED, SUBTRACTED, arity, subtree_start, term_spans, to_terms
from eznas.discovery.limits import MAXIMUM_TERMS
from eznas.ops.catalogue import BY_NAME
from eznas.ops.notation import parse_program
from eznas.ops.terms import Term, parse_terms

FEATURES = [parse_program("numel(wt)"), parse_program("l1_norm(act.data)")]


def code(name):
    return -1 - BY_NAME[name].id


def test_a_formula_compiles_with_its_features_written_out():
    codes = [0, 1, code("invert"), code("product"), 1, code("difference")]
    assert to_terms(codes, FEATURES) == parse_terms("numel(wt) * invert(l1_norm(act.data)) - l1_norm(act.data)")
    assert to_terms([1], FEATURES) == (Term(FEATURES[1]),)


THREE_TERMS = [0, 1, code("divide"), 1, code("sqrt"), SUBTRACTED, 0, ADDED]


def test_a_formula_of_several_terms_compiles_to_them():
    text = "signed_log(numel(wt) / l1_norm(act.data)) - signed_log(sqrt(l1_norm(act.data))) + signed_log(numel(wt))"
    assert to_terms(THREE_TERMS, FEATURES) == parse_terms(text)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0], [(0, 1, ADDED)]),
        ([0, 1, code("sum")], [(0, 3, ADDED)]),
        ([0, 1, SUBTRACTED], [(0, 1, ADDED), (1, 2, SUBTRACTED)]),
        (THREE_TERMS, [(0, 3, ADDED), (3, 5, SUBTRACTED), (6, 7, ADDED)]),
    ],
)
def test_terms_are_found_in_the_codes(codes, expected):
    spans = np.empty((MAXIMUM_TERMS, 3), np.int64)
    count = term_spans(np.array(codes, np.int32), len(codes), spans)
    assert [tuple(row) for row in spans[:count].tolist()] == expected


@pytest.mark.parametrize(("end", "start"), [(0, 0), (1, 1), (2, 1), (3, 0), (4, 4), (5, 0)])
def test_a_subtree_ends_with_its_root(end, start):
    codes = np.array([0, 1, code("invert"), code("product"), 1, code("difference")], np.int32)
    assert subtree_start(codes, end) == start


def test_variation_draws_element_wise_operations_of_the_right_arity():
    alphabet = alphabet_of(np.arange(3))
    assert {arity(one) for one in alphabet.unary} == {1}
    assert {arity(one) for one in alphabet.binary} == {2}
    assert arity(7) == 0
    assert {code("sqrt"), code("divide")} <= {*alphabet.unary, *alphabet.binary}
    paper = alphabet_of(np.arange(3), "paper")
    assert not {code("sqrt"), code("divide")} & {*paper.unary, *paper.binary}
    for one in (*alphabet.unary, *alphabet.binary):
        assert not any(name in ("normalize", "softmax") for name, op in BY_NAME.items() if op.id == -1 - one)
