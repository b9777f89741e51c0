from __future__ import annotations

import json
import shutil
from contextlib import suppress

import numpy as np
import pytest

from eznas.correlation.rank_correlation import kendall_tau
from eznas.discovery import session
from eznas.discovery.discovery import Discovery
from eznas.discovery.machine import Machine
from eznas.discovery.search_settings import SearchSettings
from eznas.discovery.session import discover
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError
from eznas.observer import SilentObserver
from eznas.scoring.ties import rankable

FILES = ("history.jsonl", "networks.json", "result.json", "proxy.json")


@pytest.fixture(scope="module")
def make(tiny_table, tables):
    settings = DiscoverySettings(
        benchmarks=(tiny_table,),
        networks=12,
        validation=6,
        held_out=6,
        rounds=2,
        epochs=2,
        proposals=20,
        search=SearchSettings(islands=2, members=30, children=150),
    )
    return lambda: Discovery.on_benchmarks(settings, Machine(1, tables=tables))


@pytest.fixture(scope="module")
def whole(make, tmp_path_factory):
    folder = tmp_path_factory.mktemp("discoveries") / "whole"
    discover(make, folder, None, lambda _: None)
    return folder


def records(folder):
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def test_every_epoch_has_a_record(whole):
    history = records(whole)
    assert [one["epoch"] for one in history] == [1, 2, 3, 4]
    assert [one["best"] for one in history] == sorted(one["best"] for one in history)
    result = json.loads((whole / "result.json").read_text())
    assert history[-1]["formulas_evaluated"] == result["search"]["formulas_evaluated"]
    assert history[-1]["best"] == max(one["fitness"] for one in result["front"])


def test_what_cannot_begin_leaves_no_folder_and_touches_none_that_was_there(tmp_path):
    def fails():
        raise EznasError("There is no benchmark 'nosuch'.")

    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "own.txt").write_text("mine")
    for name in ("new", "there"):
        with pytest.raises(EznasError, match="nosuch"):
            discover(fails, tmp_path / name, None, lambda _: None)
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "there" / "own.txt").read_text() == "mine"


class Told(SilentObserver):
    """Remembers its phases, each with the number of its advances."""

    def __init__(self):
        self.phases = []

    def phase(self, name, total=None):
        self.phases.append([name, total, 0])

    def advance(self):
        self.phases[-1][2] += 1


def test_a_watcher_learns_of_kernels_epochs_and_joins(make, tmp_path):
    told = Told()
    half = make()
    half.advance()
    state = half.encode()

    def resumed():
        discovery = Discovery(half.settings, half.samples, half.references, half.machine, told)
        discovery.restore(state)
        return discovery

    discover(resumed, tmp_path / "watched", None, lambda _: None, told)
    assert told.phases[0][0].startswith("loading the compiled kernels")
    epochs = [phase for phase in told.phases if "epochs" in phase[0]]
    assert epochs == [["epochs of round 1 of 2", 2, 2], ["epochs of round 2 of 2", 2, 2]]
    assert "joining formulas" in [name for name, *_ in told.phases]


class StoppedAtTheSecond:
    """Ctrl-C at the second step of a process; the first is stored."""

    def __init__(self):
        self.left = 2

    def __call__(self, _):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_a_discovery_that_is_stopped_again_and_again_leaves_the_same_files(make, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(session, "SECONDS_BETWEEN_CHECKPOINTS", -1.0)
    for _ in range(10):
        with suppress(KeyboardInterrupt):
            discover(make, tmp_path, None, StoppedAtTheSecond())
            break
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()


def test_what_a_history_has_beyond_its_checkpoint_is_done_again(make, whole, tmp_path):
    discover(make, tmp_path, 0.0, lambda _: None)
    assert len(records(tmp_path)) == 1
    shutil.copy(whole / "history.jsonl", tmp_path)
    discover(make, tmp_path, None, lambda _: None)
    assert records(tmp_path) == records(whole)


def test_a_folder_without_history_goes_on_and_says_nothing_of_what_is_past(make, whole, tmp_path):
    discover(make, tmp_path, 0.0, lambda _: None)
    (tmp_path / "history.jsonl").unlink()
    discover(make, tmp_path, None, lambda _: None)
    assert records(tmp_path) == [{"epoch": 1, "best": None}, *records(whole)[1:]]


def test_the_stored_scores_give_the_reported_taus(whole):
    ((name, stored),) = json.loads((whole / "networks.json").read_text())["benchmarks"].items()
    reported = json.loads((whole / "result.json").read_text())["chosen"]["benchmarks"][name]
    taus = {
        "training": reported["tau_training"],
        "validation": reported["tau_validation"],
        "held_out": reported["held_out"]["tau"],
    }
    for part, tau in taus.items():
        ranked = rankable(np.array(stored[part]["scores"]["best"]), 1)
        assert kendall_tau(ranked, np.array(stored[part]["accuracies"])) == pytest.approx(tau)
