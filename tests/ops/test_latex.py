"""Programs in LaTeX."""

import re

import pytest
from hypothesis import given, settings
from program_strategies import programs

from eznas.ops.latex import to_latex
from eznas.ops.notation import parse_program
from eznas.ops.program import ProgramBuilder
from eznas.terminals import TERMINALS

fixed = settings(deadline=None, derandomize=True)


@fixed
@given(programs())
def test_latex_is_balanced_and_complete(program):
    latex = to_latex(program)
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left(") == latex.count(r"\right)")
    assert not re.search(r"\}\^|\^\{[^{}]*\}\^", latex.replace(r"\right)^", "")), "double superscript"
    for address in program.terminals:
        assert TERMINALS[address].symbol in latex


def test_latex_of_a_published_program():
    program = parse_program("frobenius_norm(sigmoid(log_determinant(sign(inp_grad.data))))")
    assert to_latex(program) == (
        r"\lVert \sigma \left(\log\det \left(\mathrm{sign} \left(\nabla X\right)\right)\right) \rVert_F"
    )


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("wt", "W"),
        ("wt - inp.data - act.data", "W - X - Y"),
        ("wt - (inp.data - act.data)", r"W - \left(X - Y\right)"),
        ("wt * (inp.data + act.data)", r"W \odot \left(X + Y\right)"),
        ("wt + inp.data @ act.data", r"W + X Y"),
        ("wt @ (inp.data * act.data)", r"W \left(X \odot Y\right)"),
        ("(wt < inp.data) < act.data", "[[W < X] < Y]"),
        ("invert(inp.noise)", r"\left(X^{\mathrm{noise}}\right)^{\odot -1}"),
        ("ones_like(wt - inp.data)", r"\mathbf{1}_{W - X}"),
    ],
)
def test_latex_has_the_parentheses_that_it_needs(text, latex):
    assert to_latex(parse_program(text)) == latex


def test_latex_of_steps_is_aligned():
    lines = to_latex(parse_program("t = " + "exp(" * 20 + "wt" + ")" * 20 + "; t - log(t)")).split("\n")
    assert lines[0] == r"\begin{aligned}"
    assert lines[1].startswith(r"t_{1} &= \exp")
    assert lines[2:] == [r"\mathrm{result} &= t_{1} - \log \left(t_{1}\right)", r"\end{aligned}"]


def test_latex_of_shared_and_deep_programs_is_linear():
    builder = ProgramBuilder()
    doubled = nested = builder.terminal(0)
    for _ in range(2000):
        doubled = builder.apply(2, doubled, doubled)
        nested = builder.apply(11, nested)
    for ref in (doubled, nested):
        assert len(to_latex(builder.build(ref))) < 60 * 2000
