import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eznas import genomes
from eznas.ops.notation import parse_program
from eznas.ops.plan import LOAD, Plan
from eznas.ops.program import NO_OPERAND, ProgramBuilder
from eznas.terminals import TERMINAL_COUNT

fixed = settings(deadline=None, derandomize=True, max_examples=50)


@st.composite
def populations(draw):
    """Programs of one kind of genome that share parts, as parents and children do."""
    kind = genomes.get(draw(st.sampled_from(genomes.names())))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    parents = [kind.genome.random(rng, kind.settings()) for _ in range(6)]
    children = [parent.mutate(rng) for parent in parents] + [parents[0].mate(parents[1], rng)]
    return [genome.compile() for genome in parents + children]


def values_of(program):
    """Stand-in for evaluation: a number for each node that depends on its whole expression, by operand."""
    values = list(range(TERMINAL_COUNT))
    for operation, a, b in program.nodes:
        values.append(hash((operation, values[a], None if b == NO_OPERAND else values[b])))
    return values


def execute(plan, table=()):
    """Run a plan on the stand-in; each read checks that the value is there."""
    values = dict(enumerate(range(TERMINAL_COUNT)))
    for index, (operation, a, b) in enumerate(zip(plan.operation, plan.first, plan.second, strict=True)):
        if operation == LOAD:
            assert b == NO_OPERAND
            values[TERMINAL_COUNT + index] = table[a]
            continue
        for operand in (a, b):
            if operand >= TERMINAL_COUNT:
                assert operand in values
            elif operand != NO_OPERAND:
                assert operand in plan.terminals
        values[TERMINAL_COUNT + index] = hash((int(operation), values[a], None if b == NO_OPERAND else values[b]))
    return values


def scalar_values(programs):
    """The value of every statically scalar node of the programs, by digest."""
    return {
        program.digests[index]: values_of(program)[TERMINAL_COUNT + index]
        for program in programs
        for index in range(program.size)
        if program.is_scalar(index)
    }


@fixed
@given(populations())
def test_plan_computes_every_program_from_distinct_nodes(programs):
    plan = Plan.of(programs)
    values = execute(plan)
    assert [values[root] for root in plan.roots] == [values_of(program)[program.output] for program in programs]
    assert plan.size == len({digest for program in programs for digest in program.digests})
    assert plan.terminals == frozenset().union(*(program.terminals for program in programs))


@fixed
@given(populations())
def test_recorded_are_all_roots_and_all_scalar_nodes(programs):
    plan = Plan.of(programs)
    values = execute(plan)
    assert list(plan.recorded[plan.root_columns]) == list(plan.roots)
    assert len(set(plan.recorded)) == len(plan.recorded)
    by_digest = {
        digest: values[operand]
        for operand, digest in zip(plan.recorded, plan.recorded_digests, strict=True)
        if digest is not None
    }
    assert by_digest == scalar_values(programs)
    tensor_columns = {column for column, digest in enumerate(plan.recorded_digests) if digest is None}
    assert tensor_columns == {
        column for column, program in zip(plan.root_columns, programs, strict=True) if not program.gives_scalar
    }


@fixed
@given(populations(), st.data())
def test_cached_values_replace_what_lies_below_them(programs, data):
    known = scalar_values(programs)
    chosen = [digest for digest in known if data.draw(st.booleans())]
    plan = Plan.of(programs, cached={digest: column for column, digest in enumerate(chosen)})
    values = execute(plan, table=[known[digest] for digest in chosen])
    assert [values[root] for root in plan.roots] == [values_of(program)[program.output] for program in programs]
    roots = set(plan.roots)
    read = {*plan.first[plan.operation != LOAD], *plan.second}
    for index in range(plan.size):
        operand = TERMINAL_COUNT + index
        # Nothing is in the plan but roots and what some node reads.
        assert operand in roots or operand in read
        if plan.operation[index] == LOAD:
            assert (operand in plan.recorded) == (operand in roots)
    recorded = {digest for digest in plan.recorded_digests if digest is not None}
    loaded_roots = {program.digests[-1] for program in programs if program.gives_scalar} & set(chosen)
    assert recorded & set(chosen) == loaded_roots


@fixed
@given(populations(), st.data())
def test_a_plan_of_some_programs_is_what_they_need_of_it(programs, data):
    known = scalar_values(programs)
    cached = {digest: column for column, digest in enumerate(known) if data.draw(st.booleans())}
    table = list(known.values())
    chosen = [place for place in range(len(programs)) if data.draw(st.booleans())]
    full, fresh = (Plan.of(some, cached, keeps_tensors=True) for some in (programs, [programs[one] for one in chosen]))
    plan = full.of_programs(np.array(chosen, np.int64))
    values, expected = execute(plan, table), execute(fresh, table)
    for one in (plan, fresh):
        assert list(one.recorded[one.root_columns]) == list(one.roots)
        assert sorted(one.recorded) == list(one.recorded)
    assert [values[root] for root in plan.roots] == [expected[root] for root in fresh.roots]
    assert plan.size == fresh.size
    assert plan.terminals == fresh.terminals

    def by_digest(operands, digests, values):
        return {digest: values[operand] for operand, digest in zip(operands, digests, strict=True) if digest}

    for operands, digests in (("recorded", "recorded_digests"), ("kept", "kept_digests")):
        of_plan, of_fresh = (
            by_digest(getattr(one, operands), getattr(one, digests), found)
            for one, found in ((plan, values), (fresh, expected))
        )
        assert of_plan == of_fresh


def test_arrays_of_a_small_plan():
    programs = [parse_program(text) for text in ("numel(inp.data)", "exp(numel(inp.data))", "wt", "numel(inp.data)")]
    plan = Plan.of(programs)
    assert [list(row) for row in (plan.operation, plan.first, plan.second)] == [[33, 11], [4, 22], [-1, -1]]
    assert list(plan.roots) == [22, 23, 0, 22]
    assert list(plan.recorded) == [0, 22, 23]
    assert plan.recorded_digests == [None, programs[0].digests[0], programs[1].digests[1]]
    assert list(plan.root_columns) == [1, 2, 0, 1]
    assert plan.terminals == {0, 4}
    for array in (plan.operation, plan.first, plan.second, plan.roots, plan.recorded, plan.root_columns):
        assert array.dtype == np.int64
        assert array.flags.c_contiguous


def test_fully_cached_programs_read_no_terminal():
    program = parse_program("exp(numel(inp.data))")
    plan = Plan.of([program], cached={program.digests[1]: 7})
    assert (list(plan.operation), list(plan.first), plan.terminals) == ([LOAD], [7], frozenset())


@pytest.mark.parametrize("programs", [[], [ProgramBuilder().build(4)]])
def test_plan_without_nodes(programs):
    plan = Plan.of(programs)
    assert plan.size == 0
    assert list(plan.recorded) == [program.output for program in programs]


def test_plan_of_a_shared_deep_program_is_linear():
    builder = ProgramBuilder()
    ref = builder.terminal(0)
    for _ in range(3000):
        ref = builder.apply(2, ref, ref)
    plan = Plan.of([builder.build(ref)])
    assert plan.size == 3000
