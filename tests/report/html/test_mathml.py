from __future__ import annotations

from xml.etree import ElementTree

import pytest

from eznas.ops.catalogue import OPERATIONS
from eznas.ops.latex import to_latex
from eznas.ops.notation import parse_program
from eznas.ops.terms import parse_terms, terms_to_latex
from eznas.report.html.mathml import to_mathml
from eznas.terminals import TERMINALS


def element(latex):
    return ElementTree.fromstring(to_mathml(latex, "a description"))


def texts(latex):
    return "".join(element(latex).itertext())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_the_template_of_every_operation_is_read(operation):
    latex = operation.latex.format(a="W", b=r"\left(X + Y\right)")
    shown = texts(latex)
    assert not set("\\{}_^") & set(shown)
    assert "W" in shown
    assert operation.arity == 1 or "X+Y" in shown


def test_every_statistic_is_read():
    for terminal in TERMINALS:
        assert not set("\\{}_^") & set(texts(terminal.symbol))


def test_a_formula_is_typeset():
    latex = to_latex(parse_program("frobenius_norm(sigmoid(log_determinant(sign(inp_grad.data))))"))
    assert texts(latex) == "‖σ(logdet(sign(∇X)))‖F"
    assert [one.tag for one in element(latex).iter()][:3] == ["math", "msub", "mrow"]


def test_scripts_fractions_and_roots_have_their_elements():
    latex = to_latex(parse_program("sqrt(wt / inp.noise)"))
    tags = [one.tag for one in element(latex).iter()]
    assert {"msqrt", "mfrac", "msup"} <= set(tags)
    both = element("a_{1}^{2}").find("msubsup")
    assert [part.text for part in both] == ["a", "1", "2"]


def test_named_parts_are_lines_and_terms_are_joined():
    formula = "t1 = " + "sigmoid(" * 31 + "wt" + ")" * 31 + "; signed_log(t1) - signed_log(numel(wt))"
    rows = element(terms_to_latex(parse_terms(formula))).findall("mtable/mtr")
    assert len(rows) > 1
    assert all(len(row) == 3 for row in rows)
    assert "".join(rows[-1].itertext()).startswith("result=ℓ(")


def test_what_is_unknown_is_shown_by_its_name_and_escaped():
    assert texts(r"\mystery W") == "mysteryW"
    assert "&lt;b&gt;" in to_mathml(r"\mathrm{<b>}", "<b>")
    assert element(r"\mathrm{<b>}").get("aria-label") == "a description"
