from __future__ import annotations

import pytest

from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError
from eznas.experiments.discovering import ALWAYS_VARIED, common_settings, with_settings

BASE = DiscoverySettings()


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
