from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program_strategies import programs
from tensor_strategies import AWKWARD

from eznas.ops import own
from eznas.ops.catalogue import BY_NAME, OPERATIONS
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.notation import format_program, parse_program
from eznas.ops.plan import Plan
from eznas.ops.program import Program, ProgramBuilder, takes
from eznas.ops.simplify import simplify, simplify_terms
from eznas.ops.terms import format_terms, parse_terms
from eznas.statistics.tensors import Layout
from eznas.terminals import TERMINAL_COUNT

fixed = settings(deadline=None, derandomize=True)

OFTEN = (
    *("abs", "relu", "sign", "heaviside", "greater_than_zero", "less_than_zero", "power", "sqrt", "log", "abs_log"),
    *("zeros_like", "ones_like", "zeros_like", "ones_like", "numel", "l1_norm", "frobenius_norm", "normalized_sum"),
    *("sum", "difference", "product", "divide", "less_than", "greater_than", "equal_to", "hamming_distance", "invert"),
    *("matmul", "exp"),
)
UNITS = (
    {"wt": (4, 4, 3, 3), "inp": (1, 4, 5, 5), "pre": (1, 4, 5, 5), "act": (1, 4, 5, 5)},
    {"wt": (2, 4, 1, 1), "inp": (2, 4, 3, 3), "pre": (2, 4, 3, 3), "act": (2, 2, 3, 3)},
    {"wt": (3, 3), "inp": (3,), "pre": (1,), "act": (3, 3)},
    {"wt": (1, 1, 1, 1), "inp": (1, 1), "pre": (1, 1), "act": ()},
    {"wt": (2, 0), "inp": (0,), "pre": (2, 2), "act": (2,)},
)


@st.composite
def full_of_identities(draw) -> Program:
    """Programs in which operations that are used in identities meet each other often."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    terminals = [int(one) for one in rng.choice(TERMINAL_COUNT, size=2)]
    builder, refs, scalar = ProgramBuilder(), [*terminals], dict.fromkeys(terminals, False)
    for _ in range(draw(st.integers(1, 14))):
        operation = BY_NAME[OFTEN[rng.integers(len(OFTEN))]] if rng.random() < 0.9 else OPERATIONS[rng.integers(38)]
        operands = [refs[max(0, len(refs) - 1 - int(rng.integers(3)))] for _ in range(operation.arity)]
        if not takes(operation.id, scalar[operands[0]], scalar[operands[-1]]):
            continue
        refs.append(builder.apply(operation.id, *operands))
        scalar[refs[-1]] = operation.gives_scalar or all(scalar[one] for one in operands)
    return builder.build(refs[-1])


def numbers(program: Program, values: np.ndarray, layout: Layout, to_scalar: str) -> tuple[np.ndarray, np.ndarray]:
    """The bits of the program's number on every unit, all kinds of NaN as one, and where it is valid."""
    plan = Plan.of([program])
    recorded, valid, _ = evaluate_plan(plan, values, layout.offsets, layout.shapes, layout.axes, to_scalar)
    column = plan.root_columns[0]
    found = recorded[:, column]
    return np.where(np.isnan(found), np.float32(np.nan), found).view(np.int32), valid[:, column]


