import pytest
from torch import nn

from eznas.errors import EznasError
from eznas.spaces.complexity import parameters
from eznas.spaces.kernels import Kernels


def test_the_text_is_kernel_and_groups():
    assert Kernels().parse("k3g1/k5g16") == [(3, 1), (5, 16)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("k4g1", "kernel 4 is even"),
        ("k17g1", "kernel '17' is not from 1 to 15"),
        ("k3g3", "16 channels do not divide into 3 groups"),
        ("k3g32", "groups '32' is not from 1 to 16"),
        ("k3", "write the kernel size and the groups"),
    ],
)
def test_mistakes_are_named(text, message):
    with pytest.raises(EznasError, match=message):
        Kernels().check(text)


@pytest.mark.parametrize("settings", [{"kernels": (2,)}, {"groups": (3,)}, {"width": 6}])
def test_settings_that_random_could_not_draw_from_are_refused(settings):
    with pytest.raises(EznasError, match="is no architecture of the space kernels"):
        Kernels(**settings)


def test_layers_are_what_the_text_says():
    body = Kernels().build("k3g1/k5g4/k1g16/k3g2/k3g1/k3g1", 10, 16).body
    convolutions = [module for module in body.modules() if isinstance(module, nn.Conv2d)]
    assert [convolution.kernel_size[0] for convolution in convolutions] == [3, 5, 1, 3, 3, 3]
    assert [convolution.groups for convolution in convolutions] == [1, 4, 16, 2, 1, 1]
    assert [convolution.stride[0] for convolution in convolutions] == [2, 1, 2, 1, 2, 1]


def test_parameters_grow_with_kernels_and_shrink_with_groups():
    space = Kernels()
    count = [parameters(space.build(text, 10, 16)) for text in ("k1g16", "k3g16", "k3g4", "k3g1", "k5g1")]
    assert count == sorted(set(count))
    assert count[3] == (27 + 2) * 16 + 9 * 16 * 16 + 2 * 16 + 16 * 10 + 10
