import json

import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas.cli.app import main


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.setenv("EZNAS_CACHE", str(tmp_path / "cache"))
    table = str(write_tiny_benchmark(tmp_path))
    sizes = ["--networks", "10", "--validation", "6", "--held-out", "8", "--depth", "1", "--sample-networks", "2"]
    made = ["--terminal", "wt", "--terminal", "inp_grad.noise", "--operation", "sign", "--operation", "product"]
    return ["enumerate", "--benchmark", table, *sizes, *made, "--output", str(tmp_path / "found")]


def test_the_best_formulas_are_printed_and_lie_in_the_folder(command, capfd, tmp_path):
    assert main([*command, "--compare-search", "1", "--compare-evaluations", "3000"]) == 0
    printed = capfd.readouterr()
    assert "size-3-sum" in printed.out
    assert "programs of depth up to 1 over 2 statistics and 2 operations" in printed.out
    assert "The evolving search" in printed.out
    assert printed.err == ""
    assert main([*command, "--json"]) == 0
    content = json.loads(capfd.readouterr().out)
    assert content["finished"]
    assert {f"{one['name']}.json" for one in content["best"]} == {
        path.name for path in (tmp_path / "found").glob("size-*")
    }
    assert (
        main(["evaluate", str(tmp_path / "found" / "size-1-sum.json"), "--benchmark", command[2], "--networks", "5"])
        == 0
    )


def test_what_cannot_be_is_one_sentence(command, capfd):
    assert main([*command, "--terminal", "weight"]) == 1
    assert "There is no statistic 'weight'" in capfd.readouterr().err
