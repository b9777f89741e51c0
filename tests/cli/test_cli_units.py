import json

import pytest

from eznas.cli.app import main

NETWORKS = """
import torch
from torch import nn

def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.GELU(), nn.Flatten(), nn.Linear(144, 5))

def words() -> nn.Module:
    return nn.Sequential(nn.Embedding(100, 4), nn.Flatten(), nn.Linear(12, 2))

def batch(rng):
    return torch.from_numpy(rng.integers(100, size=(2, 3)))
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "networks_of_units.py"
    path.write_text(NETWORKS)
    return path.name


def test_what_is_found_and_what_is_in_no_unit(file, capfd):
    assert main(["units", f"{file}:small", "--inputs", "1x3x8x8"]) == 0
    text = capfd.readouterr().out
    assert text.splitlines()[0] == f"2 A-L-N units of {file}:small"
    assert "conv2d 0" in text
    assert "group_norm 1" in text
    assert "gelu" in text
    assert "The units hold 100 % of the 845 parameters. Units of each kind: 0 R-C-B, 0 C-B-R, 2 A-L-N." in text


def test_tokens_and_a_warning(file, capfd):
    assert main(["units", f"{file}:words", "--inputs", f"{file}:batch"]) == 0
    text = capfd.readouterr().out
    assert "In no unit" in text
    assert "less than half of it: its A-L-N units hold 6% of the parameters." in text


def test_json(file, capfd):
    assert main(["units", f"{file}:small", "--inputs", "1x3x8x8", "--unit", "A-L-N", "--json"]) == 0
    content = json.loads(capfd.readouterr().out)
    assert [unit["weight"] for unit in content["units"]] == [[4, 3, 3, 3], [5, 144]]
    assert content["coverage"] == 1


def test_a_kind_that_the_network_lacks(file, capfd):
    assert main(["units", f"{file}:small", "--inputs", "1x3x8x8", "--unit", "R-C-B"]) == 1
    assert "has no R-C-B unit" in capfd.readouterr().err
