from __future__ import annotations

import json

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks
from eznas.correlation.rank_correlation import kendall_tau
from eznas.runs.directory import stored_settings
from eznas.runs.run import Run
from eznas.runs.settings import RunSettings
from eznas.scoring.ties import rankable


@pytest.fixture(scope="module")
def run_path(tmp_path_factory):
    """A finished run on two benchmarks."""
    seeds = {"a": 1, "b": 2}
    tables = [write_tiny_benchmark(tmp_path_factory.mktemp(name), 16, seed=seed) for name, seed in seeds.items()]
    quick = {"networks": 8, "generations": 3, "population": 8, "mu": 6, "lambda": 8, "hall_of_fame": 3, "threads": 2}
    path = tmp_path_factory.mktemp("runs") / "run"
    with Run.start(RunSettings.from_mapping({**quick, "benchmark": list(map(str, tables))}), path) as run:
        run.execute()
    return path


def read(path, name):
    return json.loads((path / name).read_text())


def test_the_stored_scores_give_the_figures_of_the_summary(run_path):
    networks, summary = read(run_path, "networks.json")["benchmarks"], read(run_path, "summary.json")
    assert list(networks) == list(summary["protocol"]["benchmarks"])
    for name, stored in networks.items():
        best = summary["programs"][0]["benchmarks"][name]
        of = {one["name"]: one["benchmarks"][name]["held_out"]["tau"] for one in summary["baselines"]}
        held_out = stored["held_out"]
        assert list(held_out["scores"]) == ["best", *of]
        for label, tau in (("best", best["held_out"]["tau"]), *of.items()):
            assert tau_of(held_out, label) == pytest.approx(tau, abs=1e-12)
        assert tau_of(stored["training"], "best") == pytest.approx(best["tau_training"], abs=1e-12)


def tau_of(part, label):
    scores = np.array([np.nan if score is None else score for score in part["scores"][label]])
    return kendall_tau(rankable(scores, 1), np.array(part["accuracies"]))


def test_what_units_contribute_adds_up_to_the_score(run_path):
    settings = stored_settings(run_path)
    for name, stored in read(run_path, "networks.json")["benchmarks"].items():
        assert [one["network"] for one in stored["units"]] == ["most accurate", "middle", "least accurate"]
        accuracies = [one["accuracy"] for one in stored["units"]]
        assert accuracies == sorted(accuracies, reverse=True)
        for one in stored["units"]:
            assert one["architecture"] in benchmarks.load(name).architectures
            ((term, weights),) = zip(one["terms"], [one["weights"]], strict=True)
            assert len(term["contributions"]) == len(weights)
            total = sum(number for number in term["contributions"] if number is not None)
            assert total == pytest.approx(one["score"], rel=1e-6, abs=1e-12)
    assert settings.aggregation == "sum"
