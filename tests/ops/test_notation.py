"""The notation: formula text, written and read back, and the sentences about what cannot be read."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program_strategies import programs

from eznas.errors import EznasError
from eznas.ops.catalogue import OPERATIONS
from eznas.ops.notation import format_program, parse_program
from eznas.ops.program import Program, ProgramBuilder
from eznas.terminals import TERMINAL_COUNT, TERMINALS

fixed = settings(deadline=None, derandomize=True)


@fixed
@given(programs())
def test_parse_reads_back_what_format_writes(program):
    assert parse_program(format_program(program)) == program


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


def test_format_of_a_terminal():
    assert [format_program(ProgramBuilder().build(address)) for address in range(TERMINAL_COUNT)] == [
        terminal.name for terminal in TERMINALS
    ]


@pytest.mark.parametrize(
    "text",
    [
        "t = sign(wt); t * t",
        "t = sign(wt)\nt * t",
        "  t = sign(wt)\n    t * t  \n",
        "t = sign(\n wt)  # the weight\n\nt * t;",
        "unused = exp(wt); a = sign(wt); b = a; product(a, b)",
        "sign(wt) * sign(wt)",
    ],
)
def test_layout_names_and_unused_parts_do_not_matter(text):
    assert parse_program(text) == parse_program("product(sign(wt), sign(wt))")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "frobenius_norm(sigmoid(inp_grad.dat))",
            "In the formula, column 24, at 'inp_grad.dat': there is no statistic 'inp_grad.dat'; "
            "the nearest valid name is 'inp_grad.data'.",
        ),
        (
            "wt + sigmod(wt)",
            "In the formula, column 6, at 'sigmod(wt)': there is no operation 'sigmod'; "
            "the nearest valid name is 'sigmoid'.",
        ),
        (
            "part = sign(wt)\nexp(prt)",
            "In the formula, line 2, column 5, at 'prt': there is no statistic 'prt'; "
            "the nearest valid name is 'part'.",
        ),
        (
            "(wt) + wtt",
            "In the formula, column 8, at 'wtt': there is no statistic 'wtt'; the nearest valid name is 'wt'.",
        ),
        (
            "transpose(wt)",
            "In the formula, column 1, at 'transpose(wt)': there is no operation 'transpose'; "
            "`eznas operations` shows what there is.",
        ),
    ],
)
def test_unknown_name_is_named_with_its_place_and_the_nearest_valid_name(text, sentence):
    with pytest.raises(EznasError) as caught:
        parse_program(text)
    assert str(caught.value) == sentence


def test_columns_count_characters_not_bytes():
    with pytest.raises(EznasError, match="column 6, at 'wtt'"):
        parse_program("é=wt;wtt")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("wt * 2", "column 6, at '2': numbers are not part"),
        ("1e3", "numbers are not part"),
        ("'wt'", "not part of formulas"),
        ("-wt", "not part of formulas"),
        ("[wt]", "not part of formulas"),
        ("wt and wt", "not part of formulas"),
        ("wt if wt else wt", "not part of formulas"),
        ("lambda: wt", "not part of formulas"),
        ("(wt := wt)", "not part of formulas"),
        ("wt ** wt", r"power\(a\) is the square"),
        ("wt <= inp.data", "there are <, > and =="),
        ("wt % inp.data", r"there are \+ - \* / @ < > =="),
        ("wt in wt", "this operator"),
        ("wt < inp.data < act.data", "comparisons do not chain"),
        ("sigmoid", r"write sigmoid\(...\)"),
        ("sum + wt", r"write sum\(..., ...\)"),
        ("sigmoid(wt, wt)", "sigmoid takes 1 argument, not 2"),
        ("sum(wt)", "sum takes 2 arguments, not 1"),
        ("sigmoid(x=wt)", "plain arguments"),
        ("sigmoid(*wt)", "plain arguments"),
        ("inp", "no statistic 'inp'"),
        ("wt.data.noise", "no statistic 'wt.data.noise'"),
        ("wt.data(wt)", "no operation 'wt.data'"),
        ("__import__('os').system('true')", "no operation"),
        ("t = wt", "ends with a named part"),
        ("wt; wt", "only `name = expression`"),
        ("a = b = wt; a", "only `name = expression`"),
        ("wt.data = wt; wt", "only `name = expression`"),
        ("t += wt; t", "only `name = expression`"),
        ("import os; wt", "only `name = expression`"),
        ("t = t; t", "no statistic 't'"),
        ("wt = wt; wt", "choose another"),
        ("inp = wt; inp", "choose another"),
        ("exp = wt; exp", "choose another"),
        ("t = wt; t = exp(t); t", "named twice"),
        ("if wt: wt", "no expression"),
        ("return wt", "no expression"),
        ("wt +", "cannot be read .*column 5"),
        ("(wt", "cannot be read .*column 1"),
        ("exp(wt)\n)", "cannot be read .*line 2, column 1"),
        ("wt\0", "cannot be read"),
        ("\ud800", "cannot be read"),
        ("determinant(numel(wt))", "determinant needs tensors"),
        ("wt @ frobenius_norm(wt)", "matmul needs tensors"),
        ("t = numel(wt) + numel(wt); eig_ratio(exp(t))", "eig_ratio needs tensors"),
        ("+".join(["wt"] * 20000), "nests too deeply"),
        ("(" * 300 + "wt" + ")" * 300, "cannot be read"),
    ],
)
def test_what_is_no_formula_gets_one_sentence(text, reason):
    with pytest.raises(EznasError, match=reason) as caught:
        parse_program(text)
    assert "\n" not in str(caught.value)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(max_size=20) | st.text(alphabet="wt.expdaino()+-*@<>=;, \n1", max_size=40))
def test_any_text_gives_a_program_or_a_sentence(text):
    # Any other exception would be a traceback on the user's screen.
    with contextlib.suppress(EznasError):
        assert isinstance(parse_program(text), Program)
