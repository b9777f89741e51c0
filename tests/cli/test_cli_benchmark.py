import inspect
import json
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from foreign_table import SPACE, write_foreign_table

from eznas.benchmarks.digit_images import DigitRecipe
from eznas.benchmarks.network_check import NetworkCheck
from eznas.benchmarks.training_settings import TrainingSettings
from eznas.cli import benchmark as cli_benchmark
from eznas.cli.app import main
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


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table of the user's own, with its space and images, in the current folder."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    return write_foreign_table(tmp_path)


def test_a_new_benchmark_is_described_checked_and_followed_by_the_next_command(table, capsys):
    given = [
        "--space",
        "space.py",
        "--images",
        "images.npz",
        "--accuracy-column",
        "top1",
        "--lower-is-better",
        "latency",
    ]
    assert main(["benchmark", "new", "t.csv", *given]) == 0
    printed = capsys.readouterr().out
    for part in (
        "18 networks of the space Space, with top1 as given in t.csv; images: images.",
        "all 10 images in images.npz, 10x10 pixels",
        "network checked  3x8,1x2",
        "3, where num_classes is 3",
        "Next: eznas run --benchmark t.csv --networks 9",
    ):
        assert part in printed
    rows = {line.split()[0]: line.split()[1:] for line in printed.splitlines() if line.startswith(("top1", "latency"))}
    assert rows["latency"] == ["17", "7", "1"]
    assert rows["top1"][0] == "18"
    assert (table.parent / "t.json").exists()


def test_a_new_benchmark_that_cannot_be_used_leaves_nothing_behind(table, capsys):
    (table.parent / "space.py").write_text(SPACE.replace("return Branchy(", "return Branchy(None, "))
    given = ["--space", "space.py", "--images", "images.npz", "--accuracy-column", "top1"]
    assert main(["benchmark", "new", "t.csv", *given]) == 1
    assert "(TypeError in space.py, line 20: Branchy.__init__() takes 3 positional" in capsys.readouterr().err
    assert main(["benchmark", "new", "t.csv", *given, "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert main(["benchmark", "new", "t.txt", *given]) == 1
    assert "'t.txt', does not end in .csv" in capsys.readouterr().err
    assert sorted(path.name for path in table.parent.glob("*.*")) == ["images.npz", "space.py", "t.csv"]


def test_the_next_command_has_what_the_defaults_of_a_run_do_not_fit():
    check = NetworkCheck("a", 3, {"R-C-B": 0, "C-B-R": 2})
    assert cli_benchmark._run_command(Path("my t.csv"), 150, check) == (
        "eznas run --benchmark 'my t.csv' --networks 75 --unit C-B-R"
    )
    check = NetworkCheck("a", 3, {"R-C-B": 1, "C-B-R": 0})
    assert cli_benchmark._run_command(Path("t.csv"), 200, check) == "eznas run --benchmark t.csv"
    assert cli_benchmark._run_command(Path("t.csv"), 4, check).endswith("--networks 3")
