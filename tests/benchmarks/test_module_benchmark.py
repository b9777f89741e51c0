import copy

import numpy as np
import pytest
import torch
from torch import nn

import eznas
from eznas.errors import EznasError
from eznas.runs.settings import RunSettings

IMAGES = np.random.default_rng(0).integers(256, size=(8, 12, 12, 3), dtype=np.uint8)


def network(width):
    return nn.Sequential(
        nn.Conv2d(3, width, 3),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, width, 3),
        nn.BatchNorm2d(width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, 5),
    )


def test_modules_and_functions_are_a_benchmark_by_position():
    benchmark = eznas.Benchmark.from_modules([network(2), lambda: network(3)], [70.0, 80.0], IMAGES)
    assert benchmark.architectures == ("network 0", "network 1")
    assert (benchmark.num_classes, benchmark.image_size, benchmark.accuracy_label) == (5, 12, "given")
    assert benchmark.build(1)[0].out_channels == 3
    assert "2 modules with accuracies as given" in benchmark.description


def test_modules_by_name_without_those_that_have_no_accuracy():
    named = {"small": network(2), "unknown": network(3), "large": network(4)}
    benchmark = eznas.Benchmark.from_modules(named, [3.5, np.nan, 1.5], IMAGES, lower_is_better=True)
    assert benchmark.architectures == ("small", "large")
    np.testing.assert_array_equal(benchmark.accuracies, [-3.5, -1.5])
    assert "1 more have no accuracy" in benchmark.description
    assert "lower is better" in benchmark.description


@pytest.mark.parametrize("proxy", ["eznas-a", "params"])
def test_ready_modules_are_scored_with_fresh_weights_and_stay_as_they_were(proxy):
    modules = [network(width).eval() for width in (2, 3, 4)]
    before = [copy.deepcopy(module.state_dict()) for module in modules]
    benchmark = eznas.Benchmark.from_modules(modules, [1.0, 2.0, 3.0], IMAGES)
    from eznas.proxies import hand_made

    chosen = hand_made.load(proxy) if proxy in hand_made.names() else eznas.load_proxy(proxy)
    evaluations = [eznas.evaluate([chosen], benchmark, networks=3, seed=seed) for seed in (0, 0)]
    np.testing.assert_array_equal(evaluations[0].rankings[0].scores, evaluations[1].rankings[0].scores)
    for module, state in zip(modules, before, strict=True):
        assert not module.training
        assert all(torch.equal(module.state_dict()[name], tensor) for name, tensor in state.items())
        assert all(parameter.grad is None for parameter in module.parameters())


def test_images_are_arrays_tensors_or_files(tmp_path):
    np.savez(tmp_path / "images.npz", x_train=IMAGES)
    for images in (IMAGES, torch.from_numpy(IMAGES), tmp_path / "images.npz"):
        benchmark = eznas.Benchmark.from_modules([network(2)], [1.0], images)
        np.testing.assert_array_equal(benchmark.images, IMAGES)
    assert eznas.Benchmark.from_modules([network(2)], [1.0], IMAGES, image_size=9).image_size == 9
    standardised = torch.randn(4, 3, 12, 12, generator=torch.Generator().manual_seed(0))
    batch = eznas.Benchmark.from_modules([network(2)], [1.0], standardised).image_batch(4, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(batch, axis=0), np.sort(standardised.numpy(), axis=0))


@pytest.mark.parametrize(
    ("modules", "accuracies", "images", "message"),
    [
        ([network(2)], [1.0, 2.0], IMAGES, r"1 modules and accuracies of shape \(2,\): give one number for each"),
        ([], [], IMAGES, "0 modules"),
        ([network(2)] * 2, [1.0, np.inf], IMAGES, "accuracy of 'network 1' is infinite"),
        ([network(2)], [np.nan], IMAGES, "None of the 1 modules has an accuracy"),
        ([network(2)], [1.0], IMAGES[:, :2, :2], r"cannot be run on images of 2x2 pixels \(RuntimeError"),
        ([lambda: 3], [1.0], IMAGES, "`build` of the space modules of modules returned a int for network 0, network 0"),
        ([lambda: {}[1]], [1.0], IMAGES, r"\(KeyError in .*test_module_benchmark\.py, line"),
        ([nn.Flatten()], [1.0], IMAGES[:0], r"shape \(0, 12, 12, 3\)"),
    ],
)
def test_mistakes_are_told_at_once(modules, accuracies, images, message):
    with pytest.raises(EznasError, match=message):
        eznas.Benchmark.from_modules(modules, accuracies, images)


def test_a_run_takes_its_benchmark_by_name():
    benchmark = eznas.Benchmark.from_modules([network(2)], [1.0], IMAGES)
    with pytest.raises(EznasError, match=r"benchmark is <Benchmark modules: 1 networks>: .* `eznas benchmark new`"):
        RunSettings(benchmark=benchmark)
