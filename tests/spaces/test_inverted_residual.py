import pytest
import torch
from torch import nn

from eznas.errors import EznasError
from eznas.spaces.complexity import parameters
from eznas.spaces.inverted_residual import InvertedResidual
from eznas.spaces.sequential_network import Shortcut
from eznas.statistics.collect import collect, make_inputs


def test_the_text_is_expansion_kernel_and_blocks():
    assert InvertedResidual().parse("e3k5x2/e1k3x1") == [(3, 5, 2), (1, 3, 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("e65k3x1", "expansion '65' is not from 1 to 64"),
        ("e2k4x1", "kernel 4 is even"),
        ("e2k3x0", "number of blocks '0' is not from 1 to 64"),
        ("k3e2x1", "write expansion, kernel size"),
    ],
)
def test_mistakes_are_named(text, message):
    with pytest.raises(EznasError, match=message):
        InvertedResidual().check(text)


def test_even_kernels_cannot_be_set():
    with pytest.raises(EznasError, match="kernel 2 is even"):
        InvertedResidual(kernels=(3, 2))


def test_parameters_by_hand():
    space, head = InvertedResidual(width=4), 4 * 10 + 10
    stem = (27 + 2) * 4
    narrow = (9 * 4 + 2 * 4) + (4 * 4 + 2 * 4)
    wide = (4 * 12 + 2 * 12) + (25 * 12 + 2 * 12) + (12 * 4 + 2 * 4)
    assert parameters(space.build("e1k3x1", 10, 16)) == stem + narrow + head
    assert parameters(space.build("e3k5x2", 10, 16)) == stem + 2 * wide + head


def test_blocks():
    body = InvertedResidual().build("e2k3x2", 10, 16).body
    assert [type(layer) for layer in body] == [nn.ReLU, nn.Sequential, Shortcut]
    layers = [type(layer) for layer in body[2].body]
    assert layers == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU] * 2 + [nn.Conv2d, nn.BatchNorm2d]
    assert body[2].body[3].groups == 16
    assert InvertedResidual().build("e1k3x1", 10, 16).body[1][0].groups == 8


def test_depthwise_and_projecting_convolutions_are_units():
    inputs = make_inputs(torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)), seed=0)
    # The stem's ReLU opens a unit with the first block's first convolution.
    assert collect(InvertedResidual().build("e2k3x2", 10, 16), inputs).units == 1 + 2 * 2
