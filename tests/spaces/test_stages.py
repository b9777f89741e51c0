import numpy as np
import pytest

from eznas.errors import EznasError
from eznas.spaces.complexity import flops, parameters
from eznas.spaces.stages import Stages


def test_the_text_is_channels_and_layers():
    assert Stages().parse("16x2/8x4") == [(16, 2), (8, 4)]


@pytest.mark.parametrize("text", ["16x0", "0x2", "1025x1", "16", "16x2x3"])
def test_mistakes_are_named(text):
    with pytest.raises(EznasError, match=f"'{text}' is no architecture of the space stages"):
        Stages().check(text)


def test_parameters_by_hand():
    def layer(channels_in, channels_out):
        return 9 * channels_in * channels_out + 2 * channels_out

    expected = (27 + 2) * 8 + layer(8, 4) + layer(4, 4) + layer(4, 6) + 6 * 10 + 10
    assert parameters(Stages().build("4x2/6x1", 10, 16)) == expected


def test_parameters_grow_with_every_width_and_depth():
    space = Stages()
    count = [parameters(space.build(text, 10, 16)) for text in ("4x2/6x1", "6x2/6x1", "6x2/8x1", "6x3/8x1", "6x3/8x2")]
    assert count == sorted(set(count))


def test_a_stage_more_is_cheaper_than_a_layer_more():
    space = Stages()
    assert flops(space.build("8x1/8x1", 10, 16), (1, 3, 16, 16)) < flops(space.build("8x2", 10, 16), (1, 3, 16, 16))


def test_random_reaches_every_number_of_stages():
    rng = np.random.default_rng(0)
    drawn = [Stages().parse(Stages().random(rng)) for _ in range(50)]
    assert {len(stages) for stages in drawn} == {1, 2, 3}
    assert {width for stages in drawn for width, _ in stages} == set(Stages().widths)
