import numpy as np
import pytest

from eznas.errors import EznasError
from eznas.spaces.complexity import flops, parameters
from eznas.spaces.fixed_budget import FixedBudget, Stage


def test_the_text_is_weight_depth_and_kernel():
    assert FixedBudget().parse("w1x2k3/w4x1k5") == [Stage(1, 2, 3), Stage(4, 1, 5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("w0x1k3", "weight '0' is not from 1 to 1024"),
        ("w1x0k3", "depth '0' is not from 1 to 64"),
        ("w1x1k2", "kernel 2 is even"),
        ("1x1k3", "write relative channels"),
    ],
)
def test_mistakes_are_named(text, message):
    with pytest.raises(EznasError, match=message):
        FixedBudget().check(text)


def test_even_kernels_cannot_be_set():
    with pytest.raises(EznasError, match="kernel 2 is even"):
        FixedBudget(kernels=(3, 2))


def test_every_network_keeps_the_budget_and_nearly_uses_it():
    space, rng = FixedBudget(), np.random.default_rng(0)
    counts = np.array([parameters(space.build(space.random(rng), 10, 16)) for _ in range(60)])
    assert counts.max() <= space.parameters
    assert counts.min() > 0.95 * space.parameters
    assert np.median(counts) > 0.99 * space.parameters


def test_the_same_parameters_buy_depth_or_width():
    space = FixedBudget()
    shallow, deep = (space.widths(f"w1x{depth}k3/w2x{depth}k3", 10) for depth in (1, 4))
    assert shallow[0] > deep[0]
    assert shallow[1] > deep[1]
    assert space.widths("w1x1k5/w2x1k5", 10)[0] < shallow[0]


def test_widths_keep_the_proportion():
    first, second = FixedBudget(parameters=1_000_000).widths("w1x2k3/w4x2k3", 10)
    assert 3.8 < second / first < 4.2


def test_flops_vary():
    space, rng = FixedBudget(), np.random.default_rng(0)
    counts = [flops(space.build(space.random(rng), 10, 16), (1, 3, 16, 16)) for _ in range(20)]
    assert max(counts) > 2 * min(counts)


def test_too_small_a_budget_is_named():
    with pytest.raises(EznasError, match=r"has more than 100 parameters with 1 channel a stage\): write"):
        FixedBudget(parameters=100).build("w1x2k3", 10, 16)
