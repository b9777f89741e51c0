import numpy as np
import own_operations  # noqa: F401  registers them
import pytest
import torch
from synthetic_statistics import statistics, store

from eznas.errors import EznasError
from eznas.ops.equivalence import simplified
from eznas.ops.notation import parse_program
from eznas.ops.own import operation
from eznas.ops.plan import Plan
from eznas.ops.reference import run_program
from eznas.scoring.evaluator import Evaluator, scores_of_network
from eznas.scoring.plan_evaluation import run_plan
from eznas.terminals import TERMINAL_COUNT

OWN = [
    "test_cube(wt)",
    "l1_norm(test_cube(sigmoid(act.data)))",
    "test_spread(test_blend(act.data, act.noise)) * test_energy",
    "normalized_sum(test_saliency * wt) + test_energy",
    "test_cube(l1_norm(wt)) - l1_norm(wt)",
    "l1_norm(test_square_only(wt))",
    "softmax(test_saliency) * frobenius_norm(act.data)",
]
NONE = ["l1_norm(wt)", "sigmoid(act.data)", "frobenius_norm(act.data)"]


def programs(*texts):
    return [parse_program(text) for text in texts]


@pytest.mark.parametrize("to_scalar", ["mean", "l2"])
@pytest.mark.parametrize("text", OWN)
def test_scores_are_those_of_the_reference(text, to_scalar):
    (program,) = programs(text)
    network = statistics(3)
    numbers = []
    for unit in range(network.units):
        tensors = [torch.from_numpy(network.tensor(unit, address).copy()) for address in range(TERMINAL_COUNT)]
        result = run_program(program, tensors)
        if result is not None:
            numbers.append(float(result.mean() if to_scalar == "mean" else torch.linalg.vector_norm(result)))
    (score,) = scores_of_network(Plan.of([program]), network, to_scalar, "sum")
    np.testing.assert_allclose(score, np.sum(numbers) if numbers else np.nan, rtol=1e-5)


def test_no_bit_depends_on_what_stands_beside_or_is_remembered():
    everything = programs(*OWN, *NONE)
    alone = np.array([Evaluator(store(4)).scores([program])[0] for program in everything])
    evaluator = Evaluator(store(4))
    np.testing.assert_array_equal(evaluator.scores(everything[::-1])[::-1], alone)
    np.testing.assert_array_equal(evaluator.scores(everything), alone)
    remembering = Evaluator(store(4))
    for program in everything:
        np.testing.assert_array_equal(remembering.scores([program])[0], alone[everything.index(program)])


def test_own_operations_read_no_determinant_that_is_remembered():
    """What PyTorch computes of it for them differs in its last bits, whatever was evaluated before."""
    (compiled,) = programs("log_determinant(sigmoid(inp.data) @ abs(inp.noise))")
    (own,) = programs("test_cube(log_determinant(sigmoid(inp.data) @ abs(inp.noise)))")
    alone = Evaluator(store(4)).scores([own])
    remembering = Evaluator(store(4))
    remembering.scores([compiled])
    np.testing.assert_array_equal(remembering.scores([own]), alone)
    np.testing.assert_array_equal(remembering.scores([compiled, own])[1:], alone)


def test_statistics_that_are_read_only_stay_so():
    network = statistics(2)
    network.values.flags.writeable = False
    plan = Plan.of(programs(*OWN))
    numbers, valid, _ = run_plan(plan, network, "mean")
    assert numbers.shape == valid.shape == (network.units, len(plan.recorded))


@pytest.mark.parametrize(
    ("name", "function", "message"),
    [
        ("test_raises", lambda a: a.reshape(7, 7, 7), r"test_raises raised RuntimeError in .*test_plan_evaluation.py"),
        ("test_in_place", lambda a: a.add_(1), "test_in_place changes its arguments: let it work on copies"),
        ("test_integer", lambda a: a.int(), "test_integer returned a torch.int32: let it return a tensor of floats"),
        ("test_number", lambda a: 3.0, "test_number returned a float: let it return a tensor"),
        (
            "test_shape",
            lambda a: a.sum(0),
            r"returned \(4, 3, 3\) for shape \(4, 4, 3, 3\): let it return \(4, 4, 3, 3\)",
        ),
    ],
)
def test_a_mistake_of_the_function_is_one_sentence(name, function, message):
    operation(name)(function)
    with pytest.raises(EznasError, match=message):
        Evaluator(store(1)).scores(programs(f"{name}(wt)"))


def test_a_reduction_returns_one_number():
    operation("test_no_reduction", reduces=True)(lambda a: a)
    with pytest.raises(EznasError, match="and says that it reduces: let it return one number"):
        Evaluator(store(1)).scores(programs("test_no_reduction(wt)"))


def test_simplifying_keeps_own_operations_and_terminals():
    for text in [*OWN, "abs(abs(test_saliency))", "test_cube(wt) > test_saliency"]:
        (program,) = programs(text)
        simple = simplified(program)
        assert simple.own == program.own
        np.testing.assert_array_equal(Evaluator(store(3)).scores([simple]), Evaluator(store(3)).scores([program]))
