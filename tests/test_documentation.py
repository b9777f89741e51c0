"""The documentation: its pages are all there and all found, and the code that shows how to add things runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
HOW_TO_ADD = re.findall(r"^```python\n(.*?)^```$", (DOCS / "how-to-add.md").read_text(), re.MULTILINE | re.DOTALL)


def test_every_page_of_the_navigation_is_there_and_every_page_is_in_it():
    lines = [line for line in NAVIGATION.splitlines() if not line.strip().startswith("#")]
    named = re.findall(r": ([\w/-]+\.md)", "\n".join(lines))
    assert sorted(named) == sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda path: path.name)
def test_links_within_the_documentation_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).is_file(), target


@pytest.mark.parametrize("name", re.findall(r"^::: ([\w.]+)$", (DOCS / "reference.md").read_text(), re.MULTILINE))
def test_what_the_reference_names_exists_and_is_described(name):
    module, _, member = name.rpartition(".")
    found = getattr(__import__(module, fromlist=[member]), member)
    assert found.__doc__


def test_a_space_of_ones_own_builds_what_it_draws():
    space, _ = HOW_TO_ADD
    names = {}
    exec(space, names)
    towers, rng = names["Towers"](), np.random.default_rng(0)
    network = towers.build(towers.random(rng), num_classes=10, image_size=8)
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 10)


def test_a_fitness_of_ones_own_evolves_what_it_asks_for(capsys):
    _, fitness = HOW_TO_ADD
    exec(fitness, {})
    assert capsys.readouterr().out.startswith("7 ")
