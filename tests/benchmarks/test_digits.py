import numpy as np
import pytest
import torch

from eznas import benchmarks
from eznas.errors import EznasError


def test_the_embedded_benchmark_loads_without_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    benchmark = benchmarks.load("digits")
    assert benchmark.name == "digits"
    assert len(benchmark) >= 400
    assert benchmark.accuracies.std() > 1
    assert benchmark.image_batch(16, np.random.default_rng(0)).shape[1] == 3
    assert len(benchmark.images) >= 200


def test_its_networks_fit_its_images():
    benchmark = benchmarks.load("digits")
    images = torch.from_numpy(benchmark.image_batch(2, np.random.default_rng(0)))
    assert benchmark.build(0)(images).shape == (2, benchmark.num_classes)


def test_it_says_that_it_is_a_toy_and_how_reliable():
    description = benchmarks.load("digits").description
    assert description.startswith("A toy benchmark that comes with eznas")
    assert "tau 0.71" in description


def test_it_has_one_split():
    assert benchmarks.load("digits", "test").accuracy_split == "test"
    with pytest.raises(EznasError, match="digits has no split 'validation'"):
        benchmarks.load("digits", "validation")
