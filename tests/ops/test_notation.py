import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eznas import genomes
from eznas.ops.catalogue import OPERATIONS
from eznas.ops.notation import format_program, parse_program, to_latex
from eznas.ops.program import ProgramBuilder
from eznas.terminals import TERMINAL_COUNT, TERMINALS

fixed = settings(deadline=None, derandomize=True)


@st.composite
def programs(draw):
    """Programs of both kinds of genome, and element-wise ones of many nodes with much sharing and infix."""
    seed = draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    source = draw(st.sampled_from([*genomes.names(), "element-wise"]))
    if source != "element-wise":
        kind = genomes.get(source)
        return kind.genome.random(rng, kind.settings()).compile()
    builder = ProgramBuilder()
    refs = [0, 1, 7]
    for _ in range(draw(st.integers(1, 120))):
        operation = OPERATIONS[rng.choice([0, 1, 2, 3, 4, 5, 6, 9, 11])]
        operands = [refs[max(0, len(refs) - 1 - rng.integers(6))] for _ in range(operation.arity)]
        refs.append(builder.apply(operation.id, *operands))
    return builder.build(refs[-1])


@fixed
@given(programs())
def test_parse_reads_back_what_format_writes(program):
    assert parse_program(format_program(program)) == program


@fixed
@given(programs())
def test_latex_is_balanced_and_complete(program):
    latex = to_latex(program)
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left(") == latex.count(r"\right)")
    assert not re.search(r"\}\^|\^\{[^{}]*\}\^", latex.replace(r"\right)^", "")), "double superscript"
    for address in program.terminals:
        assert TERMINALS[address].symbol in latex


@pytest.mark.parametrize(
    "text",
    [
        "wt",
        "frobenius_norm(sigmoid(log_determinant(sign(inp_grad.data))))",
        "wt + inp.data + act.noise",
        "wt + inp.data + (inp.data + act.noise)",
        "wt - (inp.data - act.noise)",
        "wt - inp.data - act.noise",
        "(wt + inp.data) * act.noise",
        "wt * inp.data + act.noise",
        "(wt < inp.data) < act.noise",
        "(wt > inp.data) > (wt < inp.data)",
        "wt < inp.data + act.noise",
        "wt == (wt > inp.data)",
        "wt @ inp.data @ act.noise",
        "wt @ (inp.data @ act.noise)",
        "wt * (wt @ inp.data)",
        "kl_divergence(wt - inp.data, hamming_distance(wt, act.noise) + wt)",
    ],
)
def test_formula_in_its_shortest_form_is_kept(text):
    program = parse_program(text)
    # The arguments of commutative operations may come in another order, never the parentheses.
    assert sorted(format_program(program)) == sorted(text)
    assert parse_program(format_program(program)) == program


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_can_be_called_by_name(operation):
    arguments = ["inp.data", "act.noise"][: operation.arity]
    program = parse_program(f"{operation.name}({', '.join(arguments)})")
    assert [node[0] for node in program.nodes] == [operation.id]
    assert parse_program(format_program(program)) == program
    if operation.infix:
        assert parse_program(f"inp.data {operation.infix} act.noise") == program


def test_short_repeats_are_written_out():
    assert format_program(parse_program("t = exp(wt); t * t")) == "exp(wt) * exp(wt)"


def test_long_repeats_become_steps():
    text = "frobenius_norm(t1) - (frobenius_norm(t1) - l1_norm(t1))"
    part = "sigmoid(" * 12 + "wt" + ")" * 12
    written = format_program(parse_program(f"t1 = {part}; {text}"))
    assert written == f"t1 = {part}; t2 = frobenius_norm(t1); t2 - (t2 - l1_norm(t1))"
    assert parse_program(written) == parse_program(text.replace("t1", part))


def test_text_of_shared_and_deep_programs_is_linear():
    builder = ProgramBuilder()
    doubled = builder.terminal(0)
    nested = builder.terminal(0)
    for _ in range(2000):
        doubled = builder.apply(2, doubled, doubled)
        nested = builder.apply(11, nested)
    for ref in (doubled, nested):
        program = builder.build(ref)
        text = format_program(program)
        assert len(text) < 30 * 2000
        assert parse_program(text) == program
        assert len(to_latex(program)) < 60 * 2000


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


def test_format_of_a_terminal():
    assert [format_program(ProgramBuilder().build(address)) for address in range(TERMINAL_COUNT)] == [
        terminal.name for terminal in TERMINALS
    ]
