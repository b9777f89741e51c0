import pytest

from eznas.discovery.codes import SUBTRACTED
from eznas.discovery.limits import MAXIMUM_NODES
from eznas.discovery.seed_formulas import seed_formula, symbols_of
from eznas.errors import EznasError
from eznas.ops.catalogue import BY_NAME
from eznas.ops.notation import parse_program
from eznas.ops.terms import parse_terms
from eznas.proxies import Proxy, load


def code(name):
    return -1 - BY_NAME[name].id


def symbols(text):
    return symbols_of(text)


def test_what_is_computed_from_numbers_is_the_formula_and_reductions_are_leaves():
    text = "numel(wt) * sqrt(l1_norm(exp(act.data))) - sigmoid(normalized_sum(wt < inp.data))"
    first, second, third = (
        parse_program(one) for one in ("numel(wt)", "l1_norm(exp(act.data))", "normalized_sum(wt < inp.data)")
    )
    found = symbols(text)
    # The arguments of the product may come in either order.
    assert {one for one in found[:3] if not isinstance(one, int)} == {first, second}
    assert found[3:] == [code("product"), third, code("sigmoid"), code("difference")]


@pytest.mark.parametrize(
    "text", ["frobenius_norm(sigmoid(inp_grad.data))", "softmax(numel(wt))", "normalize(numel(wt))"]
)
def test_a_program_without_a_scalar_part_is_a_leaf(text):
    # softmax and normalize of a number are no element-wise operations.
    assert symbols(text) == [parse_program(text)]


def test_terms_are_joined_with_their_signs():
    found = symbols("signed_log(numel(wt)) - signed_log(exp(l1_norm(wt)))")
    assert found == [parse_program("numel(wt)"), parse_program("l1_norm(wt)"), code("exp"), SUBTRACTED]


def test_a_formula_that_is_too_large_becomes_a_leaf():
    text = "exp(" * MAXIMUM_NODES + "numel(wt)" + ")" * MAXIMUM_NODES
    assert symbols(text) == [parse_program(text)]
    repeated = "t0 = numel(wt) + l1_norm(wt)" + "".join(f"; t{i + 1} = t{i} * t{i}" for i in range(40)) + "; t40"
    assert symbols(repeated) == [parse_program(repeated)]
    assert symbols(f"signed_log({text}) - signed_log(numel(wt))") == [
        parse_program(text),
        parse_program("numel(wt)"),
        SUBTRACTED,
    ]


def test_a_seed_states_the_reduction_to_one_number():
    assert seed_formula(load("eznas-a"), "R-C-B", "perturbed") == load("eznas-a").formula
    assert seed_formula(Proxy("p", parse_program("sign(wt)")), "R-C-B", "perturbed") == "normalized_sum(sign(wt))"
    norm = Proxy("p", parse_program("sign(wt)"), to_scalar="l2")
    assert seed_formula(norm, "R-C-B", "perturbed") == "frobenius_norm(sign(wt))"
    size = Proxy("p", parse_program("log(numel(wt))"), to_scalar="l2")
    assert seed_formula(size, "R-C-B", "perturbed") == "abs(log(numel(wt)))"
    two = parse_terms("signed_log(sign(wt)) - signed_log(numel(wt))")
    proxy = Proxy("p", two[0].program, further_terms=two[1:])
    assert seed_formula(proxy, "R-C-B", "perturbed") == ("signed_log(normalized_sum(sign(wt))) - signed_log(numel(wt))")


def test_what_cannot_be_a_seed_is_refused():
    with pytest.raises(EznasError, match="params is a hand-made proxy"):
        seed_formula(load("params"), "R-C-B", "perturbed")
    with pytest.raises(EznasError, match="give --unit R-C-B"):
        seed_formula(load("eznas-a"), "C-B-R", "perturbed")
    with pytest.raises(EznasError, match="give --third-pass perturbed"):
        seed_formula(load("eznas-a"), "R-C-B", "difference")
