import numpy as np
import pytest
import torch

from eznas import benchmarks
from eznas.errors import EznasError

OTHERS = [name for name in benchmarks.names() if name.startswith("digits-")]


def test_the_embedded_benchmark_loads_without_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    benchmark = benchmarks.load("digits")
    assert benchmark.name == "digits"
    assert len(benchmark) >= 400
    assert benchmark.accuracies.std() > 1
    assert benchmark.image_batch(16, np.random.default_rng(0)).shape[1] == 3
    assert len(benchmark.images) >= 200
    assert sorted(set(benchmark.labels.tolist())) == list(range(10))


def test_its_networks_fit_its_images():
    benchmark = benchmarks.load("digits")
    images = torch.from_numpy(benchmark.image_batch(2, np.random.default_rng(0)))
    assert benchmark.build(0)(images).shape == (2, benchmark.num_classes)


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_spaces_are_at_hand_and_labelled(monkeypatch, tmp_path, name):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    benchmark = benchmarks.load(name)
    assert benchmark.space.name in (name.replace("digits", "nds"), name.removeprefix("digits-"))
    assert len(benchmark) >= 120
    assert benchmark.accuracies.std() > 1
    assert benchmark.description.startswith("A toy benchmark that comes with eznas")
    assert "mean over 2 seeds (two halves of the seeds rank the networks with tau 0." in benchmark.description
    images = torch.from_numpy(benchmark.image_batch(2, np.random.default_rng(0)))
    assert benchmark.build(0)(images).shape == (2, benchmark.num_classes)


def test_the_embedded_benchmarks_share_their_images():
    expected = benchmarks.load("digits").images
    for name in OTHERS:
        np.testing.assert_array_equal(benchmarks.load(name).images, expected)


def test_it_says_that_it_is_a_toy_and_how_reliable():
    description = benchmarks.load("digits").description
    assert description.startswith("A toy benchmark that comes with eznas")
    assert "tau 0.71" in description


def test_it_has_one_split():
    assert benchmarks.load("digits", "test").accuracy_split == "test"
    with pytest.raises(EznasError, match="digits has no split 'validation'"):
        benchmarks.load("digits", "validation")
