from __future__ import annotations

import json

import pytest

from eznas.errors import EznasError
from eznas.experiments import variants
from eznas.experiments.variants import VARIANTS, VariantStudy
from eznas.runs.directory import stored_settings


@pytest.fixture(scope="module")
def study(table, quick):
    return VariantStudy(table, (0, 1), held_out=8, settings={**quick, "generations": 1})


@pytest.fixture(scope="module")
def finished(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies") / "variants"
    return folder, study.run(folder, lambda _: None)


def test_every_variant_evolves_under_its_own_settings(finished):
    folder, content = finished
    assert [one["name"] for one in content["variants"]] == ["R-C-B mean", "C-B-R mean", "C-B-R l2"]
    for variant in VARIANTS:
        settings = stored_settings(folder / "evolutions" / "seed-1" / variant.name.replace(" ", "-"))
        assert (settings.collection.unit, settings.to_scalar, settings.seed) == (variant.unit, variant.to_scalar, 1)


def test_curves_rise_and_held_out_networks_are_ranked(finished):
    folder, content = finished
    assert content["held_out"] == 8
    for one in content["variants"]:
        means = [mean["mean"] for mean in one["best_by_generation"]]
        assert len(means) == 2
        assert means == sorted(means)
        assert all(-1 <= tau <= 1 for tau in one["held_out_tau_by_seed"])
    assert [one["quantity"] for one in content["comparisons"]] == ["Best fitness"] * 2 + ["Held-out tau"] * 2
    assert json.loads((folder / "variants.json").read_text())["variants"] == content["variants"]


def test_a_rerun_measures_nothing(finished, study, monkeypatch):
    folder, content = finished
    monkeypatch.delattr("eznas.experiments.measure.rank_test_networks")
    monkeypatch.delattr("eznas.runs.run.Run.execute")
    assert study.run(folder, lambda _: None)["variants"] == content["variants"]


def test_a_missing_benchmark_leaves_no_folder(tmp_path, quick):
    with pytest.raises(EznasError, match="'digit'"):
        VariantStudy("digit", (0,), settings=quick).run(tmp_path / "study", lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_the_plot_is_saved(finished, tmp_path):
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib")
    paths = variants.plot(finished[1], tmp_path)
    assert [path.name for path in paths] == ["variants.png", "variants.svg"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
