import pytest
import torch
from torch import nn

from eznas.errors import EznasError
from eznas.spaces.chain import Chain
from eznas.spaces.complexity import parameters
from eznas.spaces.sequential_network import Shortcut


def test_the_text_is_a_kind_and_a_depth_for_each_stage():
    assert Chain().parse("p3/r5") == [("p", 3), ("r", 5)]
    assert Chain().check("p0003/r5") == "p3/r5"


@pytest.mark.parametrize("text", ["p0", "r65", "q3", "p3r5", "3p"])
def test_mistakes_are_named(text):
    with pytest.raises(EznasError, match=f"'{text}' is no architecture of the space chain"):
        Chain().check(text)


def test_parameters_follow_from_the_number_of_layers():
    stem, layer, head = (27 + 2) * 4, 9 * 4 * 4 + 2 * 4, 4 * 10 + 10
    for text in ("p3/p2", "r1/r4", "p4/r1"):
        assert parameters(Chain(width=4).build(text, 10, 16)) == stem + 5 * layer + head


def test_only_layers_that_keep_the_resolution_have_a_shortcut():
    body = Chain().build("r3/p3", 10, 16).body
    assert [isinstance(layer, Shortcut) for layer in body] == [False, True, True, False, False, False]
    strides = [module.stride[0] for module in body.modules() if isinstance(module, nn.Conv2d)]
    assert strides == [2, 1, 1, 2, 1, 1]


def test_a_shortcut_adds_its_input():
    body = nn.Conv2d(2, 2, 1, bias=False)
    inputs = torch.randn(1, 2, 3, 3)
    torch.testing.assert_close(Shortcut(body)(inputs), inputs + body(inputs))
