import pytest
import torch
from torch import nn

from eznas.spaces.nds_operations import OPERATIONS, FactorizedReduce, Zero

CHANNELS = 6


def separable(kernel, channels):
    """One depthwise and one 1x1 convolution and the BatchNorm's two vectors, by hand."""
    return channels * kernel**2 + channels**2 + 2 * channels


# Trainable numbers of each operation of stride 1 on c channels, counted by hand.
PARAMETERS = {
    "none": lambda c: 0,
    "skip_connect": lambda c: 0,
    "avg_pool_3x3": lambda c: 0,
    "max_pool_3x3": lambda c: 0,
    "max_pool_5x5": lambda c: 0,
    "max_pool_7x7": lambda c: 0,
    "conv_1x1": lambda c: c * c + 2 * c,
    "conv_3x3": lambda c: 9 * c * c + 2 * c,
    "conv_3x1_1x3": lambda c: 2 * 3 * c * c + 2 * c,
    "conv_7x1_1x7": lambda c: 2 * 7 * c * c + 2 * c,
    "sep_conv_3x3": lambda c: 2 * separable(3, c),
    "sep_conv_5x5": lambda c: 2 * separable(5, c),
    "sep_conv_7x7": lambda c: 2 * separable(7, c),
    "dil_conv_3x3": lambda c: separable(3, c),
    "dil_conv_5x5": lambda c: separable(5, c),
    "dil_sep_conv_3x3": lambda c: 2 * separable(3, c),
}


def test_every_operation_is_counted():
    assert OPERATIONS.keys() == PARAMETERS.keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_parameters(name):
    operation = OPERATIONS[name](CHANNELS, 1)
    assert sum(parameter.numel() for parameter in operation.parameters()) == PARAMETERS[name](CHANNELS)
    assert not any(isinstance(layer, nn.Conv2d) and layer.bias is not None for layer in operation.modules())


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", OPERATIONS)
def test_shapes_at_every_size(name, stride, size):
    inputs = torch.randn(2, CHANNELS, size, size, requires_grad=True)
    outputs = OPERATIONS[name](CHANNELS, stride)(inputs)
    assert outputs.shape == (2, CHANNELS, -(-size // stride), -(-size // stride))
    assert torch.isfinite(outputs).all()
    if name != "none":
        outputs.sum().backward()
        assert inputs.grad is not None


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "conv" in name])
def test_convolutions_stand_between_relu_and_batch_norm(name):
    layers = [type(layer).__name__ for layer in OPERATIONS[name](CHANNELS, 2).children()]
    between = 1 if name in {"conv_1x1", "conv_3x3"} else 2
    group = ["ReLU", *["Conv2d"] * between, "BatchNorm2d"]
    assert layers in (group, group * 2)


def test_the_horizontal_kernel_comes_first():
    first, second = (layer for layer in OPERATIONS["conv_7x1_1x7"](CHANNELS, 2) if isinstance(layer, nn.Conv2d))
    assert (first.kernel_size, first.stride) == ((1, 7), (1, 2))
    assert (second.kernel_size, second.stride) == ((7, 1), (2, 1))


def test_only_the_first_repeat_of_a_separable_convolution_has_the_stride():
    strides = [layer.stride[0] for layer in OPERATIONS["sep_conv_5x5"](CHANNELS, 2) if isinstance(layer, nn.Conv2d)]
    assert strides == [2, 1, 1, 1]


def test_average_pool_ignores_the_padding():
    ones = torch.ones(1, CHANNELS, 4, 4)
    torch.testing.assert_close(OPERATIONS["avg_pool_3x3"](CHANNELS, 1)(ones), ones)


def test_factorized_reduce_reads_even_and_odd_positions():
    reduce = FactorizedReduce(1, 3)
    assert (reduce.even.out_channels, reduce.odd.out_channels) == (1, 2)
    nn.init.ones_(reduce.even.weight)
    nn.init.ones_(reduce.odd.weight)
    reduce.norm = nn.Identity()
    image = torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    outputs = reduce(image)
    torch.testing.assert_close(outputs[0, 0], torch.tensor([[1.0, 3.0], [7.0, 9.0]]))
    # Beyond the border of an odd size there is only the zero padding.
    torch.testing.assert_close(outputs[0, 1], torch.tensor([[5.0, 0.0], [0.0, 0.0]]))


def test_none_cuts_the_gradient():
    inputs = torch.full((1, 2, 5, 5), float("inf"), requires_grad=True)
    outputs = Zero(2)(inputs)
    assert not outputs.any()
    assert not outputs.requires_grad
