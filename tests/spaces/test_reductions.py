import numpy as np
import pytest
import torch
from torch import nn

from eznas.errors import EznasError
from eznas.spaces.complexity import flops, parameters
from eznas.spaces.reductions import Layer, Reductions


def test_the_text_is_a_kind_and_perhaps_a_factor():
    layers = Reductions().parse("conv/stride2/dilated/max8")
    assert layers == [Layer("conv"), Layer("stride", 2), Layer("dilated"), Layer("max", 8)]


@pytest.mark.parametrize("text", ["conv2", "max", "max3", "avg16", "pool2", "stride"])
def test_mistakes_are_named(text):
    with pytest.raises(EznasError, match=f"'{text}' is no architecture of the space reductions"):
        Reductions().check(text)


@pytest.mark.parametrize(
    ("text", "size"), [("conv/dilated", 16), ("stride2", 8), ("max4/conv", 4), ("avg8", 2), ("stride2/max2/avg2", 2)]
)
def test_resolution(text, size):
    body = Reductions().build(text, 10, 16).body
    assert body(torch.randn(1, 16, 16, 16)).shape == (1, 16, size, size)


def test_odd_sizes_are_rounded_up_by_every_kind():
    sizes = [
        Reductions().build(f"{kind}2", 10, 9).body(torch.randn(1, 16, 9, 9)).shape[-1]
        for kind in ("stride", "max", "avg")
    ]
    assert sizes == [5, 5, 5]


def test_layers():
    body = Reductions().build("conv/dilated/stride4/max2/avg2", 10, 32).body
    convolutions = [layer[1] for layer in body]
    assert [convolution.dilation[0] for convolution in convolutions] == [1, 2, 1, 1, 1]
    assert [convolution.stride[0] for convolution in convolutions] == [1, 1, 4, 1, 1]
    assert [type(layer[-1]) for layer in body] == [nn.BatchNorm2d] * 3 + [nn.MaxPool2d, nn.AvgPool2d]


def test_parameters_are_equal_and_flops_are_not():
    space, rng = Reductions(), np.random.default_rng(0)
    networks = [space.build(space.random(rng), 10, 16) for _ in range(10)]
    assert len({parameters(network) for network in networks}) == 1
    assert len({flops(network, (1, 3, 16, 16)) for network in networks}) > 5


def test_random_halves_as_often_as_set():
    rng = np.random.default_rng(0)
    for halvings in (1, 2, 3):
        space = Reductions(halvings=(halvings,), layers=2)
        for _ in range(20):
            assert np.prod([layer.factor for layer in space.parse(space.random(rng))]) == 2**halvings


def test_more_than_three_halvings_cannot_be_set():
    with pytest.raises(EznasError, match="The setting halvings of the space reductions is 4"):
        Reductions(halvings=(4,))
