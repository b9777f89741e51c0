from __future__ import annotations

import json
import re

import numpy as np
import pytest

from eznas import benchmarks, proxies
from eznas.errors import EznasError
from eznas.experiments import leaderboard as module
from eznas.experiments.leaderboard import Leaderboard
from eznas.experiments.leaderboard_content import COLUMNS, cells, plot
from eznas.scoring.evaluation import evaluate

NAMES = ("synflow", "eznas-a", "rank(synflow,params)")


def board(table, names=NAMES, **settings):
    options = {"benchmarks": (table,), "networks": 12, "second_draw": 6, "threads": 1, **settings}
    return Leaderboard(tuple(map(proxies.load, names)), texts=names, **options)


@pytest.fixture(scope="module")
def measured(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    told = []
    return board(table).run(folder, told.append), folder, told


def without_times(content):
    return [{**row, "milliseconds": None} for row in rows_of(content).values()]


def rows_of(content):
    (one,) = content["benchmarks"].values()
    return {row["proxy"]: row for row in one["rows"]}


def test_figures_are_those_of_an_evaluation(table, measured):
    rows = rows_of(measured[0])
    assert list(rows) == sorted(rows, key=lambda name: -rows[name]["tau"])
    evaluation = evaluate(list(map(proxies.load, NAMES)), benchmarks.load(table), networks=12, threads=1)
    for proxy, ranking in zip(evaluation.proxies, evaluation.rankings, strict=True):
        figures = ranking.figures()
        for name in ("tau", "tau_interval", "spearman", "top_decile_tau", "picked_accuracy", "picked_rank", "scored"):
            assert rows[proxy.name][name] == figures[name], (proxy.name, name)


def test_all_are_compared_with_params_which_is_there_unasked(measured):
    rows = rows_of(measured[0])
    assert set(rows) == {*NAMES, "params"}
    assert rows["params"]["lead"] is rows["params"]["tau_given_params"] is None
    assert rows["params"]["depends_on"] == "counts only"
    assert rows["eznas-a"]["lead"]["tau"] == pytest.approx(rows["eznas-a"]["tau"] - rows["params"]["tau"])
    assert all(row["milliseconds"] > 0 for row in rows.values())
    assert {name: row["kind"] for name, row in rows.items()} == {
        "synflow": "hand-made",
        "eznas-a": "program",
        "rank(synflow,params)": "ranks",
        "params": "hand-made",
    }


def test_what_was_stopped_goes_on_and_more_adds_to_it(table, measured, tmp_path, monkeypatch):
    content, _, _ = measured
    scored = []
    score = module.score_networks

    def counting(group, benchmark, indices, settings):
        scored.extend(one.name for one in group)
        if len(scored) > 20 and not finished:
            raise KeyboardInterrupt
        return score(group, benchmark, indices, settings)

    monkeypatch.setattr(module, "score_networks", counting)
    finished = False
    with pytest.raises(KeyboardInterrupt):
        board(table).run(tmp_path, lambda _: None)
    finished = True
    scored.clear()
    again = board(table).run(tmp_path, lambda _: None)
    assert 0 < len(scored) < 18 * 3
    assert without_times(again) == without_times(content)
    scored.clear()
    more = board(table, (*NAMES, "l2_norm"), networks=13).run(tmp_path, lambda _: None)
    assert scored.count("l2_norm") == 13 + 6
    assert scored.count("eznas-a") == 1
    assert set(rows_of(more)) == {*NAMES, "params", "l2_norm"}


def test_files_hold_the_same_table(measured):
    content, folder, told = measured
    assert json.loads((folder / "leaderboard.json").read_text())["benchmarks"].keys() == content["benchmarks"].keys()
    text = (folder / "leaderboard.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {len(COLUMNS) + 1}
    assert len(lines) == 2 + 4
    assert "| `rank(synflow,params)` | ranks |" in text
    assert any(re.search(r"first draw: 12 networks scored of 12", line) for line in told)


def test_the_plot_is_drawn(measured, tmp_path):
    pytest.importorskip("matplotlib")
    assert [path.suffix for path in plot(measured[0], tmp_path)] == [".png", ".svg"]


def test_several_benchmarks_have_an_overview(measured):
    from eznas.experiments.leaderboard_content import leaderboard_markdown

    ((name, one),) = measured[0]["benchmarks"].items()
    text = leaderboard_markdown({**measured[0], "benchmarks": {name: one, "other": {**one, "benchmark": "other"}}})
    assert "| proxy | " in text
    assert "| other | mean |" in text


def test_a_proxy_without_any_score_says_why(measured, table, tmp_path):
    content = board(table, ("epe_nas",), networks=4, second_draw=0).run(tmp_path, lambda _: None)
    row = rows_of(content)["epe_nas"]
    assert list(rows_of(content))[-1] == "epe_nas"
    assert (row["tau"], row["scored"], row["seed_stability"]) == (None, 0, None)
    assert "give the targets" in row["reason"]
    assert cells(row)[2:4] == ("–", "–")
    assert "epe_nas has no score. EPE-NAS compares images of one class" in (tmp_path / "leaderboard.md").read_text()


def test_mistakes_are_told():
    with pytest.raises(EznasError, match="has no proxy"):
        Leaderboard(())
    with pytest.raises(EznasError, match="The proxy params is there twice"):
        Leaderboard((proxies.load("params"), proxies.load("params")))


def test_networks_that_a_proxy_evolved_on_are_left_out(table, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "networks_seen", lambda texts, benchmark: frozenset(range(12)))
    content = board(table, ("l2_norm",), networks=12, second_draw=0).run(tmp_path, lambda _: None)
    one = content["benchmarks"][table]
    assert one["left_out"] == 12
    assert one["networks"] == 4
    assert np.isfinite(one["best_accuracy"])


def test_a_plot_without_the_reference_is_drawn_where_it_ranks_nothing(tmp_path):
    pytest.importorskip("matplotlib")
    row = {"kind": "program", "proxy": "norm", "tau": 0.5, "tau_interval": [0.4, 0.6]}
    reference = {"kind": "hand-made", "proxy": "params", "tau": None, "tau_interval": [None, None]}
    one = {"benchmark": "of one size", "networks": 9, "rows": [row, reference]}
    assert all(path.exists() for path in plot({"benchmarks": {"a": one}, "reference": "params"}, tmp_path))