def check_same(program: Program, simple: Program, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layout = Layout.of(UNITS, frozenset(range(TERMINAL_COUNT)))
    for share in (0.0, 0.2, 1.0):
        values = rng.standard_normal(layout.size).astype(np.float32)
        values = np.where(rng.random(layout.size) < share, rng.choice(AWKWARD, layout.size), values)
        for to_scalar in ("mean", "l2"):
            before, valid_before = numbers(program, values, layout, to_scalar)
            after, valid_after = numbers(simple, values, layout, to_scalar)
            assert (valid_before == valid_after).all(), (format_program(program), format_program(simple))
            assert (before == after).all(), (format_program(program), format_program(simple))


@settings(fixed, max_examples=300)
@given(full_of_identities(), st.integers(0, 2**32))
def test_no_bit_changes_and_no_unit_becomes_valid_or_invalid(program, seed):
    simple = simplify(program)
    assert simple.size <= program.size
    check_same(program, simple, seed)


@settings(fixed, max_examples=60)
@given(programs(), st.integers(0, 2**32))
def test_programs_of_every_genome_keep_their_numbers(program, seed):
    check_same(program, simplify(program), seed)


@settings(fixed, max_examples=200)
@given(full_of_identities())
def test_a_simple_program_stays_as_it_is(program):
    simple = simplify(program)
    assert simplify(simple) == simple


@pytest.mark.parametrize(
    ("formula", "simple"),
    [
        ("abs(abs(wt))", "abs(wt)"),
        ("relu(relu(relu(wt)))", "relu(wt)"),
        ("abs(wt) - zeros_like(wt)", "abs(wt)"),
        ("power(wt - zeros_like(wt))", "power(wt)"),
        ("exp(wt) + zeros_like(wt)", "exp(wt)"),
        ("abs(wt) * ones_like(wt)", "abs(wt)"),
        ("frobenius_norm(abs(wt))", "frobenius_norm(wt)"),
        ("power(abs(wt))", "power(wt)"),
        ("wt * wt", "power(wt)"),
        ("log(abs(wt))", "abs_log(wt)"),
        ("abs_log(relu(wt))", "log(wt)"),
        ("relu(sign(wt))", "heaviside(wt)"),
        ("heaviside(relu(sign(wt)))", "heaviside(wt)"),
        ("less_than_zero(abs(wt))", "zeros_like(wt)"),
        ("less_than_zero(abs(wt) @ exp(wt))", "zeros_like(abs(wt) @ exp(wt))"),
        ("less_than_zero(invert(exp(wt)))", "zeros_like(wt)"),
        ("log(heaviside(wt))", "zeros_like(wt)"),
        ("abs_log(softmax(wt))", "log(softmax(wt))"),
        ("exp(zeros_like(wt))", "ones_like(wt)"),
        ("heaviside(wt) * zeros_like(wt)", "zeros_like(wt)"),
        ("heaviside(wt) @ zeros_like(abs(wt))", "zeros_like(heaviside(wt) @ wt)"),
        ("zeros_like(abs(wt)) @ (heaviside(wt) @ heaviside(wt))", "zeros_like(wt @ (heaviside(wt) @ heaviside(wt)))"),
        ("wt > zeros_like(wt)", "greater_than_zero(wt)"),
        ("zeros_like(wt) > wt", "less_than_zero(wt)"),
        ("wt < wt", "zeros_like(wt)"),
        ("sign(wt) - sign(wt)", "zeros_like(wt)"),
        ("numel(abs(power(wt)) + wt)", "numel(wt)"),
        ("sqrt(l1_norm(numel(wt)))", "sqrt(numel(wt))"),
        ("hamming_distance(sign(wt), relu(wt_grad.data))", "hamming_distance(wt, wt_grad.data)"),
        ("wt / zeros_like(wt)", "ones_like(wt)"),
        ("abs(softmax(abs(wt)) * exp(abs(abs(wt))))", "softmax(abs(wt)) * exp(abs(wt))"),
    ],
)
def test_what_a_reader_sees_at_once(formula, simple):
    assert format_program(simplify(parse_program(formula))) == format_program(parse_program(simple))


@pytest.mark.parametrize(
    "formula",
    [
        "softmax(softmax(wt))",
        "wt - wt",  # NaN for an infinity
        "wt / wt",
        "wt + zeros_like(wt)",  # turns -0 into 0
        "abs(relu(wt))",  # so does this
        "less_than_zero(invert(relu(wt)))",  # of -0 it is -infinity
        "wt @ zeros_like(wt)",  # NaN for an infinity
        "exp(wt) @ zeros_like(wt)",  # so does this
        "exp(wt) * zeros_like(wt)",
        "sign(wt) * zeros_like(wt)",  # -0 for what is negative
        "wt - zeros_like(wt)",  # a bare statistic may have more elements than an operation takes
        "abs(wt) - zeros_like(inp.data)",  # other shapes
        "numel(wt + inp.data)",
        "abs(wt) * ones_like(determinant(inp.data))",
        "log(exp(wt))",
        "sqrt(power(wt))",
        "invert(invert(wt))",
        "normalized_sum(normalized_sum(wt))",  # sums begin at 0, so -0 becomes 0
        "wt",
    ],
)
def test_what_is_no_identity_of_float32_stays(formula):
    program = parse_program(formula)
    assert simplify(program) == program


def test_every_term_is_simplified_and_rules_are_counted():
    found = simplify_terms(parse_terms("signed_log(abs(abs(wt))) - signed_log(abs(abs(abs(inp.data))))"))
    assert format_terms(found.terms) == "signed_log(abs(wt)) - signed_log(abs(inp.data))"
    assert found.rules == {"abs(x) = x where x is not negative": 3}


def test_operations_of_ones_own_stay_and_so_does_what_they_may_refuse(monkeypatch):
    monkeypatch.setattr(own, "_own", {})

    @own.operation("simplify_test_halves")
    def halves(a):
        return a / 2

    @own.terminal("simplify_test_both", ["wt", "act.data"], reduces=True)
    def both(wt, act):
        return wt.sum() + act.sum()

    for formula in ("simplify_test_halves(simplify_test_halves(wt))", "numel(simplify_test_halves(wt))"):
        assert simplify(parse_program(formula)) == parse_program(formula)
    simple = simplify(parse_program("abs(abs(simplify_test_both)) * power(abs(simplify_test_halves(wt)))"))
    assert simple == parse_program("abs(simplify_test_both) * power(simplify_test_halves(wt))")
