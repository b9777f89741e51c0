import numpy as np
import pytest
import torch
from torch import nn

from eznas import spaces
from eznas.errors import EznasError
from eznas.spaces.complexity import parameters
from eznas.spaces.nats_size import CHANNELS, NATSSize, SizeCell, all_architectures, channels_of


@pytest.mark.parametrize(
    ("architecture", "expected"),
    # The parameters that the benchmark's files record for CIFAR-10 (in millions: 0.011714, 0.107826, 0.713674).
    [("8:8:8:8:8", 11_714), ("8:8:16:40:40", 107_826), ("64:64:64:64:64", 713_674)],
)
def test_parameters_are_the_benchmark_s(architecture, expected):
    assert parameters(NATSSize().build(architecture, num_classes=10, image_size=32)) == expected


@pytest.mark.parametrize("size", [8, 16, 32])
def test_random_networks_run_forward_and_backward(size):
    space, rng = NATSSize(), np.random.default_rng(size)
    for _ in range(3):
        architecture = space.random(rng)
        assert space.check(architecture) == architecture
        logits = space.build(architecture, 10, size)(torch.randn(1, 3, size, size))
        logits.backward(torch.ones_like(logits))
        assert logits.shape == (1, 10)
        assert torch.isfinite(logits).all()


def test_the_whole_space():
    architectures = list(all_architectures())
    assert len(set(architectures)) == len(architectures) == 32_768
    assert (architectures[0], architectures[1], architectures[-1]) == ("8:8:8:8:8", "8:8:8:8:16", "64:64:64:64:64")


def test_random_reaches_every_channel_count():
    rng = np.random.default_rng(0)
    drawn = np.array([channels_of(NATSSize().random(rng)) for _ in range(200)])
    assert all(set(column) == set(CHANNELS) for column in drawn.T)


def test_the_skip_is_projected_without_relu_only_when_channels_change():
    assert isinstance(SizeCell(8, 8).edge_03, nn.Identity)
    assert [type(layer) for layer in SizeCell(8, 16).edge_03] == [nn.Conv2d, nn.BatchNorm2d]


def test_cell_sums_its_edges():
    cell = SizeCell(8, 8)
    for edge in (cell.edge_01, cell.edge_02, cell.edge_12, cell.edge_13, cell.edge_23):
        edge[1].weight.detach().zero_()
    inputs = torch.randn(2, 8, 4, 4)
    torch.testing.assert_close(cell(inputs), inputs)


@pytest.mark.parametrize("text", ["", "8:8:8:8", "8:8:8:8:8:8", "8:8:8:8:12", "8:8:8:8:-8", "a:b:c:d:e", "8,8,8,8,8"])
def test_other_texts_are_refused(text):
    with pytest.raises(EznasError, match=f"'{text}' is no architecture of the NATS-Bench size space"):
        NATSSize().check(text)


def test_spaces_are_dropped():
    assert NATSSize().check(" 8: 16:24:32:40\n") == "8:16:24:32:40"


@pytest.mark.parametrize("size", [4, 10])
def test_images_must_halve_twice(size):
    with pytest.raises(EznasError, match=f"Images of {size} pixels do not fit"):
        NATSSize().build("8:8:8:8:8", 10, size)


def test_registered():
    assert spaces.get("natsbench-size") == NATSSize()
