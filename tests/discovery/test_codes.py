import numpy as np
import pytest

from eznas.discovery.codes import BINARY, UNARY, arity, subtree_start, to_program
from eznas.ops.catalogue import BY_NAME
from eznas.ops.notation import parse_program

FEATURES = [parse_program("numel(wt)"), parse_program("l1_norm(act.data)")]


def code(name):
    return -1 - BY_NAME[name].id


def test_a_formula_compiles_with_its_features_written_out():
    codes = [0, 1, code("invert"), code("product"), 1, code("difference")]
    assert to_program(codes, FEATURES) == parse_program("numel(wt) * invert(l1_norm(act.data)) - l1_norm(act.data)")
    assert to_program([1], FEATURES) == FEATURES[1]


@pytest.mark.parametrize(("end", "start"), [(0, 0), (1, 1), (2, 1), (3, 0), (4, 4), (5, 0)])
def test_a_subtree_ends_with_its_root(end, start):
    codes = np.array([0, 1, code("invert"), code("product"), 1, code("difference")], np.int32)
    assert subtree_start(codes, end) == start


def test_variation_draws_element_wise_operations_of_the_right_arity():
    assert {arity(one) for one in UNARY} == {1}
    assert {arity(one) for one in BINARY} == {2}
    assert arity(7) == 0
    for one in (*UNARY, *BINARY):
        assert not any(name in ("normalize", "softmax") for name, op in BY_NAME.items() if op.id == -1 - one)
