"""docs/python.md is run as it stands, Python in one process and commands beside their files; it has every name."""

import re
import sys

import pytest
from documented_page import blocks_of, environment_with, followed, printed, save, text_of

import eznas

PAGE = text_of("python.md")
BLOCKS = blocks_of(PAGE)
CODE = [code for kind, code in BLOCKS if kind == "python" and not code.startswith("# my_")]
FILES = {code.split()[1]: code for kind, code in BLOCKS if kind == "python" and code.startswith("# my_")}
(COMMANDS,) = [code for kind, code in BLOCKS if kind == "sh"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save({**FILES, "page.py": "\n".join(CODE)}, tmp_path_factory.mktemp("page"))


def test_the_python_runs_and_prints_what_it_says(folder, tmp_path):
    said = printed([sys.executable, "page.py"], folder, environment_with(tmp_path))
    shown = re.search(r"It prints:\n\n```\n(.*?)\n(.*?)\n\.\.\.\n```", PAGE, re.DOTALL)
    assert shown[1] in said
    numbers = r"rank  model .*\n +1  \d+ wide, \d deep +[\d.]+ +[\d.]+ +[\d,]+\n"
    assert re.search(numbers, said)
    assert re.search(numbers, f"{shown[1]}\n{shown[2]}\n")


def test_the_commands_run(folder, tmp_path):
    said = followed(COMMANDS, folder, tmp_path)
    assert "my_models.py:small" in said


@pytest.mark.parametrize("name", eznas.__all__)
def test_every_public_name_has_an_example(name):
    assert re.search(rf"\beznas\.{name}\b", PAGE if name == "__version__" else "\n".join(CODE))
