from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from eznas import proxies
from eznas.discovery.machine import Machine
from eznas.discovery.search_settings import SearchSettings
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError
from eznas.experiments import few_networks
from eznas.experiments.few_networks import FewNetworks
from eznas.experiments.few_networks_content import few_networks_sentences, plot
from eznas.experiments.few_networks_methods import METHODS, chosen_methods
from eznas.proxies import RankAggregate
from eznas.scoring.ranking import rank_networks
from eznas.scoring.settings import ScoringSettings

pytest.importorskip("sklearn", reason="predictors need scikit-learn")

SEED = "l1_norm(wt) * l1_norm(inp.data)"
SEEDS = ("numel(wt) > numel(wt)", SEED, "l1_norm(act.noise)", "l1_norm(wt_grad.data)")


@pytest.fixture(scope="module")
def study(table, tmp_path_factory):
    quick = DiscoverySettings(rounds=1, epochs=1, search=SearchSettings(islands=1, members=10, children=20))
    names = (
        "discover",
        "discover-several",
        "discover-ranked",
        "discover-seeded",
        "best-seed",
        "ridge-counts",
        "forest-places",
        "params",
    )
    machine = Machine(1, tables=tmp_path_factory.mktemp("tables"))
    return FewNetworks((table,), (9, 8), (0, 1), chosen_methods(names), 6, quick, SEEDS, machine)


