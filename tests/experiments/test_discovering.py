from __future__ import annotations

from dataclasses import replace

import pytest

from eznas.discovery.enumeration import enumeration as enumeration_of_bank
from eznas.discovery.enumeration.enumeration import Enumeration
from eznas.discovery.machine import Machine
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError
from eznas.experiments.discovering import ALWAYS_VARIED, common_settings, enumerated, with_settings
from eznas.features.bank import standard_bank

BASE = DiscoverySettings()


@pytest.fixture
def enumeration(table, tmp_path, monkeypatch):
    """Returns the best formula of a size over few features, and what was reported meanwhile."""
    monkeypatch.setattr(enumeration_of_bank, "standard_bank", lambda: standard_bank()[:12])
    settings = replace(BASE, benchmarks=(table,), networks=8)

    def best(size):
        lines = []
        machine = Machine(1, tables=tmp_path / "tables")
        return enumerated(tmp_path / "enumeration", size, settings, machine, lines.append, "all"), lines

    return best


def test_one_enumeration_serves_all_sizes(enumeration):
    feature, lines = enumeration(1)
    assert lines == ["all: comparing all formulas"]
    assert feature.program in standard_bank()
    pair, lines = enumeration(3)
    assert lines == []
    assert len(pair.program.nodes) >= len(feature.program.nodes)


def test_an_interrupted_enumeration_is_no_result(enumeration, monkeypatch):
    def interrupted(_self, _watch=None):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Enumeration, "explore_all", interrupted)
        with pytest.raises(KeyboardInterrupt):
            enumeration(1)
    _, lines = enumeration(1)
    assert lines == ["all: comparing all formulas"]


def test_settings_are_read_in_their_types():
    texts = ["rounds=3", "combine=mean", "search.islands=2", "search.parsimony=0.01"]
    made = with_settings(BASE, texts, ALWAYS_VARIED)
    assert (made.rounds, made.combine, made.epochs) == (3, "mean", BASE.epochs)
    assert (made.search.islands, made.search.parsimony) == (2, 0.01)
    assert made.search.members == BASE.search.members


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("round=3", "is no setting of a discovery: write NAME=VALUE, where NAME is one of networks"),
        ("rounds", "is no setting"),
        ("search=8", "is no setting"),
        ("seek.islands=8", "is no setting"),
        ("search.rounds=8", "is no setting"),
        ("rounds=many", "rounds is 'many', which is no int"),
        ("rounds=0", "rounds is 0"),
        ("combine=sum", "choose minimum or mean or median"),
        ("seed=3", "sets seed itself"),
    ],
)
def test_what_is_no_setting_is_named(text, message):
    with pytest.raises(EznasError, match=message):
        with_settings(BASE, [text], ALWAYS_VARIED)


def test_the_record_leaves_out_what_an_experiment_varies():
    record = common_settings(BASE, ALWAYS_VARIED)
    assert not {"seed", "benchmarks", "held_out"} & set(record)
    assert record["search"]["islands"] == BASE.search.islands
