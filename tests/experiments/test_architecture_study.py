from __future__ import annotations

import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import proxies
from eznas.errors import EznasError
from eznas.experiments.architecture_content import architecture_sentences, plot
from eznas.experiments.architecture_study import ArchitectureStudy, chosen_strategies


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return str(write_tiny_benchmark(tmp_path_factory.mktemp("tiny"), networks=80))


def study(table, **changes):
    settings = {"proxies": [proxies.load("params")], "benchmarks": (table,), "seeds": (0, 1), "networks": 8, **changes}
    return ArchitectureStudy(**settings)


@pytest.fixture(scope="module")
def content(table, tmp_path_factory):
    return study(table).run(tmp_path_factory.mktemp("study") / "search", lambda line: None)


def test_every_strategy_is_judged_by_true_accuracies(content):
    (result,) = content["results"]
    assert [search["strategy"] for search in result["searches"]] == ["random", "evolution", "local"]
    for search in result["searches"]:
        best = search["accuracy"]["by_seed"]
        assert len(best) == 2
        assert all(accuracy <= result["best"] for accuracy in best)
        assert search["regret"]["mean"] == pytest.approx(result["best"] - sum(best) / 2)
        assert search["curve"][-1]["mean"] == pytest.approx(search["accuracy"]["mean"])
        assert search["trained"]["1"]["mean"] <= search["trained"]["5"]["mean"] <= search["trained"]["10"]["mean"]


def test_random_search_trains_as_many(content):
    (result,) = content["results"]
    assert result["random"]["1"] < result["random"]["5"] < result["random"]["10"] < result["best"]


def test_it_is_told_in_sentences_a_table_and_a_plot(content, tmp_path):
    sentences = architecture_sentences(content)
    assert "Equal cost means" in sentences[-1]
    assert "local search with params" in sentences[0]
    assert {path.suffix for path in plot(content, tmp_path)} == {".png", ".svg"}


def test_a_study_goes_on_and_grows(table, tmp_path):
    small = study(table, seeds=(0,)).run(tmp_path / "search", lambda line: None)
    told = []
    grown = study(table).run(tmp_path / "search", told.append)
    assert all("seed 1" in line for line in told)
    assert len(told) == 3
    for before, after in zip(small["results"][0]["searches"], grown["results"][0]["searches"], strict=True):
        assert after["accuracy"]["by_seed"][0] == before["accuracy"]["by_seed"][0]
    assert "| params | random |" in (tmp_path / "search" / "search.md").read_text()


def test_strategies_have_names():
    assert chosen_strategies(["local", "random"]) == ("local", "random")
    with pytest.raises(EznasError, match="no strategy 'best': choose one of random, evolution, local"):
        chosen_strategies(["best"])


def test_a_long_formula_is_a_proxy_with_a_short_label(table, tmp_path):
    formula = " + ".join(["numel(wt)", *["l1_norm(wt)"] * 20])
    content = study(table, proxies=[proxies.load(formula)], seeds=(0,), strategies=("random",)).run(
        tmp_path / "search", lambda line: None
    )
    assert len(content["results"][0]["searches"][0]["proxy"]) == 60
