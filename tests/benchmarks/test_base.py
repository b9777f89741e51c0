import dataclasses

import numpy as np
import pytest
import torch

from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.images import Normalisation
from eznas.errors import EznasError
from eznas.spaces.foreign import ForeignSpace
from eznas.spaces.nasbench201 import NASBench201

ARCHITECTURES = (
    "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|",
    "|skip_connect~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|",
    "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|avg_pool_3x3~2|",
)
IMAGES = np.random.default_rng(0).integers(256, size=(6, 8, 8, 3), dtype=np.uint8)


@pytest.fixture
def benchmark():
    reads = []

    def read_images():
        reads.append(1)
        return IMAGES

    benchmark = Benchmark(
        name="three",
        space=NASBench201(channels=4, cells=1),
        dataset="noise",
        architectures=ARCHITECTURES,
        accuracies=np.array([10.0, 20.0, 30.0]),
        accuracy_split="test",
        epochs=1,
        num_classes=7,
        image_size=8,
        read_images=read_images,
        normalisation=Normalisation((0.0, 0.0, 0.0), (255.0, 255.0, 255.0), "test"),
        description="Three networks.",
        source="made up",
    )
    object.__setattr__(benchmark, "reads", reads)
    return benchmark


@pytest.mark.parametrize("network", [1, "1", " 1 ", ARCHITECTURES[1], "(0, 1, 1, 1, 1, 2)"])
def test_finds_a_network_by_index_and_by_both_texts(benchmark, network):
    assert benchmark.find(network) == 1


@pytest.mark.parametrize("network", [3, "3", -1, "-1"])
def test_an_index_outside_is_refused(benchmark, network):
    with pytest.raises(EznasError, match=rf"three has no network {network}: its indices go from 0 to 2"):
        benchmark.find(network)


def test_a_network_that_the_table_lacks_is_refused(benchmark):
    with pytest.raises(EznasError, match="no accuracy for") as caught:
        benchmark.find("(1, 1, 1, 1, 1, 1)")
    assert "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|" in str(caught.value)


def test_a_text_that_is_no_architecture_is_refused(benchmark):
    with pytest.raises(EznasError, match="'resnet50'"):
        benchmark.find("resnet50")


def test_samples_are_distinct_nested_and_follow_the_generator(benchmark):
    samples = [benchmark.sample(count, np.random.default_rng(3)).tolist() for count in (1, 2, 3)]
    assert sorted(samples[2]) == [0, 1, 2]
    assert samples[0] == samples[2][:1]
    assert samples[1] == samples[2][:2]
    orders = {tuple(benchmark.sample(3, np.random.default_rng(seed)).tolist()) for seed in range(60)}
    assert len(orders) == 6


@pytest.mark.parametrize("count", [0, -1, 4])
def test_more_networks_than_there_are_is_refused(benchmark, count):
    with pytest.raises(EznasError, match=rf"{count} networks were asked of three, which has 3"):
        benchmark.sample(count, np.random.default_rng(0))


def test_image_batches_are_normalised_nested_and_read_the_images_once(benchmark):
    assert benchmark.reads == []
    whole = benchmark.image_batch(6, np.random.default_rng(1))
    small = benchmark.image_batch(2, np.random.default_rng(1))
    assert benchmark.reads == [1]
    assert whole.shape == (6, 3, 8, 8)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole[:2], small)
    expected = np.sort(IMAGES.astype(float).mean(axis=(1, 2, 3)) / 255)
    np.testing.assert_allclose(np.sort(whole.mean(axis=(1, 2, 3))), expected, rtol=1e-6)


@pytest.mark.parametrize("batch_size", [0, 7])
def test_a_batch_of_more_images_than_there_are_is_refused(benchmark, batch_size):
    with pytest.raises(EznasError, match=rf"A batch of {batch_size} images was asked of three, which has 6"):
        benchmark.image_batch(batch_size, np.random.default_rng(0))


def test_builds_the_network_of_an_index(benchmark):
    network = benchmark.build(1)
    assert network(torch.from_numpy(benchmark.image_batch(2, np.random.default_rng(0)))).shape == (2, 7)


class BrokenSpace(NASBench201):
    name = "broken"

    def build(self, architecture, num_classes, image_size):
        raise ZeroDivisionError("no layers")


def test_a_space_that_cannot_build_a_network_is_named(benchmark):
    with pytest.raises(
        EznasError,
        match=r"space broken of three .*network 2.*ZeroDivisionError in .*test_base\.py, line \d+: no layers",
    ) as caught:
        dataclasses.replace(benchmark, space=BrokenSpace()).build(2)
    assert ARCHITECTURES[2] in str(caught.value)


def test_what_is_no_network_is_named(benchmark):
    space = ForeignSpace("odd", lambda text: [text])
    with pytest.raises(EznasError, match=r"`build` of the space odd of three returned a list for network 1, \|skip"):
        dataclasses.replace(benchmark, space=space).build(1)


def test_the_label_says_what_is_known_of_the_accuracies(benchmark):
    assert benchmark.accuracy_label == "test, after 1 epochs"
    given = dataclasses.replace(benchmark, accuracy_split="latency", epochs=None, lower_is_better=True)
    assert given.accuracy_label == "latency, lower is better"


def test_its_text_is_short(benchmark):
    assert repr(benchmark) == "<Benchmark three: 3 networks>"


def test_accuracies_must_match_the_networks(benchmark):
    with pytest.raises(ValueError, match="3 architectures"):
        dataclasses.replace(benchmark, accuracies=np.zeros(2))


def test_labels_go_with_their_images(benchmark):
    labels = np.arange(6)
    labelled = dataclasses.replace(benchmark, read_labels=lambda: labels)
    images, drawn = labelled.labelled_batch(4, np.random.default_rng(1))
    np.testing.assert_array_equal(images, benchmark.image_batch(4, np.random.default_rng(1)))
    for image, label in zip(images, drawn, strict=True):
        np.testing.assert_allclose(image, IMAGES[label].transpose(2, 0, 1) / 255, rtol=1e-6)


@pytest.mark.parametrize("labels", [None, np.arange(5), np.arange(6) + 2, np.arange(6) - 1])
def test_labels_that_are_not_known_or_none_of_the_classes_are_none(benchmark, labels):
    other = dataclasses.replace(benchmark, read_labels=lambda: labels)
    assert other.labelled_batch(2, np.random.default_rng(0))[1] is None
    assert benchmark.labels is None
