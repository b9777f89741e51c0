"""What commands do with `--ray`; the cluster is one of this process."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager

import pytest
from inline_cluster import InlineCluster
from tiny_benchmark import write_tiny_benchmark

from eznas.cli.app import main

QUICK = ["--networks", "8", "--generations", "2", "--population", "8", "--mu", "6", "--lambda", "8", "--quiet"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=16))


@pytest.fixture
def joined(monkeypatch):
    """What clusters were joined, and with how many workers."""
    seen = []

    @contextmanager
    def connected(where, workers, observer):
        observer.phase("joining")
        seen.append((where, workers))
        yield InlineCluster(workers)

    monkeypatch.setattr("eznas.cluster.connection.connected", connected)
    return seen


def test_a_run_is_the_same_and_can_be_resumed(table, joined, tmp_path, capsys):
    for name, more in (("alone", []), ("cluster", ["--ray", "local", "--threads", "3"])):
        assert main(["run", "--benchmark", table, *QUICK, "--output", str(tmp_path / name), *more]) == 0
    for file in ("hall_of_fame.json", "history.jsonl", "networks.json"):
        assert (tmp_path / "alone" / file).read_bytes() == (tmp_path / "cluster" / file).read_bytes()
    assert "ray" not in (tmp_path / "cluster" / "config.toml").read_text()
    (tmp_path / "alone" / "summary.json").unlink()
    assert main(["run", "--resume", str(tmp_path / "alone"), "--ray", "host:1", "--threads", "2", "--quiet"]) == 0
    assert joined == [("local", 3), ("host:1", 2)]


def test_an_evaluation_is_the_same(table, joined, capsys):
    figures = []
    for more in ([], ["--ray", "local", "--threads", "2"]):
        assert main(["evaluate", "eznas-a", "naswot", "--benchmark", table, "--networks", "10", "--json", *more]) == 0
        figures.append({**json.loads(capsys.readouterr().out), "seconds": 0})
    assert figures[0] == figures[1]
    assert joined == [("local", 2)]


@pytest.mark.slow
def test_formulas_are_discovered_alike(table, joined, tmp_path, monkeypatch):
    search = ["--networks", "6", "--validation", "3", "--held-out", "5", "--rounds", "1", "--epochs", "1"]
    results = []
    for name, more in (("alone", []), ("cluster", ["--ray", "local", "--threads", "2"])):
        monkeypatch.setenv("EZNAS_CACHE", str(tmp_path / f"cache-{name}"))
        folder = tmp_path / name
        assert main(["discover", "--benchmark", table, *search, "--output", str(folder), *more]) == 0
        results.append((folder / "proxy.json").read_bytes())
    assert results[0] == results[1]
    assert joined == [("local", 2)]


def test_without_ray_a_command_says_how_to_install_it_and_leaves_nothing(table, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    folder = tmp_path / "run"
    assert main(["run", "--benchmark", table, *QUICK, "--output", str(folder), "--ray", "local"]) == 1
    assert capsys.readouterr().err.strip() == "eznas: --ray needs Ray: install it with `pip install 'eznas[ray]'`."
    assert not folder.exists()
