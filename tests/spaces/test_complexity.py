import csv
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from eznas import spaces
from eznas.spaces import complexity
from eznas.spaces.complexity import flops, parameters
from eznas.spaces.nasbench201 import NASBench201


def table_rows():
    folder = os.environ.get("EZNAS_DATA", "")
    path = Path(folder) / "nasbench201" / "nb201_zc_proxies.csv"
    if not folder or not path.is_file():
        pytest.skip("EZNAS_DATA names no folder with nasbench201/nb201_zc_proxies.csv")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def check(row):
    with torch.device("meta"):
        network = NASBench201().build(row["net"], num_classes=10, image_size=32)
    assert parameters(network) == round(float(row["params"]) * 1e6), row["net"]
    assert flops(network, (1, 3, 32, 32)) == round(float(row["flops"]) * 1e6), row["net"]
    assert NASBench201().check(row["net"]) == row["net_str"]


def test_a_sample_of_the_published_counts_is_reproduced():
    for row in table_rows()[::197]:
        check(row)


@pytest.mark.slow
def test_all_published_counts_are_reproduced():
    rows = table_rows()
    assert len(rows) == 9445
    for row in rows:
        check(row)


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Conv2d(4, 6, 3, padding=1, bias=False), (1, 4, 5, 5), 6 * 25 * 4 * 9),
        (nn.Conv2d(4, 6, (1, 3), groups=2, padding=(0, 1)), (1, 4, 5, 5), 6 * 25 * (2 * 3 + 1)),
        (nn.Linear(7, 3), (1, 7), 21),
        (nn.BatchNorm2d(4), (1, 4, 5, 5), 200),
        (nn.BatchNorm2d(4, affine=False), (1, 4, 5, 5), 100),
        (nn.ReLU(), (1, 4, 5, 5), 100),
        (nn.AvgPool2d(2), (1, 4, 6, 6), 4 * 9 * 4),
        (nn.MaxPool2d((3, 1), stride=1), (1, 4, 6, 6), 4 * 4 * 6 * 3),
        (nn.AdaptiveAvgPool2d(1), (1, 4, 8, 8), 4 * 81),
        (nn.Identity(), (1, 4), 0),
    ],
)
def test_each_kind_of_layer_follows_its_rule(layer, shape, expected):
    assert flops(layer, shape) == expected


def test_counting_leaves_the_network_as_it_was():
    network = NASBench201(4, 1).build("(2, 2, 2, 2, 2, 2)", 10, 8).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    flops(network, (1, 3, 8, 8))
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


def test_only_trainable_parameters_count():
    layer = nn.Linear(3, 2)
    layer.bias.requires_grad_(False)
    assert parameters(layer) == 6


def counted_while_running(network, images):
    """FLOPs by the same rules from the tensors of a real forward pass."""
    total = 0

    def add(rule):
        def hook(layer, inputs, output):
            nonlocal total
            total += rule(layer, inputs[0], output)

        return hook

    for layer in network.modules():
        if (rule := complexity._rule_of(type(layer))) is not None:
            layer.register_forward_hook(add(rule))
    with torch.no_grad():
        network.eval()(images)
    return total


@pytest.mark.parametrize("name", sorted(spaces.SPACES))
def test_counts_are_those_of_a_real_pass_in_every_space(name):
    space = spaces.get(name)
    rng = np.random.default_rng(3)
    for architecture in (space.random(rng), space.random(rng)):
        network = space.build(architecture, 10, 32)
        counted = flops(network, (1, 3, 32, 32))
        assert counted == counted_while_running(network, torch.zeros(1, 3, 32, 32)), architecture
