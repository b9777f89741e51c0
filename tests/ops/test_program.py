import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eznas.errors import EznasError
from eznas.ops.catalogue import BY_NAME, OPERATION_COUNT, OPERATIONS
from eznas.ops.notation import parse_program
from eznas.ops.program import NO_OPERAND, Program, ProgramBuilder
from eznas.terminals import TERMINAL_COUNT

fixed = settings(deadline=None, derandomize=True)


def op(name):
    return BY_NAME[name].id


def build(*nodes, output=None):
    """A program from `(name, a)` or `(name, a, b)` with operands as in encoded programs."""
    builder = ProgramBuilder()
    refs = list(range(TERMINAL_COUNT))
    for name, *operands in nodes:
        refs.append(builder.apply(op(name), *(refs[operand] for operand in operands)))
    return builder.build(refs[-1] if output is None else refs[output])


@st.composite
def raw_lists(draw):
    """Any list of nodes: with repeats, dead code, and arguments in any order. The last is the output."""
    count = draw(st.integers(1, 25))
    nodes = []
    for index in range(count):
        operation = draw(st.integers(0, OPERATION_COUNT - 1))
        # Few terminals and recent nodes, so that sharing, repeats and depth are common.
        operands = st.sampled_from(
            [*range(3), *range(max(TERMINAL_COUNT, TERMINAL_COUNT + index - 5), TERMINAL_COUNT + index)]
        )
        a = draw(operands)
        b = draw(operands) if OPERATIONS[operation].arity == 2 else NO_OPERAND
        nodes.append((operation, a, b))
    return nodes


def run(builder, raw, swap=lambda index: False, order=None):
    """Apply the nodes in an order in which operands come first (their own, if none is given); return all refs."""
    refs = dict(enumerate(range(TERMINAL_COUNT)))
    for index in order or range(len(raw)):
        operation, a, b = raw[index]
        first, second = refs[a], None if b == NO_OPERAND else refs[b]
        if second is not None and OPERATIONS[operation].commutative and swap(index):
            first, second = second, first
        refs[TERMINAL_COUNT + index] = builder.apply(operation, first, second)
    return [refs[operand] for operand in range(TERMINAL_COUNT + len(raw))]


def other_order(raw, rng):
    """A random order of the nodes in which operands come first."""
    order, waiting = [], list(range(len(raw)))
    while waiting:
        missing = {TERMINAL_COUNT + index for index in waiting}
        ready = [index for index in waiting if not missing & set(raw[index][1:])]
        order.append(rng.choice(ready))
        waiting.remove(order[-1])
    return order


def meanings(nodes):
    """What each operand stands for, as nested data: the definition that programs must agree with."""
    seen = {}
    values = list(range(TERMINAL_COUNT))
    for operation, a, b in nodes:
        arguments = (values[a],) if b == NO_OPERAND else (values[a], values[b])
        if OPERATIONS[operation].commutative:
            arguments = tuple(sorted(arguments))
        # Interned, so that values are comparable and small: one number for each distinct expression.
        values.append(seen.setdefault((operation, arguments), TERMINAL_COUNT + len(seen)))
    return values, {number: expression for expression, number in seen.items()}


def nested(number, expressions):
    """The expression of a number, free of numbering; exponential, so for small expressions only."""
    if number < TERMINAL_COUNT:
        return number
    operation, arguments = expressions[number]
    parts = [nested(argument, expressions) for argument in arguments]
    return (operation, *(sorted(parts, key=repr) if OPERATIONS[operation].commutative else parts))


@fixed
@given(raw_lists(), raw_lists(), st.randoms(use_true_random=False))
def test_order_of_building_swapped_repeated_and_dead_nodes_do_not_change_the_program(raw, junk, rng):
    builder = ProgramBuilder()
    program = builder.build(run(builder, raw)[-1])

    other = ProgramBuilder()
    run(other, junk)  # dead code, numbered first
    swaps = [rng.random() < 0.5 for _ in raw]
    run(other, raw, swap=lambda index: not swaps[index], order=other_order(raw, rng))
    same = other.build(run(other, raw, swap=lambda index: swaps[index])[-1])
    assert same == program
    assert hash(same) == hash(program)
    assert same.digest == program.digest