@pytest.fixture(scope="module")
def finished(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("studies") / "few"
    return folder, study.run(folder, lambda _: None)


def of_method(content, name):
    return next(one for one in content["results"][0]["methods"] if one["method"] == name)


def test_every_method_has_a_figure_for_every_count_and_seed(finished, study):
    folder, content = finished
    (result,) = content["results"]
    assert result["held_out"] == 6
    for method in study.methods:
        cells = of_method(content, method.name)["counts"]
        assert [cell["networks"] for cell in cells] == ([8, 9] if method.learns else [9])
        assert all(len(cell["tau"]["by_seed"]) == 2 for cell in cells)
        assert all(-1 <= tau <= 1 for cell in cells for tau in cell["tau"]["by_seed"])
    assert json.loads((folder / "few_networks.json").read_text())["results"] == content["results"]


def test_methods_are_judged_on_the_same_networks_and_know_no_others(finished, study, table):
    folder, _ = finished
    networks = study._networks(few_networks.benchmarks.load(table), 0)
    assert not set(networks.training) & set(networks.held_out)
    record = json.loads(
        (folder / "evolutions")
        .joinpath(table.strip("/").replace("/", "_")[:-4])
        .joinpath("discover", "8", "0", "result.json")
        .read_text()
    )
    assert record["protocol"]["networks"] == 6
    assert record["protocol"]["validation"] == 2


def test_what_seed_formulas_evolved_on_is_never_held_out_and_nothing_else_moves(study, table, monkeypatch):
    benchmark = few_networks.benchmarks.load(table)
    before = study._networks(benchmark, 0)
    evolved_on = frozenset([int(before.held_out[0]), int(before.training[0])])
    monkeypatch.setattr(few_networks, "networks_seen", lambda texts, _: evolved_on if texts == SEEDS else frozenset())
    after = study._networks(benchmark, 0)
    assert after.training.tolist() == before.training.tolist()
    assert not evolved_on & set(after.held_out.tolist())
    assert len(after.held_out) == len(before.held_out)
    assert after.held_out[1:].tolist() == before.held_out[1:].tolist()
    too_many = frozenset(range(len(benchmark))) - frozenset(before.held_out[:2].tolist())
    monkeypatch.setattr(few_networks, "networks_seen", lambda *_: too_many)
    with pytest.raises(EznasError, match="of which a seed proxy was evolved on"):
        study._networks(benchmark, 0)


def test_the_formula_of_the_search_is_ranked_together_with_params(finished, study, table):
    folder, content = finished
    evolutions = folder / "evolutions" / table.strip("/").replace("/", "_")[:-4]
    formula = proxies.load(str(evolutions / "discover" / "9" / "1" / "proxy.json"))
    benchmark = few_networks.benchmarks.load(table)
    together = RankAggregate("by hand", (formula, proxies.load("params")))
    networks = study._networks(benchmark, 1).held_out
    (ranking,) = rank_networks([together], benchmark, networks, ScoringSettings(seed=1, threads=1), second_draw=False)
    assert of_method(content, "discover-ranked")["counts"][1]["tau"]["by_seed"][1] == ranking.tau.value
    assert not (evolutions / "discover-ranked").exists()


def test_the_formulas_of_several_searches_are_ranked_together(finished, study, table):
    folder, content = finished
    place = folder / "evolutions" / table.strip("/").replace("/", "_")[:-4] / "discover" / "9"
    formulas = tuple(proxies.load(str(place / name / "proxy.json")) for name in ("1", "1-1", "1-2", "1-3"))
    assert len({one.formula for one in formulas}) > 1
    benchmark = few_networks.benchmarks.load(table)
    networks = study._networks(benchmark, 1).held_out
    settings = ScoringSettings(seed=1, threads=1)
    (ranking,) = rank_networks([RankAggregate("all", formulas)], benchmark, networks, settings, second_draw=False)
    assert of_method(content, "discover-several")["counts"][1]["tau"]["by_seed"][1] == ranking.tau.value


def test_the_best_seed_is_the_one_that_ranks_the_known_networks_best(finished, study, table):
    _, content = finished
    benchmark = few_networks.benchmarks.load(table)
    formulas = [proxies.load(text) for text in SEEDS]
    for place, count in enumerate((8, 9)):
        networks = study._networks(benchmark, 1)
        settings = ScoringSettings(seed=1, threads=1)
        known, other = (
            [one.tau.value for one in rank_networks(formulas, benchmark, indices, settings, second_draw=False)]
            for indices in (networks.training[:count], networks.held_out)
        )
        best = max(range(1, len(SEEDS)), key=lambda row: known[row])
        assert math.isnan(known[0])
        assert of_method(content, "best-seed")["counts"][place]["tau"]["by_seed"][1] == other[best]


def test_a_rerun_measures_nothing(finished, study, monkeypatch):
    folder, content = finished
    monkeypatch.delattr(few_networks, "rank_networks")
    monkeypatch.delattr(few_networks, "predicted")
    lines = []
    assert study.run(folder, lines.append)["results"] == content["results"]
    assert lines == []


def test_what_is_missing_is_made_again_to_the_same_figures(finished, study):
    folder, content = finished
    for piece in [*folder.glob("cells/*/ridge-counts/9/1.json"), *folder.glob("cells/*/discover/9/1.json")]:
        piece.unlink()
    assert study.run(folder, lambda _: None)["results"] == content["results"]


def test_other_settings_need_another_folder(finished, study):
    folder, _ = finished
    with pytest.raises(EznasError, match="held_out is 6 there, 5 here"):
        replace(study, held_out=5).run(folder, lambda _: None)
    with pytest.raises(EznasError, match="most_networks is 9 there, 10 here"):
        replace(study, counts=(10,)).run(folder, lambda _: None)


def test_markdown_and_sentences_name_every_method(finished, study):
    folder, content = finished
    text = (folder / "few_networks.md").read_text()
    (first, second) = few_networks_sentences(content)
    for method in study.methods:
        assert f"| {method.label} |" in text
        assert method.label in first
        assert method.label in second
    assert "8 known networks" in first


def test_predictors_know_the_scores_that_are_asked_for(study, finished, tmp_path):
    more = replace(study, methods=chosen_methods(["forest-places"]), predictor_scores=(proxies.load("l2_norm"),))
    folder = tmp_path / "few"
    other = of_method(more.run(folder, lambda _: None), "forest-places")
    piece = json.loads(next(folder.glob("cells/*/forest-places/9/1.json")).read_text())
    assert piece["hand_made_scores"] == ["units", "flops", "params", "l2_norm"]
    without = json.loads(next(finished[0].glob("cells/*/forest-places/9/1.json")).read_text())
    assert piece["columns"] == without["columns"] + 1
    assert other["counts"][1]["tau"] != of_method(finished[1], "forest-places")["counts"][1]["tau"]
    with pytest.raises(EznasError, match="predictor_scores"):
        study.run(folder, lambda _: None)
    with pytest.raises(EznasError, match="would know 'params' twice"):
        replace(study, predictor_scores=(proxies.load("params"),))


def test_the_plot_is_saved(finished, tmp_path):
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib")
    assert [path.name for path in plot(finished[1], tmp_path)] == ["few_networks.png", "few_networks.svg"]


def test_too_few_or_too_many_networks_are_refused(study, tmp_path):
    with pytest.raises(EznasError, match="smallest number of networks is 4"):
        replace(study, counts=(4, 10))
    with pytest.raises(EznasError, match="let fewer than 15 be known"):
        replace(study, counts=(15,)).run(tmp_path / "few", lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_a_seeded_search_needs_seeds(study, tmp_path):
    with pytest.raises(EznasError, match="give --seed-proxy"):
        replace(study, seed_proxies=(), methods=chosen_methods(["discover-seeded"])).run(tmp_path / "f", lambda _: None)


def test_methods_are_chosen_by_name():
    assert [one.name for one in chosen_methods(["params", "discover"])] == ["discover", "params"]
    default, more = (chosen_methods(names) for names in (["default"], ["default", "paper-tree"]))
    assert set(more) - set(default) == {METHODS["paper-tree"]}
    with pytest.raises(EznasError, match=f"choose among default, {', '.join(METHODS)}"):
        chosen_methods(["param"])
