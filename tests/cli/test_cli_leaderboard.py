import json

import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas.cli.app import main


@pytest.fixture
def table(tmp_path):
    return str(write_tiny_benchmark(tmp_path, networks=8))


def test_a_leaderboard_prints_a_table_and_writes_files(table, tmp_path, capsys):
    arguments = ["leaderboard", "synflow", "l2_norm", "--benchmark", table, "--networks", "6", "--second-draw", "3"]
    arguments += ["--output", str(tmp_path / "board"), "--threads", "1"]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert "synflow" in printed.out
    assert "over params" in printed.out
    assert "6 networks scored of 6" in printed.err
    assert (tmp_path / "board" / "leaderboard.md").is_file()
    assert main([*arguments, "--json"]) == 0
    again = capsys.readouterr()
    assert "scored of" not in again.err
    assert [row["proxy"] for row in json.loads(again.out)["benchmarks"][table]["rows"]]


def test_an_unknown_proxy_is_refused_with_what_there_is(capsys):
    assert main(["leaderboard", "nosuch"]) == 1
    assert "choose one of across-spaces, az_expressivity, " in capsys.readouterr().err
