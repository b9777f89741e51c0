import numpy as np
import pytest
import torch
from torch import nn

from eznas.benchmarks.image_set import ImageSet
from eznas.benchmarks.trainer import _memory_format, _schedule, train_network
from eznas.benchmarks.training_settings import TrainingSettings
from eznas.errors import EznasError

SETTINGS = TrainingSettings(epochs=4, batch_size=10, learning_rate=0.05)


def bright_or_dark(count, rng):
    labels = np.arange(count) % 2
    images = rng.integers(0, 100, (count, 6, 6, 3)) + 120 * labels[:, None, None, None]
    return images.astype(np.uint8), labels


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return ImageSet(*bright_or_dark(60, rng), *bright_or_dark(40, rng), recipe={"source": "brightness"})


def network(dropout=0.0):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Dropout(dropout), nn.Linear(64, 2)
        )


def test_an_easy_task_is_learned(images):
    result = train_network(network(), images, SETTINGS, seed=0)
    assert result.accuracy > 95
    assert result.loss < 0.3
    assert result.seconds > 0


def test_the_seed_determines_the_weights_and_the_global_generator_is_left_alone(images):
    before = torch.random.get_rng_state()
    trained = []
    for seed in (0, 0, 1):
        model = network(dropout=0.3)
        train_network(model, images, SETTINGS, seed)
        trained.append(model[0].weight.detach())
    assert torch.equal(trained[0], trained[1])
    assert not torch.equal(trained[0], trained[2])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_divergence_gives_chance_and_a_loss_that_is_not_finite(images):
    result = train_network(network(), images, TrainingSettings(epochs=3, batch_size=10, learning_rate=1e30), seed=0)
    assert not np.isfinite(result.loss)
    assert 0 <= result.accuracy <= 100


def test_the_learning_rate_rises_and_falls():
    rates = [_schedule(step, 100, warmup=0.2) for step in range(100)]
    assert rates[:21] == sorted(rates[:21])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert max(rates) == pytest.approx(1.0)
    assert 0 < rates[-1] < 0.01


def test_a_batch_larger_than_the_training_set_is_refused(images):
    with pytest.raises(EznasError, match="batch of 64 is larger than the 60"):
        train_network(network(), images, TrainingSettings(batch_size=64), seed=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", 0), ("batch_size", 1), ("learning_rate", 0.0), ("learning_rate", float("nan")), ("warmup", 1.0)],
)
def test_impossible_settings_are_refused_by_name(name, value):
    with pytest.raises(EznasError, match=f"{name} is {value}"):
        TrainingSettings(**{name: value})


def test_a_strided_convolution_of_few_channels_is_not_trained_in_the_layout_that_breaks(images):
    narrow, wide = (nn.Sequential(nn.Conv2d(3, n, 3), nn.Conv2d(n, 4, 1, stride=2)) for n in (4, 8))
    assert _memory_format(narrow) is torch.contiguous_format
    assert _memory_format(wide) is torch.channels_last
    layouts = []
    narrow.append(nn.Flatten()).append(nn.Linear(16, 2))
    narrow.register_forward_pre_hook(lambda _, inputs: layouts.append(inputs[0].is_contiguous()))
    train_network(narrow, images, SETTINGS, seed=0)
    assert all(layouts)
