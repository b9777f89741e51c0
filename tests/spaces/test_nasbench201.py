import numpy as np
import pytest
import torch

from eznas.errors import EznasError
from eznas.spaces import complexity
from eznas.spaces.base import Size
from eznas.spaces.nasbench201 import (
    EDGES,
    OPERATIONS,
    NASBench201,
    all_architectures,
    architecture_of,
    operation_indices,
    operations_of,
)

TEXT = "|avg_pool_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_1x1~2|"


def test_both_texts_name_the_same_architecture():
    # The first row of the table of NAS-Bench-Suite-Zero.
    assert operation_indices(TEXT) == "(4, 0, 3, 1, 4, 3)"
    assert NASBench201().check("(4, 0, 3, 1, 4, 3)") == TEXT
    assert NASBench201().check("(4,0,3,1,4,3)") == TEXT


def test_all_architectures_are_different_and_survive_both_encodings():
    texts = list(all_architectures())
    assert len(set(texts)) == 15_625
    for text in texts[::97]:
        assert architecture_of(operations_of(operation_indices(text))) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "resnet50",
        TEXT.replace("none", "nor_conv_7x7"),
        TEXT[:-1],
        TEXT + "|",
        TEXT.replace("none~1", "none~0"),
        "(4, 0, 3, 1, 4, 5)",
        "(4, 0, 3, 1, 4)",
        "(4, 0, 3, 1, 4, 3, 3)",
        "(-1, 0, 3, 1, 4, 3)",
    ],
)
def test_a_wrong_text_is_refused_by_name(text):
    with pytest.raises(EznasError) as caught:
        NASBench201().check(text)
    assert repr(text) in str(caught.value)
    assert "nor_conv_3x3" in str(caught.value)


def test_random_architectures_are_canonical_and_follow_the_generator():
    space = NASBench201()
    texts = [space.random(np.random.default_rng(3)) for _ in range(2)]
    assert texts[0] == texts[1] == space.check(texts[0])
    rng = np.random.default_rng(0)
    drawn = {operation for _ in range(60) for operation in operations_of(space.random(rng))}
    assert drawn == set(OPERATIONS)


def test_the_network_gives_logits_for_any_size_and_shows_the_skeleton():
    network = NASBench201(channels=4, cells=2).build(TEXT, num_classes=7, image_size=12)
    assert network(torch.randn(2, 3, 12, 12)).shape == (2, 7)
    assert network(torch.randn(2, 3, 32, 32)).shape == (2, 7)
    widths = [m.num_features for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    # Stem; two cells of two convolutions each; a residual block; and so on; the head.
    assert widths == [4] + [4] * 4 + [8] * 2 + [8] * 4 + [16] * 2 + [16] * 4 + [16]


def test_a_cell_sums_its_edges():
    only_skips = ["skip_connect"] * 6
    cell = NASBench201(2, 1).build(architecture_of(only_skips), 10, 8).cells[0]
    x = torch.randn(1, 2, 8, 8)
    # Four paths lead from the first node to the last, and each passes the input on.
    torch.testing.assert_close(cell(x), 4 * x)


@pytest.mark.parametrize("edge", range(len(EDGES)))
def test_a_single_edge_is_connected_where_the_text_says(edge):
    operations = ["none"] * 6
    operations[edge] = "skip_connect"
    cell = NASBench201(2, 1).build(architecture_of(operations), 10, 8).cells[0]
    x = torch.randn(1, 2, 8, 8)
    expected = x if EDGES[edge] == (0, 3) else torch.zeros_like(x)
    torch.testing.assert_close(cell(x), expected)


def test_a_cell_without_edges_still_trains():
    network = NASBench201(2, 1).build(architecture_of(["none"] * 6), 10, 8)
    network(torch.randn(2, 3, 8, 8)).sum().backward()
    assert network.classifier.bias.grad is not None


def test_average_pooling_does_not_count_the_padding():
    operations = ["none"] * 3 + ["avg_pool_3x3"] + ["none"] * 2
    cell = NASBench201(2, 1).build(architecture_of(operations), 10, 8).cells[0]
    torch.testing.assert_close(cell(torch.ones(1, 2, 8, 8)), torch.ones(1, 2, 8, 8))


def test_impossible_settings_are_refused():
    with pytest.raises(EznasError, match="0 channels"):
        NASBench201(channels=0)
    with pytest.raises(EznasError, match="3 pixels"):
        NASBench201().build(TEXT, 10, image_size=3)


@pytest.mark.parametrize(
    ("space", "num_classes", "image_size"), [(NASBench201(), 10, 32), (NASBench201(4, 1), 7, 8), (NASBench201(2), 3, 4)]
)
def test_the_size_of_a_network_follows_from_its_text(space, num_classes, image_size):
    rng = np.random.default_rng(1)
    same_edges = [architecture_of([operation] * len(EDGES)) for operation in OPERATIONS]
    for architecture in [*same_edges, *(space.random(rng) for _ in range(4))]:
        network = space.build(architecture, num_classes, image_size)
        counted = Size(complexity.parameters(network), complexity.flops(network, (1, 3, image_size, image_size)))
        assert space.network_size(architecture, num_classes, image_size) == counted


def test_the_size_of_other_networks_is_not_told():
    class Deeper(NASBench201):
        def build(self, architecture, num_classes, image_size):
            return super().build(architecture, num_classes + 1, image_size)

    assert Deeper().network_size(TEXT, 10, 32) is None
    assert NASBench201().network_size(TEXT, 10, 30) is None
