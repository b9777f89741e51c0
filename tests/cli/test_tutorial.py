"""The tutorial is followed as it stands: its files are saved, and its commands are run from the first to the last."""

from __future__ import annotations

import json
import math

import pytest
from documented_page import blocks_of, environment_with, files_of, printed, save, text_of

pytestmark = pytest.mark.end_to_end

PAGE = text_of("tutorial.md")
FILES = files_of(PAGE, r"ave this as `([\w.]+)`")
(COMMANDS,) = [code for kind, code in blocks_of(PAGE) if kind == "sh"]


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The folder in which the tutorial was followed to its end, and what that printed."""
    folder = save(FILES, tmp_path_factory.mktemp("tutorial"))
    environment = environment_with(tmp_path_factory.mktemp("programs"), EZNAS_CACHE=str(folder / "cache"))
    return folder, printed(["bash", "-e", "-c", COMMANDS], folder, environment)


def test_it_ends_with_a_proxy_a_report_and_a_file(followed):
    folder, said = followed
    assert sorted(FILES) == ["accuracies.csv", "images.py", "models.py"]
    content = json.loads((folder / "first" / "result.json").read_text())
    proxy = json.loads((folder / "first" / "proxy.json").read_text())
    assert proxy["formula"] == content["chosen"]["formula"]
    page = (folder / "first" / "report.html").read_text()
    assert "Few networks:" in page
    assert "What each unit contributes" in page
    assert "import eznas" not in (folder / "my_proxy.py").read_text()
    assert math.isfinite(float(said.splitlines()[-1]))
    for text in ("eznas-a", "LaTeX", "first/report.html", "Kendall tau on 20 training, 8 validation and 20 held-out"):
        assert text in said


def test_what_the_page_says_of_the_numbers_is_so(followed):
    folder, _ = followed
    rows = (folder / "accuracies.csv").read_text().splitlines()
    assert f"accuracies of {len(rows) - 1} networks" in PAGE
    assert "for 28 of the networks" in PAGE
