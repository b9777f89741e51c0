from __future__ import annotations

import json
from dataclasses import replace

import pytest

from eznas import benchmarks, proxies
from eznas.discovery.machine import Machine
from eznas.discovery.networks import Networks
from eznas.discovery.search_settings import SearchSettings
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError
from eznas.experiments import left_out
from eznas.experiments.left_out import EMBEDDED, Fold, LeftOut, folds_of
from eznas.experiments.left_out_content import FORMULA, MEAN_SINGLE, TOGETHER, left_out_content, left_out_markdown, plot
from eznas.proxies import RankAggregate
from eznas.scoring.ranking import rank_networks
from eznas.scoring.settings import ScoringSettings

SPACES = {"a-10": "a", "b": "b", "a-100": "a"}


@pytest.fixture(scope="module")
def experiment(table, other_table, tmp_path_factory):
    quick = DiscoverySettings(
        networks=6, validation=3, rounds=1, epochs=1, search=SearchSettings(islands=1, members=10, children=20)
    )
    machine = Machine(1, tables=tmp_path_factory.mktemp("tables"))
    names = (table, other_table, "digits-stages")
    return LeftOut(names, "space", (0,), 40, (proxies.load("params"),) * 2, 2, quick, machine)


@pytest.fixture(scope="module")
def finished(experiment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiments") / "discover"
    return folder, experiment.run(folder, lambda _: None)


def test_a_space_is_left_out_with_all_its_benchmarks():
    assert folds_of(SPACES, "space") == [
        Fold("a", ("a-10", "a-100"), ("b",)),
        Fold("b", ("b",), ("a-10", "a-100")),
    ]


def test_a_benchmark_alone_is_left_out_in_the_weaker_reading():
    folds = folds_of(SPACES, "benchmark")
    assert [fold.left_out for fold in folds] == [("a-10",), ("b",), ("a-100",)]
    assert folds[0].training == ("b", "a-100")


def test_one_space_alone_is_refused():
    with pytest.raises(EznasError, match=r"these search spaces: a\. Give those"):
        folds_of({"a-10": "a", "a-100": "a"}, "benchmark")


def test_every_benchmark_is_tested_with_a_formula_of_the_other_spaces(finished, experiment, table, other_table):
    folder, content = finished
    assert [(row["left_out"], row["benchmark"]) for row in content["rows"]] == [
        *(("nasbench201", table), ("nasbench201", other_table), ("stages", "digits-stages")),
    ]
    assert [list(row["single"]) for row in content["rows"]] == [
        *(["digits-stages"], ["digits-stages"], [table, other_table]),
    ]
    settings = json.loads((folder / "evolutions" / "without nasbench201" / "0" / "result.json").read_text())
    assert list(settings["protocol"]["benchmarks"]) == ["digits-stages"]
    assert content["rows"][0]["formulas"] == content["rows"][1]["formulas"]
    assert json.loads((folder / "discover.json").read_text())["rows"] == content["rows"]


def test_the_own_formula_is_judged_on_networks_that_it_did_not_see(finished):
    folder, content = finished
    small, _, stages = content["rows"]
    assert "own" not in small["taus"]  # 7 of its 16 networks are left
    assert "own" in stages["taus"]
    piece = json.loads((folder / "cells" / "digits-stages" / "0.json").read_text())
    assert (piece["networks"], piece["own"]["networks"]) == (40, 40)


def test_means_of_single_formulas_lie_between_them(finished):
    _, content = finished
    row = content["rows"][-1]
    assert min(row["single"].values()) <= row["taus"][MEAN_SINGLE]["mean"] <= max(row["single"].values())
    assert row["single"][row["best_single_of"]] == max(row["single"].values())


def members_of(folder, name):
    found = [folder / "evolutions" / name / place / "proxy.json" for place in ("0", "0-1")]
    return tuple(proxies.load(str(path)) for path in found)


def test_the_formulas_of_several_evolutions_on_the_same_networks_are_ranked_together(finished, table):
    folder, content = finished
    several = members_of(folder, "without stages")
    assert several[0].formula != several[1].formula
    results = [folder / "evolutions" / "without stages" / place / "result.json" for place in ("0", "0-1")]
    first, second = (json.loads(path.read_text())["protocol"] for path in results)
    assert (first.pop("evolution"), second.pop("evolution")) == (0, 1)
    assert first == second
    row = content["rows"][-1]
    assert row["formulas"] == [f"rank({several[0].formula},{several[1].formula})"]
    networks = Networks.draw(benchmarks.load(row["benchmark"]), 0, 0, 40, 0).held_out
    together = RankAggregate("by hand", several)
    settings = ScoringSettings(seed=0, threads=1)
    (ranking,) = rank_networks([together], benchmarks.load(row["benchmark"]), networks, settings, second_draw=False)
    assert row["taus"][FORMULA]["mean"] == ranking.tau.value
    assert content["meanings"][FORMULA].startswith("the formulas of 2 evolutions on all benchmarks but those")
    assert not (folder / "evolutions" / f"only {table}" / "0-1").exists()


def test_the_verdict_counts_left_out_benchmarks(finished):
    _, content = finished
    ahead = sum(row["taus"][FORMULA]["mean"] > row["taus"]["params"]["mean"] for row in content["rows"])
    assert f"params on {ahead}" in content["verdict"]


def test_the_formula_is_ranked_together_with_others(finished, table):
    folder, content = finished
    params, benchmark = proxies.load("params"), benchmarks.load(table)
    formulas = members_of(folder, "without nasbench201")
    formula = RankAggregate("both", formulas)
    networks = Networks.draw(benchmark, 0, 0, 40, 0).held_out
    together = RankAggregate("by hand", (formula, params, params))
    (ranking,) = rank_networks([together], benchmark, networks, ScoringSettings(seed=0, threads=1), second_draw=False)
    assert content["rows"][0]["taus"][TOGETHER]["mean"] == ranking.tau.value
    assert content["meanings"][TOGETHER].endswith("that params, params and the formula give the tested networks")
    assert "Ranked together, it is ahead of" in content["verdict"]
    assert f"| {TOGETHER} |" in (folder / "discover.md").read_text()


def piece_of(**taus):
    """A piece with the taus of the formula and of what it is ranked together with; params has .3, FLOPs .2."""
    found = {key: {"tau": tau, "top_decile_tau": 0.0, "unscored": 0, "formula": "x"} for key, tau in taus.items()}
    baselines = {"flops": {"tau": 0.2}, "params": {"tau": 0.3}}
    others = {"single": {"b": {"tau": 0.0}}, "own": None, "description": "", "networks": 9, "baselines": baselines}
    return {"together": None, **found, **others}


def test_what_is_ahead_is_counted_by_means_and_by_seeds():
    pieces = [{"a": piece_of(formula=0.1, together=0.4)}, {"a": piece_of(formula=0.6, together=0.25)}]
    settings = {"reading": "space", "ranked_with": ["params"], "members": 1}
    ahead = left_out_content([("s", ["a"])], pieces, (0, 1), settings, {})["ahead"]
    assert ahead[FORMULA]["flops"] == {"by_means": 1, "by_seed": [0, 1]}
    assert ahead[TOGETHER]["flops"] == {"by_means": 1, "by_seed": [1, 1]}
    assert ahead[TOGETHER]["all baselines"] == {"by_means": 1, "by_seed": [1, 0]}


def test_nothing_is_ranked_together_where_nothing_is_asked_for():
    settings = {"reading": "space", "ranked_with": [], "members": 1}
    content = left_out_content([("s", ["a"])], [{"a": piece_of(formula=0.1)}], (0,), settings, {"seconds": 0.0})
    assert list(content["ahead"]) == [FORMULA]
    assert TOGETHER not in content["meanings"]
    assert TOGETHER not in left_out_markdown(content)


def test_a_rerun_measures_nothing(finished, experiment, monkeypatch):
    folder, content = finished
    monkeypatch.delattr(left_out, "rank_networks")
    monkeypatch.delattr(left_out, "discovered_by_several")
    lines = []
    assert experiment.run(folder, lines.append)["rows"] == content["rows"]
    assert lines == []


def test_the_table_says_which_reading_it_is(finished):
    folder, _ = finished
    text = (folder / "discover.md").read_text()
    assert "A space is left out with all its benchmarks" in text
    assert "| stages | digits-stages | 40 |" in text


def test_the_other_reading_needs_another_folder(finished, experiment):
    with pytest.raises(EznasError, match="reading is 'space' there, 'benchmark' here"):
        replace(experiment, reading="benchmark").run(finished[0], lambda _: None)


def test_too_few_networks_leave_no_folder(experiment, tmp_path):
    many = replace(experiment.discovery, networks=100)
    with pytest.raises(EznasError, match="ask for fewer"):
        replace(experiment, discovery=many).run(tmp_path / "discover", lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_the_plot_is_saved(finished, tmp_path):
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib")
    assert [path.name for path in plot(finished[1], tmp_path)] == ["discover.png", "discover.svg"]


def test_the_embedded_set_is_all_digits():
    assert {"digits", "digits-chain", "digits-amoeba"} <= set(EMBEDDED)
    assert all(name.startswith("digits") for name in EMBEDDED)
