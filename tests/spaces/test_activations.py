import numpy as np
import pytest
import torch
from torch import nn

from eznas.errors import EznasError
from eznas.spaces.activations import ACTIVATIONS, Activations
from eznas.spaces.complexity import parameters
from eznas.statistics.collect import collect, make_inputs


def test_layers_have_the_activations_of_the_text():
    body = Activations().build("relu/elu/silu/tanh/sigmoid/none", 10, 16).body
    assert [type(layer[0]) for layer in body] == [nn.ReLU, nn.ELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.Identity]
    assert [layer[1].stride[0] for layer in body] == [2, 1, 2, 1, 2, 1]


def test_a_network_without_relu_is_refused():
    with pytest.raises(EznasError, match=r"'elu/none' .* \(no layer has a relu\)"):
        Activations().check("elu/none")


@pytest.mark.parametrize("text", ["gelu", "relu/gelu", "RELU"])
def test_mistakes_are_named(text):
    with pytest.raises(EznasError, match=f"'{text}' is no architecture of the space activations"):
        Activations().check(text)


def test_parameters_are_equal():
    space, rng = Activations(), np.random.default_rng(0)
    assert len({parameters(space.build(space.random(rng), 10, 16)) for _ in range(5)}) == 1


def test_layers_with_a_relu_are_the_units():
    inputs = make_inputs(torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)), seed=0)
    assert collect(Activations().build("relu/tanh/none/relu/elu", 10, 16), inputs).units == 2


def test_random_mixes_two_activations_with_any_share_of_relu():
    rng = np.random.default_rng(0)
    drawn = [Activations().parse(Activations().random(rng)) for _ in range(300)]
    assert {name for names in drawn for name in names} == set(ACTIVATIONS)
    assert {names.count("relu") for names in drawn} == set(range(1, 17))
    assert max(len(set(names)) for names in drawn) == 3
