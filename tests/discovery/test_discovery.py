from pathlib import Path

import numpy as np
import pytest

from eznas.discovery.discovery import Discovery, Machine
from eznas.discovery.search import SearchSettings
from eznas.discovery.session import RESULT, discover
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError
from eznas.proxies.proxy import read_proxy
from eznas.scoring.evaluation import evaluate

SEARCH = SearchSettings(islands=2, members=30, children=150)


@pytest.fixture
def make(tiny_table, tables):
    def made(threads=1, **settings):
        given = {"networks": 12, "validation": 6, "rounds": 2, "epochs": 2, "proposals": 20, "search": SEARCH}
        given["benchmarks"] = (tiny_table,)
        return Discovery(DiscoverySettings(**{**given, **settings}), Machine(threads, tables=tables))

    return made


def finished(discovery):
    while not discovery.is_finished:
        discovery.advance()
    return discovery


def test_the_table_grows_between_rounds_and_earlier_rows_stay(make):
    discovery = make()
    bank = discovery.features
    finished(discovery)
    assert discovery.epochs == 4
    assert discovery.features[: len(bank)] == bank
    assert len(discovery.features) > len(bank)
    assert len(discovery.features) + sum(discovery.dropped.values()) >= len(bank) + 20


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_discovery_goes_on_from_any_step_to_the_identical_archive(make, steps):
    whole = finished(make())
    first = make()
    for _ in range(steps):
        first.advance()
    second = make(threads=2)
    second.restore(first.encode())
    finished(second)
    assert second.archive == whole.archive
    assert second.features == whole.features
    assert second.dropped == whole.dropped
    assert (second.formulas_made, second.formulas_evaluated) == (whole.formulas_made, whole.formulas_evaluated)


def test_another_seed_finds_something_else(make):
    assert finished(make(seed=1)).archive != finished(make()).archive


def test_a_checkpoint_of_other_settings_or_a_damaged_one_is_refused(make):
    encoded = make().encode()
    with pytest.raises(EznasError, match="does not fit these settings"):
        make(epochs=3).restore(encoded)
    with pytest.raises(EznasError, match="damaged"):
        make().restore(encoded[:500])


def test_the_reported_proxy_scores_as_the_report_says(make, tmp_path, tiny_table):
    from eznas import benchmarks

    discovery = make(held_out=6)
    content = discover(lambda: discovery, tmp_path / "found", None, lambda _: None)
    chosen = content["chosen"]
    proxy = read_proxy(tmp_path / "found" / "proxy.json")
    assert proxy.formula == chosen["formula"]
    evaluation = evaluate([proxy], benchmarks.load(tiny_table), 24, seed=0)
    place = {int(index): position for position, index in enumerate(evaluation.networks)}
    from eznas.scoring.correlation import kendall_tau

    networks = discovery.samples[0].networks
    figures = chosen["benchmarks"][tiny_table]
    for tau, indices in (
        (figures["tau_training"], networks.training),
        (figures["tau_validation"], networks.validation),
        (figures["held_out"]["tau"], networks.held_out),
    ):
        places = [place[int(index)] for index in indices]
        expected = kendall_tau(evaluation.rankings[0].scores[places], evaluation.accuracies[places])
        assert tau == pytest.approx(expected, abs=1e-9)
    assert chosen["fitness"] == figures["tau_training"]
    assert chosen["worst"] == {"benchmark": tiny_table, "tau": figures["held_out"]["tau"]}
    assert {one["name"] for one in content["baselines"]} >= {"eznas-a", "params", "flops"}


def test_a_stopped_discovery_goes_on_and_a_finished_one_is_reported_again(make, tmp_path):
    folder = Path(tmp_path / "found")
    stopped = discover(make, folder, 0.0, lambda _: None)
    assert (stopped["search"]["epochs"], stopped["search"]["finished"]) == (1, False)
    whole = discover(make, folder, None, lambda _: None)
    assert whole["search"]["finished"]
    alone = discover(make, tmp_path / "other", None, lambda _: None)
    assert whole == alone
    written = (folder / RESULT).stat().st_mtime_ns
    assert discover(make, folder, None, lambda _: None) == whole
    assert (folder / RESULT).stat().st_mtime_ns == written  # held-out networks are not scored again
    assert len({one["size"] for one in whole["front"]}) == len(whole["front"])


def test_several_benchmarks_share_features_and_each_keeps_its_networks(make, tiny_table, other_table, tmp_path):
    both = (tiny_table, other_table)
    discovery = make(benchmarks=both, combine="mean", held_out=2)
    alone = [make(benchmarks=(name,), held_out=2) for name in both]
    for sample, one in zip(discovery.samples, alone, strict=True):
        for part in ("training", "validation", "held_out"):
            np.testing.assert_array_equal(getattr(sample.networks, part), getattr(one.samples[0].networks, part))
    useful = [set(one.features) for one in alone]
    # A repeat on one benchmark is kept where it is none on the other, so a little more than what is useful alone.
    assert useful[0] & useful[1] <= set(discovery.features)
    content = discover(lambda: discovery, tmp_path / "both", None, lambda _: None)
    chosen = content["chosen"]
    assert list(chosen["benchmarks"]) == list(both)
    taus = [figures["tau_training"] for figures in chosen["benchmarks"].values()]
    assert chosen["fitness"] == pytest.approx(sum(taus) / 2, abs=1e-12)
    held_out = {name: figures["held_out"]["tau"] for name, figures in chosen["benchmarks"].items()}
    assert chosen["worst"]["tau"] == min(held_out.values())
    assert held_out[chosen["worst"]["benchmark"]] == chosen["worst"]["tau"]
    assert [about["held_out"] for about in content["protocol"]["benchmarks"].values()] == [2, 2]


def test_settings_that_cannot_be_are_named(tiny_table):
    with pytest.raises(EznasError, match="names 'digits' twice"):
        DiscoverySettings(benchmarks=("digits", "digits"))
    with pytest.raises(EznasError, match="benchmarks is empty"):
        DiscoverySettings(benchmarks=())
    with pytest.raises(EznasError, match="rounds is 0"):
        DiscoverySettings(rounds=0)
    with pytest.raises(EznasError, match=r"search.islands is 0"):
        SearchSettings(islands=0)
