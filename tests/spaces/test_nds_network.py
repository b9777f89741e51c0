import pytest
import torch

from eznas.errors import EznasError
from eznas.spaces.complexity import parameters
from eznas.spaces.nds_genotype import CellGenotype, Genotype
from eznas.spaces.nds_network import CellNetwork, final_size, reduction_cells
from eznas.spaces.nds_operations import FactorizedReduce

SKIPS = CellGenotype((("skip_connect", 0), ("skip_connect", 1)), (2,))
POOLS = CellGenotype((("max_pool_3x3", 0), ("max_pool_3x3", 1)), (2,))
NONE = CellGenotype((("none", 0), ("none", 1)), (2,))


@pytest.mark.parametrize(
    ("depth", "expected"), [(1, {0}), (2, {0, 1}), (3, {1, 2}), (5, {1, 3}), (12, {4, 8}), (20, {6, 13})]
)
def test_reduction_cells(depth, expected):
    assert reduction_cells(depth) == expected


def test_final_size():
    assert (final_size(32, 20, "cifar"), final_size(224, 14, "imagenet"), final_size(33, 1, "cifar")) == (8, 7, 17)


@pytest.mark.parametrize(("stem", "size"), [("cifar", 16), ("cifar", 15), ("imagenet", 64), ("imagenet", 96)])
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_sizes_agree_with_the_maps(depth, stem, size):
    network = CellNetwork(Genotype(SKIPS, POOLS), width=4, depth=depth, num_classes=3, stem=stem)
    maps = []
    network.cells[-1].register_forward_hook(lambda _module, _inputs, output: maps.append(output.shape))
    assert network(torch.randn(2, 3, size, size)).shape == (2, 3)
    assert maps == [(2, 4 * 2 ** len(reduction_cells(depth)), *[final_size(size, depth, stem)] * 2)]


def test_parameters_by_hand():
    """Three cells of one node (width 5, without operations that have parameters): N, R, R, then the classifier."""
    width = 5
    network = CellNetwork(Genotype(SKIPS, POOLS), width, depth=3, num_classes=7)

    def convolution(channels_in, channels_out):
        return channels_in * channels_out + 2 * channels_out

    stem = 27 * 15 + 2 * 15
    first = convolution(15, 5) + convolution(15, 5)
    second = convolution(15, 10) + convolution(5, 10)
    third = convolution(5, 20) + convolution(10, 20)
    assert parameters(network) == stem + first + second + third + 20 * 7 + 7


def test_where_the_older_input_is_halved():
    network = CellNetwork(Genotype(SKIPS, POOLS), width=4, depth=6, num_classes=3)
    halved = [isinstance(cell.inputs[0], FactorizedReduce) for cell in network.cells]
    assert halved == [False, False, False, True, False, True]
    network = CellNetwork(Genotype(SKIPS, POOLS), width=4, depth=6, num_classes=3, stem="imagenet")
    halved = [isinstance(cell.inputs[0], FactorizedReduce) for cell in network.cells]
    assert halved == [True, False, False, True, False, True]


def test_only_edges_from_the_inputs_of_a_reduction_cell_have_the_stride():
    reduce = CellGenotype((("max_pool_3x3", 0), ("max_pool_3x3", 1), ("max_pool_3x3", 2), ("max_pool_3x3", 1)), (3,))
    network = CellNetwork(Genotype(reduce, reduce), width=4, depth=3, num_classes=3)
    assert [edge.stride for edge in network.cells[0].edges] == [1, 1, 1, 1]
    assert [edge.stride for edge in network.cells[1].edges] == [2, 2, 1, 2]


def test_concat_order_is_kept():
    inputs_first = CellGenotype((("skip_connect", 0), ("skip_connect", 0)), (2, 0))
    network = CellNetwork(Genotype(inputs_first, POOLS), width=4, depth=3, num_classes=3)
    cell = network.cells[0]
    older, newer = torch.randn(2, 2, 12, 8, 8)
    outputs = cell(older, newer)
    torch.testing.assert_close(outputs[:, :4], 2 * outputs[:, 4:])


def test_a_network_of_none_has_a_gradient():
    network = CellNetwork(Genotype(NONE, NONE), width=4, depth=3, num_classes=3)
    logits = network(torch.randn(1, 3, 16, 16))
    logits.backward(torch.ones_like(logits))
    assert torch.equal(network.classifier.bias.grad, torch.ones(3))


@pytest.mark.parametrize(("stem", "size", "norms"), [("cifar", 32, 2 * (128 + 768)), ("imagenet", 224, 2 * 128)])
def test_auxiliary_head(stem, size, norms):
    genotype = Genotype(SKIPS, POOLS)
    plain = CellNetwork(genotype, width=4, depth=3, num_classes=6, stem=stem)
    network = CellNetwork(genotype, width=4, depth=3, num_classes=6, stem=stem, auxiliary=True)
    head = 16 * 128 + 4 * 128 * 768 + norms + 768 * 6 + 6
    assert parameters(network) == parameters(plain) + head

    seen = []
    network.auxiliary_head.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0].shape))
    images = torch.randn(2, 3, size, size)
    assert network(images).shape == (2, 6)
    assert not seen
    logits, auxiliary = network.forward_with_auxiliary(images)
    assert (logits.shape, auxiliary.shape) == ((2, 6), (2, 6))
    assert seen == [(2, 16, *[8 if stem == "cifar" else 7] * 2)]


def test_auxiliary_head_mistakes():
    genotype = Genotype(SKIPS, POOLS)
    with pytest.raises(EznasError, match="has no auxiliary head"):
        CellNetwork(genotype, 4, 3, 6).forward_with_auxiliary(torch.randn(2, 3, 32, 32))
    with pytest.raises(
        EznasError, match="Images of 16x16 pixels are too small for the auxiliary head of the cifar stem"
    ):
        CellNetwork(genotype, 4, 3, 6, auxiliary=True).forward_with_auxiliary(torch.randn(2, 3, 16, 16))
