from __future__ import annotations

import json

import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas.architecture_search.setting_of import build_network
from eznas.cli.app import main
from eznas.spaces import complexity


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_tiny_benchmark(tmp_path_factory.mktemp("tiny"))


def searched(capsys, *arguments):
    assert main(["search", "params", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_best_of_a_table_with_its_worth(table, tmp_path, capsys):
    content = searched(
        capsys, "--benchmark", str(table), "--strategy", "random", "--networks", "24", "--output", str(tmp_path / "a")
    )
    assert content["scored"] == 24
    assert content["benchmark"]["networks"] == 24
    assert content["best"][0]["score"] == content["best"][0]["params"]
    assert content["benchmark"]["trained"][0]["proxy"] == content["best"][0]["accuracy"]
    assert complexity.parameters(build_network(tmp_path / "a" / "best.json")) == content["best"][0]["params"]


def test_the_same_command_gives_the_same_and_prints_tables(table, tmp_path, capsys):
    arguments = ["search", "params", "--benchmark", str(table), "--networks", "10", "--output", str(tmp_path / "a")]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    assert main(arguments) == 0
    assert capsys.readouterr().out == first
    assert "random search expects as much of" in first
    assert "networks trained" in first


def test_limits_are_kept(table, tmp_path, capsys):
    content = searched(
        capsys,
        *("--benchmark", str(table), "--strategy", "random", "--networks", "8", "--max-params", "2000"),
        *("--output", str(tmp_path / "a"), "--show", "8"),
    )
    assert all(one["params"] <= 2000 for one in content["best"])
    assert content["limits"] == "at most 2,000 parameters"


def test_a_space_without_a_table_needs_images_and_nothing_else(table, tmp_path, capsys):
    content = searched(
        capsys,
        *("--space", "chain", "--images", str(table.with_suffix(".npz")), "--classes", "10", "--image-size", "16"),
        *("--strategy", "local", "--networks", "12", "--output", str(tmp_path / "a")),
    )
    assert "benchmark" not in content
    assert "accuracy" not in content["best"][0]
    assert complexity.parameters(build_network(tmp_path / "a" / "best.json")) == content["best"][0]["params"]


SPACE = """
from torch import nn

class Widths:
    def build(self, architecture, num_classes, image_size):
        width = int(architecture)
        return nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                             nn.Linear(width, num_classes))

    def random(self, rng):
        return str(rng.integers(1, 9))
"""


def test_a_space_of_ones_own_says_what_it_lacks(table, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "widths.py").write_text(SPACE)
    arguments = ["search", "params", "--space", "widths.py:Widths", "--images", str(table.with_suffix(".npz"))]
    arguments += ["--classes", "10", "--networks", "5", "--output", str(tmp_path / "a")]
    assert main([*arguments, "--strategy", "local"]) == 1
    assert "Widths cannot vary networks: give it a method `neighbours" in capsys.readouterr().err
    assert main([*arguments, "--strategy", "random"]) == 0
    assert complexity.parameters(build_network(tmp_path / "a" / "best.json")) > 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--space", "chain"], "--space needs --images"),
        (["--space", "chain", "--benchmark", "digits"], "leave out the benchmark's options"),
        (["--benchmark", "digits-darts", "--strategy", "local"], "take --strategy random"),
    ],
)
def test_mistakes_are_told(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["search", "params", *arguments]) == 1
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
