from __future__ import annotations

import json

import pytest

from eznas.errors import EznasError
from eznas.experiments.folder import ExperimentFolder

SETTINGS = {"evolution": {"generations": 15, "genome": "tree"}, "seeds": (0, 1)}


def test_a_piece_is_found_again_by_a_later_process(tmp_path):
    ExperimentFolder.open(tmp_path / "a", "study", SETTINGS).write_piece({"tau": 0.5}, "seed-0", "x/tiny.csv", "flops")
    again = ExperimentFolder.open(tmp_path / "a", "study", SETTINGS)
    assert again.piece("seed-0", "x/tiny.csv", "flops") == {"tau": 0.5}
    assert again.piece("seed-1", "x/tiny.csv", "flops") is None
    assert (tmp_path / "a" / "cells" / "seed-0" / "x_tiny" / "flops.json").is_file()


def test_a_damaged_piece_counts_as_missing(tmp_path):
    folder = ExperimentFolder.open(tmp_path / "a", "study", SETTINGS)
    folder.write_piece({"tau": 0.5}, "one")
    (tmp_path / "a" / "cells" / "one.json").write_text('{"tau": 0.')
    assert folder.piece("one") is None


def test_other_settings_are_refused_with_the_first_difference(tmp_path):
    ExperimentFolder.open(tmp_path / "a", "study", SETTINGS)
    changed = {**SETTINGS, "evolution": {"generations": 3, "genome": "tree"}}
    with pytest.raises(EznasError, match=r"evolution\.generations is 15 there, 3 here"):
        ExperimentFolder.open(tmp_path / "a", "study", changed)
    with pytest.raises(EznasError, match="'study', not 'other'"):
        ExperimentFolder.open(tmp_path / "a", "other", SETTINGS)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("chapter 1")
    with pytest.raises(EznasError, match="not the folder of an experiment"):
        ExperimentFolder.open(tmp_path, "study", SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_cost_adds_up_over_processes(tmp_path):
    first = ExperimentFolder.open(tmp_path / "a", "study", SETTINGS)
    once = first.cost()
    assert first.cost()["sessions"] == once["sessions"] == 1
    second = ExperimentFolder.open(tmp_path / "a", "study", SETTINGS).cost()
    assert second["sessions"] == 2
    assert second["seconds"] >= once["seconds"] > 0
    assert second["peak_memory_bytes"] > 2**20
    assert json.loads((tmp_path / "a" / "experiment.json").read_text())["settings"]["seeds"] == [0, 1]