@fixed
@given(raw_lists().filter(lambda raw: len(raw) <= 10))
def test_program_means_what_the_list_means(raw):
    builder = ProgramBuilder()
    program = builder.build(run(builder, raw)[-1])
    raw_values, raw_expressions = meanings(raw)
    values, expressions = meanings(program.nodes)
    assert nested(values[program.output], expressions) == nested(raw_values[-1], raw_expressions)
    assert program.size == len(set(values[TERMINAL_COUNT:]))  # every node is distinct


@fixed
@given(raw_lists())
def test_nodes_are_in_depth_first_post_order_and_all_live(raw):
    builder = ProgramBuilder()
    program = builder.build(run(builder, raw)[-1])
    order = []

    def visit(operand):
        if operand >= TERMINAL_COUNT and operand not in order:
            for argument in program.nodes[operand - TERMINAL_COUNT][1:]:
                visit(argument)
            order.append(operand)

    visit(program.output)
    assert order == list(range(TERMINAL_COUNT, TERMINAL_COUNT + program.size))


@fixed
@given(raw_lists(), raw_lists())
def test_equal_digest_means_equal_program(first, second):
    builder = ProgramBuilder()
    one, two = (builder.build(run(builder, raw)[-1]) for raw in (first, second))
    assert (one.digest == two.digest) == (one == two)


@fixed
@given(raw_lists())
def test_digest_of_a_node_is_that_of_the_sub_expression_alone(raw):
    builder = ProgramBuilder()
    refs = run(builder, raw)
    whole = builder.build(refs[-1])
    alone = {builder.build(ref).digest for ref in refs[TERMINAL_COUNT:]}
    assert {digest.hex() for digest in whole.digests} <= alone
    assert len(set(whole.digests)) == whole.size
    assert whole.digests[-1].hex() == whole.digest


@fixed
@given(raw_lists())
def test_encode_and_decode_are_inverse(raw):
    builder = ProgramBuilder()
    program = builder.build(run(builder, raw)[-1])
    assert Program.decode(json.loads(json.dumps(program.encode()))) == program
    # A list that is not canonical means the canonical program.
    assert Program.decode({"nodes": raw, "output": TERMINAL_COUNT + len(raw) - 1}) == program


def test_arguments_of_other_operations_keep_their_order():
    assert build(("difference", 0, 1)) != build(("difference", 1, 0))
    assert build(("sum", 0, 1)) == build(("sum", 1, 0))
    assert build(("sum", 1, 0)).nodes == ((op("sum"), 0, 1),)


def test_terminals_come_before_nodes_as_arguments():
    assert build(("exp", 0), ("sum", 22, 5)).nodes[-1] == (op("sum"), 5, 22)


def test_elements_are_told_from_shapes():
    program = build(("numel", 0), ("exp", 3), ("ones_like", 23), ("product", 22, 24), ("l1_norm", 5), ("sum", 25, 26))
    assert (program.terminals, program.values_read) == ({0, 3, 5}, {5})
    assert build(("exp", 3), ("numel", 22), ("product", 22, 23)).values_read == {3}


def test_measures_of_a_program():
    program = build(("sign", 7), ("log_determinant", 22), ("sigmoid", 23), ("frobenius_norm", 24))
    assert (program.size, program.depth, program.terminals) == (4, 4, {7})
    shared = build(("exp", 3), ("exp", 4), ("log", 22), ("sum", 22, 24), ("product", 23, 25))
    assert (shared.size, shared.depth, shared.terminals) == (5, 4, {3, 4})


