"""docs/python.md is run as it stands, Python in one process and commands beside their files; it has every name."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import eznas

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CODE = [code for kind, code in BLOCKS if kind == "python" and not code.startswith("# my_")]
FILES = {code.split()[1]: code for kind, code in BLOCKS if kind == "python" and code.startswith("# my_")}
(COMMANDS,) = [code for kind, code in BLOCKS if kind == "sh"]


def environment(programs):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("EZNAS_")}
    return clean | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("page")
    for name, code in FILES.items():
        (made / name).write_text(code)
    (made / "page.py").write_text("\n".join(CODE))
    return made


def test_the_python_runs_and_prints_what_it_says(folder):
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=folder, env=environment(folder), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = re.search(r"It prints:\n\n```\n(.*?)\n(.*?)\n\.\.\.\n```", PAGE, re.DOTALL)
    assert shown[1] in done.stdout
    numbers = r"rank  model .*\n +1  \d+ wide, \d deep +[\d.]+ +[\d.]+ +[\d,]+\n"
    assert re.search(numbers, done.stdout)
    assert re.search(numbers, f"{shown[1]}\n{shown[2]}\n")


def test_the_commands_run(folder, tmp_path):
    (tmp_path / "eznas").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m eznas "$@"\n')
    (tmp_path / "eznas").chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-c", COMMANDS],
        cwd=folder,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "my_models.py:small" in done.stdout


@pytest.mark.parametrize("name", eznas.__all__)
def test_every_public_name_has_an_example(name):
    assert re.search(rf"\beznas\.{name}\b", PAGE if name == "__version__" else "\n".join(CODE))
