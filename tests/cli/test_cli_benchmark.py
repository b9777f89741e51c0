import inspect
import json
from importlib import resources

import numpy as np
import pytest

from eznas.benchmarks.digit_images import DigitRecipe
from eznas.benchmarks.training_settings import TrainingSettings
from eznas.cli import benchmark as cli_benchmark
from eznas.cli.benchmark import train, write_images
from eznas.errors import EznasError


def test_the_defaults_are_those_of_the_embedded_protocol():
    defaults = {name: parameter.default for name, parameter in inspect.signature(train).parameters.items()}
    for settings in (TrainingSettings(), DigitRecipe()):
        shared = vars(settings).keys() & defaults.keys()
        assert {name: defaults[name] for name in shared} == {name: vars(settings)[name] for name in shared}
    record = json.loads((resources.files("eznas.benchmarks") / "embedded" / "digits.json").read_text())
    assert {name: record[name] for name in ("networks", "seeds")} == {
        name: defaults[name] for name in ("networks", "seeds")
    }
    assert {"epochs", "batch_size", "learning_rate", "train_images", "test_images", "seed"} <= defaults.keys()


def test_the_sample_images_are_the_same_every_time_and_are_training_images(tmp_path):
    for name in ("a.npz", "b.npz"):
        write_images(tmp_path / name, train_images=50, test_images=20, count=30)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    expected = cli_benchmark._image_set("digits", 50, 20, 0)
    with np.load(tmp_path / "a.npz") as saved:
        np.testing.assert_array_equal(saved["x_train"], expected.x_train[:30])
        np.testing.assert_array_equal(saved["y_train"], expected.y_train[:30])


def test_mistakes_are_told_before_any_training(tmp_path):
    with pytest.raises(EznasError, match=r"table\.txt"):
        train(tmp_path / "table.txt")
    with pytest.raises(EznasError, match="cifar"):
        train(tmp_path / "table.csv", images="cifar")
    with pytest.raises(EznasError, match="epochs is 0"):
        train(tmp_path / "table.csv", epochs=0, networks=2)
    with pytest.raises(EznasError, match="There is no search space called 'nasbench'"):
        train(tmp_path / "table.csv", space="nasbench")
    assert not list(tmp_path.iterdir())


def test_a_smaller_choice_of_networks_is_the_beginning_of_a_larger_one():
    from eznas.spaces.nasbench201 import NASBench201

    few, many = (cli_benchmark._different_networks(NASBench201(), n, np.random.default_rng(0)) for n in (5, 200))
    assert many[:5] == few
    assert len(set(many)) == 200


def test_a_space_with_too_few_networks_is_told():
    class Pair:
        name = "pair"

        def random(self, rng):
            return str(rng.integers(2))

        def check(self, text):
            return text

    with pytest.raises(EznasError, match="only 2 different networks"):
        cli_benchmark._different_networks(Pair(), 3, np.random.default_rng(0))
