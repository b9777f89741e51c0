from __future__ import annotations

import json

import pytest
from tiny_benchmark import write_tiny_benchmark
from typer.testing import CliRunner

from eznas.cli.experiment import app

QUICK = [
    *("--threads", "1", "--seeds", "1"),
    *(
        word
        for one in ("rounds=1", "epochs=1", "search.islands=1", "search.members=10", "search.children=20")
        for word in ("--setting", one)
    ),
]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=16))


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in a folder of its own, and returns its output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EZNAS_CACHE", str(tmp_path / "cache"))

    def invoke(*arguments):
        result = CliRunner().invoke(app, [*arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return invoke


def test_few_networks_ranks_its_methods(run, table, tmp_path):
    arguments = ["few-networks", "--benchmark", table, "--count", "8", "--held-out", "6", *QUICK]
    result = run(*arguments, "--method", "discover", "--method", "params")
    assert "8 known networks: " in result.stdout
    folder = tmp_path / "runs" / "few-networks"
    assert {"few_networks.json", "few_networks.md"} <= {path.name for path in folder.iterdir()}
    again = run(*arguments, "--method", "params", "--json", "--quiet")
    assert json.loads(again.stdout)["results"][0]["held_out"] == 6
    assert again.stderr == ""


def test_leaving_spaces_out_gives_a_verdict(run, table, tmp_path):
    few = ("--setting", "networks=6", "--setting", "validation=3", "--test-networks", "8")
    result = run("discover", "--benchmark", table, "--benchmark", "digits-stages", *few, *QUICK)
    assert "Of 2 left-out benchmarks" in " ".join(result.stdout.split())
    assert (tmp_path / "runs" / "discover" / "chosen-space" / "discover.md").is_file()
