import numpy as np
import pytest
import torch
from torch import nn

from eznas.statistics.cancelled_gradients import cancelled_units, is_rounding, rounding_shares
from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.system.rounding import can_round_up, rounding_up
from eznas.terminals import BY_NAME

INPUTS = make_inputs(torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)), 0)


def block(given, activated):
    layers = nn.ReLU(), nn.Conv2d(given, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
    return nn.Sequential(*layers, *[nn.ReLU()] * activated)


def averaged(*blocks):
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 10))


class Branches(nn.Module):
    """A unit that is averaged at once, beside one that another unit reads, whose output is activated."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.head = block(3, False), block(3, False), averaged(block(6, True))

    def forward(self, images):
        first = self.first(images).mean((1, 2, 3))
        return self.head(self.second(images)) + first[:, None]


needs_rounding_up = pytest.mark.skipif(not can_round_up(), reason="this system cannot be told to round up")


@needs_rounding_up
@pytest.mark.parametrize(
    ("network", "cancelled"),
    [
        (averaged(block(3, False)), (0,)),
        (averaged(block(3, False), block(6, False)), (0, 1)),
        (averaged(block(3, False), block(6, True)), ()),
        (Branches(), (0,)),
    ],
    ids=["one", "all before it", "an activation after it", "one of several"],
)
def test_what_is_only_averaged_after_its_normalisation_has_no_gradient_but_rounding(network, cancelled):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert cancelled_units(network, INPUTS, "R-C-B") == cancelled
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@needs_rounding_up
def test_with_another_loss_it_may_have_one():
    network = averaged(block(3, False))
    weights = torch.tensor([[1.0], [-2.0]])  # the images of the batch are told apart
    assert cancelled_units(network, INPUTS, "R-C-B", loss=lambda output: (weights * output).sum()) == ()


@needs_rounding_up
def test_shares_are_of_the_units_whose_gradients_are_read():
    names = ("wt_grad.data", "act_grad.noise", "wt", "inp.data")
    addresses = [BY_NAME[name].address for name in names]
    settings = CollectionSettings(terminals=frozenset(addresses))
    as_ever = collect(Branches(), INPUTS, settings)
    with rounding_up():
        upward = collect(Branches(), INPUTS, settings)
    assert as_ever.units == 3
    weight, activation, *values = addresses
    # The output of the cancelled unit itself has a gradient: all of its places are averaged alike.
    sets = [{weight}, {activation}, {weight, activation, *values}, set(values), set()]
    np.testing.assert_array_equal(rounding_shares(as_ever, upward, sets), [1 / 3, 0, 1 / 3, np.nan, np.nan])


def test_a_gradient_of_zero_is_no_rounding():
    zero, one = np.zeros(3, np.float32), np.ones(3, np.float32)
    assert not is_rounding(zero, one)
    assert not is_rounding(one, np.nextafter(one, np.float32(2)))
    assert is_rounding(one, -one)
