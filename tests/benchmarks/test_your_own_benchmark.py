"""The documented page is run as it stands: its files are saved and its shell block is executed."""

import json
import os

import numpy as np
import pytest
import torch
from documented_page import blocks_of, files_of, followed, save, text_of

import eznas

PAGE = text_of("your-own-benchmark.md")
FILES = files_of(PAGE, r"as `(\w+\.py)`:")
(COMMANDS,) = [code for kind, code in blocks_of(PAGE) if kind == "sh"]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A folder in which the page was followed to its end, and what that printed."""
    folder = save(FILES, tmp_path_factory.mktemp("page"))
    return folder, followed(COMMANDS, folder, tmp_path_factory.mktemp("programs"))


def test_the_commands_are_few_and_end_with_a_finished_run(page):
    folder, said = page
    assert len(COMMANDS.splitlines()) <= 10
    summary = json.loads((folder / "first-run" / "summary.json").read_text())
    (figures,) = summary["protocol"]["benchmarks"].values()
    assert figures["held_out"] == 36 - 16
    assert figures["accuracy"] == "top1"
    assert "Next: eznas run --benchmark accuracies.csv --networks 18" in said
    assert "trained by eznas" not in said


def test_the_record_says_what_was_found_out(page):
    folder, _ = page
    record = json.loads((folder / "accuracies.json").read_text())
    assert record["space"] == {"name": "my_space.py:MultiBranch", "settings": {}}
    assert (record["num_classes"], record["image_size"], record["epochs"]) == (5, 20, None)
    assert record["splits"] == {
        "top1": {"columns": ["top1"], "lower_is_better": False},
        "latency_ms": {"columns": ["latency_ms"], "lower_is_better": True},
    }


def test_the_tasks_have_their_own_networks_and_direction(page, monkeypatch, tmp_path):
    folder, _ = page
    monkeypatch.chdir(tmp_path)
    top1 = eznas.load_benchmark(str(folder / "accuracies.csv"))
    latency = eznas.load_benchmark(os.path.relpath(folder / "accuracies.csv"), "latency_ms")
    assert (len(top1), len(latency)) == (36, 40)
    assert latency.accuracies.max() < 0 < top1.accuracies.min()
    images = torch.from_numpy(top1.image_batch(2, np.random.default_rng(0)))
    assert top1.build(0)(images).shape == (2, 5)
