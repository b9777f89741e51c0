import pytest

from eznas.errors import EznasError
from eznas.ops.notation import parse_program
from eznas.ops.terms import Term, format_terms, parse_terms, terms_to_latex

LONG = "sigmoid(" * 12 + "{x}" + ")" * 12
REPEATED = f"t1 = {LONG.format(x='wt')}; frobenius_norm(t1) - (frobenius_norm(t1) - l1_norm(t1))"


def term(text, sign=1):
    return Term(parse_program(text), sign)


def test_one_term_is_written_as_its_program():
    assert format_terms([term("exp(wt)")]) == "exp(wt)"
    assert parse_terms("t = exp(wt); t") == (term("exp(wt)"),)
    assert terms_to_latex([term("exp(wt)")]) == r"\exp \left(W\right)"


def test_several_terms_are_signed_logarithms_with_signs():
    terms = (term("numel(wt)"), term("exp(wt)", -1), term("wt + inp.data"))
    text = "signed_log(numel(wt)) - signed_log(exp(wt)) + signed_log(wt + inp.data)"
    assert format_terms(terms) == text
    assert parse_terms(text) == terms
    assert terms_to_latex(terms[:2]) == r"\ell\left(\#\left(W\right)\right) - \ell\left(\exp \left(W\right)\right)"


def test_steps_of_several_terms_have_different_names():
    terms = (term(REPEATED), term(REPEATED.replace("wt", "inp.data"), -1), term("wt"))
    text = format_terms(terms)
    assert parse_terms(text) == terms
    steps = [part.partition(" = ")[0] for part in text.split("; ")[:-1]]
    assert len(set(steps)) == len(steps) >= 2
    assert terms_to_latex(terms).count("t_{2}") >= 2


def test_terms_may_share_named_parts():
    assert parse_terms("t = exp(wt); signed_log(t) - signed_log(t * t)") == (
        term("exp(wt)"),
        term("exp(wt) * exp(wt)", -1),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("signed_log(wt)", "one term needs no signed_log"),
        ("signed_log(wt) + wt", "stands around whole terms only"),
        ("wt + signed_log(wt)", "stands around whole terms only"),
        ("signed_log(wt) * signed_log(wt)", "stands around whole terms only"),
        ("signed_log(wt) - (signed_log(wt) + signed_log(wt))", "stands around whole terms only"),
        ("signed_log(wt, wt) + signed_log(wt)", "takes one term"),
        ("signed_log(wtt) + signed_log(wt)", "no statistic 'wtt'"),
        ("", "empty"),
    ],
)
def test_what_joins_no_terms_gets_one_sentence(text, reason):
    with pytest.raises(EznasError, match=reason):
        parse_terms(text)


def test_a_program_alone_has_no_signed_logarithm():
    with pytest.raises(EznasError, match="no operation 'signed_log'"):
        parse_program("signed_log(wt) + signed_log(wt)")
