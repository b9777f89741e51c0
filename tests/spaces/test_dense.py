import pytest
import torch
from torch import nn

from eznas.errors import EznasError
from eznas.spaces.complexity import parameters
from eznas.spaces.dense import Block, Dense, DenseLayer


def test_the_text_is_growth_layers_bottleneck_and_compression():
    assert Dense().parse("8x3b/4x5c/2x2bc/2x1") == [
        Block(8, 3, bottleneck=True, compressed=False),
        Block(4, 5, bottleneck=False, compressed=True),
        Block(2, 2, bottleneck=True, compressed=True),
        Block(2, 1, bottleneck=False, compressed=False),
    ]


@pytest.mark.parametrize("text", ["8x3cb", "8x3bb", "0x3", "8x0", "8x65", "8"])
def test_mistakes_are_named(text):
    with pytest.raises(EznasError, match=f"'{text}' is no architecture of the space dense"):
        Dense().check(text)


def test_parameters_by_hand():
    def conv(channels_in, channels_out, kernel=1):
        return kernel**2 * channels_in * channels_out + 2 * channels_out

    space, stem = Dense(stem_width=6), (27 + 2) * 6
    plain = conv(6, 4, 3) + conv(10, 4, 3) + conv(14, 14)
    assert parameters(space.build("4x2", 10, 16)) == stem + plain + 14 * 10 + 10
    compressed = conv(6, 8) + conv(8, 4, 3) + conv(10, 5)
    assert parameters(space.build("4x1bc", 10, 16)) == stem + compressed + 5 * 10 + 10


def test_a_layer_keeps_its_input():
    inputs = torch.randn(2, 5, 4, 4)
    output = DenseLayer(5, 3, bottleneck=True)(inputs)
    assert output.shape == (2, 8, 4, 4)
    torch.testing.assert_close(output[:, :5], inputs)


def test_each_block_halves_the_resolution():
    body = Dense().build("4x2/4x1", 10, 16).body
    assert body(torch.randn(1, 8, 16, 16)).shape[-2:] == (4, 4)
    assert sum(isinstance(layer, nn.AvgPool2d) for layer in body) == 2


def test_one_channel_is_not_compressed_away():
    assert Dense(stem_width=1).build("1x1c/1x1c", 10, 16)(torch.randn(2, 3, 16, 16)).shape == (2, 10)
