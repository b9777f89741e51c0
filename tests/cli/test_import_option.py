import json
import subprocess
import sys
from pathlib import Path

import pytest

from eznas.cli.app import main

OPERATIONS = """
import eznas

@eznas.operation("cli_spread", reduces=True)
def spread(a):
    "Largest minus smallest element."
    return a.amax() - a.amin()

@eznas.terminal("cli_saliency", reads=["wt", "wt_grad.data"])
def saliency(wt, wt_grad):
    return (wt * wt_grad).abs()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_ops.py").write_text(OPERATIONS)


def eznas(*arguments):
    """Run a command in a process of its own, which knows no operation that another test registered."""
    return subprocess.run(
        [sys.executable, "-m", "eznas", *arguments], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.end_to_end
def test_a_run_with_own_operations_records_them_and_asks_for_them():
    arguments = ["run", "--networks", "6", "--held-out", "6", "--generations", "1", "--output", "run"]
    done = eznas(*arguments, "--genome-setting", "own=cli_spread,cli_saliency", "--import", "my_ops.py", "--json")
    assert done.returncode == 0, done.stderr
    assert "tree.own cli_saliency,cli_spread (paper none)" in done.stderr
    assert 'own = "cli_saliency,cli_spread"' in Path("run/config.toml").read_text()
    refused = eznas("evaluate", "run", "--networks", "4")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith(
        "eznas: A genome needs the own operations cli_saliency, cli_spread: import the module"
    )
    assert eznas("--import=my_ops.py", "run", "--resume", "run", "--quiet").returncode == 0


def test_formulas_and_lists_have_them(capfd):
    assert main(["operations", "--json", "--import", "my_ops.py"]) == 0
    listed = {one["name"]: one for one in json.loads(capfd.readouterr().out)["operations"]}
    assert listed["cli_spread"]["meaning"] == "Largest minus smallest element."
    assert main(["operations"]) == 0
    assert "cli_spread(A)" in capfd.readouterr().out


def test_a_module_that_is_not_there_is_one_sentence(capfd):
    assert main(["operations", "--import", "nosuch.py"]) == 1
    assert "eznas: There is no file nosuch.py" in capfd.readouterr().err
    assert main(["operations", "--import"]) == 2
