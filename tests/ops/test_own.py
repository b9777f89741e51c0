import subprocess
import sys

import own_operations
import pytest

from eznas.errors import EznasError
from eznas.ops.latex import to_latex
from eznas.ops.notation import format_program, parse_program
from eznas.ops.own import operation, operation_named, operation_of, own_named, terminal
from eznas.ops.program import Program

FORMULAS = [
    "test_cube(wt)",
    "test_spread(test_blend(act.data, act.noise)) * test_energy",
    "test_saliency",
    "l1_norm(wt * test_saliency) + test_energy",
    "test_square_only(wt) + test_square_only(wt)",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_hold_own_names(formula):
    program = parse_program(formula)
    assert format_program(program) == formula
    assert Program.decode(program.encode()) == program
    assert set(program.own) == {name for name in own_operations.NAMES if name in formula}
    assert r"\mathrm{test\_" in to_latex(program)


def test_what_a_program_reads_depth_and_kind_of_result():
    program = parse_program("l1_norm(test_saliency) * test_energy")
    assert program.terminals == {0, 1, 16} == parse_program("wt + wt_grad.data + act.data").terminals
    assert program.values_read == program.terminals
    assert parse_program("numel(test_saliency) * l1_norm(act.data)").values_read == parse_program("act.data").terminals
    assert program.leaves == frozenset()
    assert (program.depth, program.size, program.gives_scalar) == (2, 4, True)
    assert not parse_program("test_saliency").gives_scalar
    assert parse_program("test_cube(test_energy)").gives_scalar
    assert parse_program("test_spread(wt)").extensions == ("test_spread",)


def test_ids_and_digests_follow_from_the_name_in_every_process():
    program = parse_program("test_spread(wt) + test_energy")
    code = (
        "from eznas.ops.own import operation, terminal\n"
        "from eznas.ops.notation import parse_program\n"
        "terminal('test_energy', ['act.data'], reduces=True)(lambda act: act.mean())\n"
        "operation('test_spread', reduces=True)(lambda a: a.amax())\n"
        "program = parse_program('test_spread(wt) + test_energy')\n"
        "print(program.digest, [operation for operation, *_ in program.nodes])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split(" ", 1)[0] == program.digest
    assert eval(done.stdout.split(" ", 1)[1]) == [one for one, *_ in program.nodes]


def test_a_name_is_registered_once():
    before = operation_named("test_cube")
    operation("test_cube", arity=1)(own_operations.cube)  # the same again, as of a notebook's cell
    assert operation_of(before.id).function is own_operations.cube
    with pytest.raises(EznasError, match="The name 'test_cube' is taken by the one from own_operations: choose"):
        operation("test_cube", arity=1)(lambda a: a)
    with pytest.raises(EznasError, match="The name 'test_cube' is taken"):
        terminal("test_cube", ["wt"])(lambda wt: wt)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: operation("sigmoid")(abs), "The name 'sigmoid' is taken by eznas itself"),
        (lambda: operation("wt")(abs), "taken by eznas itself"),
        (lambda: operation("a b")(abs), "can't be the name of an operation"),
        (lambda: operation("t1")(abs), "can't be the name of an operation"),
        (
            lambda: operation("binary", arity=2)(abs),
            r"'binary' is called with 2 tensors, and takes \(x, /\)",
        ),
        (lambda: operation("unary")(lambda a, b: a), r"called with 1 tensor, and takes \(a, b\): let it take 1 tensor"),
        (lambda: terminal("two", reads=["wt", "act.data"])(lambda wt: wt), "'two' is called with 2 tensors"),
        (lambda: operation("three", arity=3), "has arity 3: an operation takes 1 or 2"),
        (lambda: terminal("none_such", reads=["weight"]), "reads 'weight'.*: give a list of statistics"),
        (lambda: terminal("none_such", reads="wt"), "give a list of statistics"),
        (lambda: terminal("none_such", reads=[]), "give a list of statistics"),
        (lambda: own_named(["test_cube", "nosuch"], "This"), "This needs the own operation nosuch: import the module"),
        (lambda: operation_of(2**16 + 1), "own operation that is not registered here; import the module"),
        (lambda: Program.decode({"nodes": [[2**16 + 1, 0, -1]], "output": 22}), "own operation that is not registered"),
        (lambda: parse_program("test_saliency(wt)"), "test_saliency is a terminal and takes no arguments"),
        (lambda: parse_program("test_cube"), r"'test_cube' is an operation; write test_cube\(\.\.\.\)"),
        (lambda: parse_program("test_cube(wt, wt)"), "takes 1 argument, not 2"),
        (lambda: parse_program("test_spread(test_energy)"), "test_spread needs tensors"),
        (lambda: parse_program("test_cub(wt)"), "the nearest valid name is 'test_cube'"),
        (lambda: parse_program("test_energi"), "the nearest valid name is 'test_energy'"),
        (lambda: parse_program("test_cube = wt; test_cube"), "is the name of an operation or a statistic"),
    ],
)
def test_mistakes_are_one_sentence(make, message):
    with pytest.raises(EznasError, match=message):
        make()
