import copy
import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from eznas.spaces.nasbench201 import NASBench201
from eznas.spaces.skeleton import ShapesAlone, skeleton


def shape_of(network, shape):
    with torch.no_grad(), ShapesAlone():
        return tuple(skeleton(network)(torch.empty(shape, device="meta")).shape)


class Branches(nn.Module):
    """Adds, joins, and holds its layers in ways of its own."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.hidden = [nn.Conv2d(3, 4, 3, padding=1)]
        self.second = self.hidden[0]
        self.third = nn.Conv2d(3, 4, 3, padding=1)
        self.third.weight = self.first.weight
        self.scale = nn.Parameter(torch.ones(1, 4, 1, 1))
        self.bound = self.both

    def both(self, images: Tensor) -> Tensor:
        return self.first(images) + self.hidden[0](images) + self.scale

    def forward(self, images: Tensor) -> Tensor:
        both = self.bound(images)
        both += self.third(images)
        return torch.cat([both, torch.add(both, both, alpha=2), self.first(images)], dim=-3)


LAYERS = [
    nn.Conv2d(4, 6, (3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 2)),
    nn.Conv2d(4, 6, 3, padding="same"),
    nn.Conv2d(4, 6, 2, padding=1, padding_mode="circular", groups=2),
    nn.AvgPool2d(3, stride=2, ceil_mode=True),
    nn.AvgPool2d((3, 2)),
    nn.MaxPool2d(3, stride=2, padding=1, dilation=2),
    nn.AdaptiveAvgPool2d((2, None)),
    nn.Linear(11, 3, bias=False),
    nn.BatchNorm2d(4),
    nn.GroupNorm(2, 4),
    nn.Hardswish(),
    nn.Sequential(nn.Conv2d(4, 8, 1), nn.PixelShuffle(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)),
    nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 6, 3)),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_the_shape_of_an_output_is_that_of_a_real_pass(layer):
    images = torch.zeros(2, 4, 9, 11)
    assert shape_of(layer, images.shape) == tuple(copy.deepcopy(layer).eval()(images).shape)


def test_layers_in_lists_shared_weights_and_bound_methods_are_those_of_the_copy():
    images = torch.zeros(2, 3, 5, 7)
    assert shape_of(Branches(), images.shape) == tuple(Branches()(images).shape)


def test_an_input_without_a_batch_is_left_to_pytorch():
    assert shape_of(nn.Conv2d(3, 4, 3), (3, 8, 8)) == (4, 6, 6)


@pytest.mark.parametrize("layer", [nn.Conv2d(5, 4, 3), nn.BatchNorm2d(5), nn.MaxPool2d(40), nn.Linear(5, 2)], ids=str)
def test_what_pytorch_refuses_is_refused(layer):
    with pytest.raises((RuntimeError, ValueError)):
        shape_of(layer, (1, 3, 8, 8))


def test_sums_of_unlike_tensors_broadcast():
    class Sum(nn.Module):
        def forward(self, images):
            return images + images[:, :1] + 1

    assert shape_of(Sum(), (2, 3, 4, 5)) == (2, 3, 4, 5)


def test_the_network_keeps_its_numbers_and_methods():
    network = NASBench201(4, 1).build("(2, 2, 2, 2, 2, 2)", 10, 8).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    made = skeleton(network)
    assert not made.training
    assert all(not layer.training for layer in made.modules())
    assert all(layer.training and "forward" not in vars(layer) for layer in network.modules())
    assert shape_of(network, (1, 3, 8, 8)) == (1, 10)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_a_forward_method_of_ones_own_is_kept():
    layer = nn.Conv2d(3, 4, 3)
    layer.forward = lambda images: images[:, :2]
    assert shape_of(layer, (1, 3, 8, 8)) == (1, 2, 8, 8)


def test_a_network_with_a_head_is_counted_without_the_compiler_of_pytorch():
    code = (
        "import sys; from eznas.spaces.complexity import flops; from eznas.spaces.nasbench201 import NASBench201; "
        "flops(NASBench201(4, 1).build('(2, 2, 2, 2, 2, 2)', 10, 8), (1, 3, 8, 8)); "
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
