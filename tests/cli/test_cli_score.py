import json

import pytest

from eznas.cli.app import main

FILE = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3), nn.BatchNorm2d(width),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 5),
        )

    def forward(self, images):
        return self.body(images)


def wide() -> nn.Module:
    return Net(8)


def batch(rng):
    return torch.from_numpy(rng.standard_normal((2, 3, 16, 16)))


not_a_batch = {}
"""


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(FILE)


def test_networks_by_name_and_all_of_a_file_have_the_same_scores(capfd):
    arguments = ["--proxy", "eznas-a", "--proxy", "params", "--seed", "3", "--json"]
    assert main(["score", "nets.py:wide", "nets.py:Net", *arguments]) == 0
    named = json.loads(capfd.readouterr().out)
    assert main(["rank", "nets.py", *arguments]) == 0
    printed = capfd.readouterr()
    ranked = json.loads(printed.out)
    assert "not called" not in printed.err
    assert [row["model"] for row in ranked["rows"]] == ["wide", "Net"]
    assert [row["scores"] for row in named["rows"]] == [row["scores"] for row in ranked["rows"]]
    assert named["proxies"] == ["eznas-a", "params"]


def test_the_table_says_which_weights_it_is_of(capfd):
    assert main(["score", "nets.py:Net", "--weights", "own", "--inputs", "nets.py:batch"]) == 0
    out = capfd.readouterr().out
    assert out.split("\n")[0].split() == ["rank", "model", "nasbench201-small", "params"]
    assert "Scores of each model's own weights, from R-C-B units; higher is better." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "nets.py:Net", "--inputs", "large"], "--inputs is 'large': give a shape such as 1x3x32x32"),
        (["score", "nets.py:Net", "--inputs", "nets.py:not_a_batch"], "The inputs are {}: give a tensor"),
        (["score", "nets.py:Net", "--inputs", "1x4x8x8"], "nasbench201-small scores none of the 1 models"),
        (["score", "nets"], "'nets' names no model"),
        (["rank", "nosuch.py"], "There is no file nosuch.py"),
    ],
)
def test_mistakes_are_one_sentence(capfd, arguments, message):
    assert main(arguments) == 1
    last = capfd.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("eznas: ")
    assert message in last
