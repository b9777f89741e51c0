from pathlib import Path

import pytest

from eznas.discovery.discovery import Discovery, Machine
from eznas.discovery.search import SearchSettings
from eznas.discovery.session import discover
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError
from eznas.proxies.proxy import read_proxy
from eznas.scoring.evaluation import evaluate

SEARCH = SearchSettings(islands=2, members=30, children=150)


@pytest.fixture
def make(tiny_table, tables):
    def made(threads=1, **settings):
        given = {"networks": 12, "validation": 6, "rounds": 2, "epochs": 2, "proposals": 20, "search": SEARCH}
        return Discovery(
            DiscoverySettings(benchmark=tiny_table, **{**given, **settings}), Machine(threads, tables=tables)
        )

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

    for name, networks in (
        ("training", discovery.networks.training),
        ("validation", discovery.networks.validation),
        ("held_out", discovery.networks.held_out),
    ):
        places = [place[int(index)] for index in networks]
        tau = kendall_tau(evaluation.rankings[0].scores[places], evaluation.accuracies[places])
        assert chosen[name] == pytest.approx(tau if name == "held_out" else abs(tau), abs=1e-9)


def test_a_stopped_discovery_goes_on_and_a_finished_one_is_reported_again(make, tmp_path):
    folder = Path(tmp_path / "found")
    stopped = discover(make, folder, 0.0, lambda _: None)
    assert (stopped["epochs"], stopped["finished"]) == (1, False)
    whole = discover(make, folder, None, lambda _: None)
    assert whole["finished"]
    alone = discover(make, tmp_path / "other", None, lambda _: None)
    assert whole == alone
    assert discover(make, folder, None, lambda _: None) == whole
    assert len({one["size"] for one in whole["front"]}) == len(whole["front"])


def test_settings_that_cannot_be_are_named(tiny_table):
    with pytest.raises(EznasError, match="rounds is 0"):
        DiscoverySettings(rounds=0)
    with pytest.raises(EznasError, match=r"search.islands is 0"):
        SearchSettings(islands=0)