def test_a_bare_terminal_is_a_program():
    program = ProgramBuilder().build(5)
    assert (program.nodes, program.output, program.size, program.depth) == ((), 5, 0, 0)
    assert program.terminals == {5}
    assert not program.gives_scalar
    assert program.is_well_formed
    assert len({ProgramBuilder().build(address).digest for address in range(TERMINAL_COUNT)}) == TERMINAL_COUNT


def test_scalars_are_known_without_shapes():
    program = build(("numel", 0), ("exp", 22), ("sum", 23, 1), ("product", 22, 23), ("difference", 24, 25))
    scalar_by_operation = {OPERATIONS[node[0]].name: program.is_scalar(i) for i, node in enumerate(program.nodes)}
    assert scalar_by_operation == {"numel": True, "exp": True, "sum": False, "product": True, "difference": False}
    assert not program.gives_scalar
    assert build(("cosine_similarity", 0, 1)).gives_scalar
    assert not build(("matmul", 0, 1)).gives_scalar
    assert not build(("determinant", 0)).gives_scalar


@pytest.mark.parametrize(
    "operation", [operation for operation in OPERATIONS if operation.minimum_axes], ids=lambda o: o.name
)
def test_operation_that_needs_axes_is_ill_formed_on_a_number(operation):
    on_number = [("numel", 0), (operation.name, *(22, 1)[: operation.arity])]
    assert not build(*on_number).is_well_formed
    assert not build(*on_number, ("exp", 23)).is_well_formed
    assert build((operation.name, *(0, 1)[: operation.arity])).is_well_formed


def test_other_operations_take_numbers():
    assert build(("numel", 0), ("softmax", 22), ("hamming_distance", 23, 1), ("frobenius_norm", 24)).is_well_formed


def test_walks_are_linear_in_nodes_and_free_of_recursion():
    # Written out, this expression has 2 ** 5000 terminals.
    builder = ProgramBuilder()
    ref = builder.terminal(0)
    for _ in range(5000):
        ref = builder.apply(op("product"), ref, ref)
    program = builder.build(ref)
    assert (program.size, program.depth, program.terminals) == (5000, 5000, {0})
    assert program.is_well_formed
    assert not program.gives_scalar
    assert Program.decode(program.encode()) == program
    assert len(set(program.digests)) == 5000


@pytest.mark.parametrize(
    "call",
    [
        lambda builder: builder.terminal(22),
        lambda builder: builder.terminal(-1),
        lambda builder: builder.apply(38, 0),
        lambda builder: builder.apply(op("exp"), 22),
        lambda builder: builder.apply(op("exp"), 0, 1),
        lambda builder: builder.apply(op("sum"), 0),
        lambda builder: builder.build(22),
    ],
)
def test_builder_rejects_what_does_not_exist(call):
    with pytest.raises(ValueError, match=r"address|operation|ref|argument"):
        call(ProgramBuilder())


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (None, "None"),
        ({"output": 0}, "mapping"),
        ({"nodes": "abc", "output": 0}, "mapping"),
        ({"nodes": []}, "None"),
        ({"nodes": [], "output": 22}, "22"),
        ({"nodes": [], "output": True}, "True"),
        ({"nodes": [[11, 0]], "output": 22}, r"Node 0.*\[11, 0\]"),
        ({"nodes": [[11, 0, -1], [38, 0, -1]], "output": 22}, "Node 1.*38"),
        ({"nodes": [[11, 22, -1]], "output": 22}, "Node 0.*exp.*22"),
        ({"nodes": [[11, 0, 1]], "output": 22}, "Node 0.*exp"),
        ({"nodes": [[0, 0, -1]], "output": 22}, "Node 0.*sum"),
        ({"nodes": [[0, 0, 1.5]], "output": 22}, "Node 0.*sum"),
    ],
)
def test_decode_names_what_is_wrong(data, named):
    with pytest.raises(EznasError, match=named):
        Program.decode(data)


def test_a_program_names_its_extensions():
    assert parse_program("sign(wt) + exp(wt)").extensions == ()
    assert parse_program("wt / sqrt(sqrt(inp.data))").extensions == ("sqrt", "divide")
