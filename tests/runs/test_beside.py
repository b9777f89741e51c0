from __future__ import annotations

import json

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks
from eznas.errors import EznasError
from eznas.proxies.proxy import read_proxy, save
from eznas.runs.beside import proxies_beside, seen_beside
from eznas.runs.proxy_argument import resolve_proxy
from eznas.runs.run import Run
from eznas.runs.settings import RunSettings

ALWAYS = ["eznas-a", "flops", "params"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=16)


@pytest.fixture(scope="module")
def settings(table):
    quick = {"networks": 8, "generations": 1, "population": 8, "mu": 6, "lambda": 8, "hall_of_fame": 2, "threads": 1}
    return RunSettings.from_mapping({**quick, "benchmark": str(table)})


def summary_of(settings, path):
    with Run.start(settings, path) as run:
        return run.execute()


def test_they_follow_the_baselines_of_every_report_and_none_stands_twice():
    assert [one.name for one in proxies_beside(["synflow", "params", "l1_norm(wt)"])] == [
        *ALWAYS,
        "synflow",
        "l1_norm(wt)",
    ]


def test_a_run_ranks_them_on_its_held_out_networks_and_nothing_else_changes(settings, tmp_path):
    plain = summary_of(settings, tmp_path / "plain")
    beside = summary_of(settings.changed({"beside": ["l2_norm", "l1_norm(wt)"]}), tmp_path / "beside")
    assert [one["name"] for one in beside["baselines"]] == [*ALWAYS, "l2_norm", "l1_norm(wt)"]
    assert beside["baselines"][:3] == plain["baselines"]
    assert beside["programs"] == plain["programs"]
    networks = [json.loads((tmp_path / name / "networks.json").read_text()) for name in ("plain", "beside")]
    assert networks[0] == networks[1]


def test_a_resumed_run_keeps_them(settings, tmp_path):
    with Run.start(settings.changed({"beside": "l2_norm"}), tmp_path / "run"):
        pass
    with Run.resume(tmp_path / "run", {}) as run:
        assert run.execute()["baselines"][-1]["name"] == "l2_norm"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["synfow"], "did you mean synflow"),
        (["l2_norm", "l2_norm"], "beside names 'l2_norm' twice"),
    ],
)
def test_what_is_no_proxy_is_refused_before_anything_is_written(settings, given, sentence, tmp_path):
    with pytest.raises(EznasError, match=sentence):
        Run.start(settings.changed({"beside": given}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_is_no_text_is_no_setting(settings):
    with pytest.raises(EznasError, match=r"beside is \[''\]: give a text"):
        settings.changed({"beside": [""]})


def test_a_run_stands_for_its_best_program_after_what_it_showed_beside_is_gone(settings, tmp_path):
    mine = tmp_path / "mine.json"
    save(resolve_proxy("l1_norm(wt)"), mine)
    path = tmp_path / "run"
    summary_of(settings.changed({"beside": str(mine)}), path)
    mine.unlink()
    assert resolve_proxy(str(path)).name == "run"
    with pytest.raises(EznasError, match=r"mine\.json could not be read"):
        Run.resume(path)


def test_one_that_has_seen_the_networks_that_it_is_judged_on_is_told(table, tmp_path):
    benchmark = benchmarks.load(str(table))
    path = tmp_path / "mine.json"
    save(evolved_on(benchmark, 5), path)
    everything = np.arange(len(benchmark))
    (sentence,) = seen_beside([str(path), "params"], [(benchmark, everything)])
    assert sentence == (
        f"{path} evolved on 5 of the 16 held-out networks of {benchmark.name} itself, which flatters it."
    )
    assert seen_beside(["params", "eznas-a"], [(benchmark, everything)]) == []


def evolved_on(benchmark, count):
    from dataclasses import replace

    from eznas.proxies import data_folder

    proxy = read_proxy(data_folder() / "nasbench201-best.json")
    return replace(proxy, provenance=replace(proxy.provenance, networks={benchmark.name: {"training": count}}))
