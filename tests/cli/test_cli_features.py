import json

import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas.cli.app import main


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    monkeypatch.setenv("EZNAS_CACHE", str(tmp_path / "cache"))
    return str(write_tiny_benchmark(tmp_path))


def test_a_table_is_built_listed_and_removed(tiny, capfd):
    build = ["features", "build", "--benchmark", tiny, "--networks", "4", "--json"]
    assert main(build) == 0
    built = json.loads(capfd.readouterr().out)
    assert built["networks_computed_now"] == 4
    assert built["features"] > 900
    assert built["useful"] + sum(built["dropped"].values()) == built["features"]

    assert main(build) == 0
    again = json.loads(capfd.readouterr().out)
    assert again["networks_computed_now"] == 0
    assert again["folder"] == built["folder"]

    assert main(["features", "list", "--json"]) == 0
    (listed,) = json.loads(capfd.readouterr().out)["tables"]
    assert listed["path"] == built["folder"]
    assert listed["networks"] == 4
    assert main(["features", "list"]) == 0
    assert "R-C-B" in capfd.readouterr().out

    assert main(["features", "prune", "--to", "1GB"]) == 0
    assert "Removed 0 " in capfd.readouterr().out
    assert main(["features", "prune"]) == 0
    assert "Removed 1 " in capfd.readouterr().out
    assert main(["features", "list", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["tables"] == []


def test_too_many_networks_are_refused_before_anything_is_made(tiny, capfd, tmp_path):
    assert main(["features", "build", "--benchmark", tiny, "--networks", "25"]) == 1
    assert "24" in capfd.readouterr().err
    assert not (tmp_path / "cache").exists()
