from __future__ import annotations

import json

import pytest

from eznas.errors import EznasError
from eznas.experiments.genome_arms import ARMS
from eznas.experiments.genome_comparison import GenomeComparison
from eznas.experiments.genome_plot import plot
from eznas.runs.directory import stored_settings
from eznas.runs.settings import SETTINGS


@pytest.fixture(scope="module")
def comparison(table, quick):
    settings = {**quick, "generations": 1, "sequential": {"maximum_length": 40}, "tree": {"maximum_depth": 5}}
    return GenomeComparison(table, (0, 1), held_out=8, settings=settings)


@pytest.fixture(scope="module")
def finished(comparison, tmp_path_factory):
    folder, lines = tmp_path_factory.mktemp("comparisons") / "genomes", []
    return folder, comparison.run(folder, lines.append), lines


def test_both_genomes_get_the_same_networks_and_their_own_settings(finished):
    folder, _, _ = finished
    evolutions = folder / "evolutions" / "seed-1"
    tree, sequential = (stored_settings(evolutions / f"paper-{name}") for name in ("tree", "sequential"))
    assert tree.genome_settings["maximum_depth"] == 5
    assert sequential.genome_settings["maximum_length"] == 40
    for key in SETTINGS.keys() - {"genome"}:
        assert tree.value(key) == sequential.value(key)


def test_every_arm_selects_in_its_own_way(finished):
    folder, _, _ = finished
    found = {}
    for arm in ARMS:
        evolution = stored_settings(folder / "evolutions" / "seed-0" / f"{arm.name}-tree").evolution
        found[arm.name] = (evolution.selection, evolution.distinct, evolution.novelty_retries)
    assert found == {
        "ranking": ("parents", "ranking", 0),
        "none": ("parents", "none", 0),
        "paper": ("survivors", "none", 0),
        "retries": ("survivors", "none", 20),
    }


def test_which_genome_goes_first_alternates(finished):
    evolving = [line.split(":")[0] for line in finished[2] if "evolving" in line]
    assert evolving == ["tree, seed 0", "sequential, seed 0"] * 4 + ["sequential, seed 1", "tree, seed 1"] * 4


def test_the_content_is_written_with_a_verdict(finished):
    folder, content, _ = finished
    assert content["verdict"].count("no difference can be shown") == 2
    assert json.loads((folder / "genomes.json").read_text())["arms"] == content["arms"]
    assert content["verdict"] in (folder / "genomes.md").read_text()
    assert content["held_out"] == 8
    # Only equal parts of a tree, which become one, are not live.
    assert 0.9 < content["arms"]["paper"]["genomes"]["tree"]["over_all"]["live_share"]["mean"] <= 1.0


def test_a_rerun_measures_nothing(finished, comparison, monkeypatch):
    folder, content, _ = finished
    monkeypatch.delattr("eznas.experiments.measure.rank_test_networks")
    monkeypatch.delattr("eznas.runs.run.Run.execute")
    lines = []
    assert comparison.run(folder, lines.append)["arms"] == content["arms"]
    assert not any("evolving" in line or "testing" in line for line in lines)


def test_a_missing_benchmark_leaves_no_folder(tmp_path, quick):
    with pytest.raises(EznasError, match="'digit'"):
        GenomeComparison("digit", settings=quick).run(tmp_path / "genomes", lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_the_plot_is_saved(finished, tmp_path):
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib")
    assert [path.name for path in plot(finished[1], tmp_path)] == ["genomes.png", "genomes.svg"]
