from __future__ import annotations

import numpy as np
import pytest

from eznas import proxies
from eznas.correlation.rank_correlation import kendall_tau
from eznas.errors import EznasError
from eznas.experiments import measure
from eznas.runs.settings import RunSettings
from eznas.runs.split import Split
from eznas.scoring.evaluation import evaluate


@pytest.fixture
def settings(table, quick):
    return RunSettings.from_mapping({**quick, "benchmark": table, "held_out": 8})


def test_all_proxies_rank_the_same_networks(settings):
    benchmark = measure.load(settings)
    several = {"a": proxies.load("eznas-a"), "b": proxies.load("frobenius_norm(wt)"), "c": proxies.load("params")}
    pieces = measure.rank_test_networks(benchmark, several, settings)
    assert list(pieces) == ["a", "b", "c"]
    for name, piece in pieces.items():
        assert (piece["networks"], piece["unscored"], piece["scored"]) == (8, 0, 1.0)
        low, high = piece["tau_interval"]
        assert low <= piece["tau"] <= high
        assert piece["description"] == benchmark.description
        assert [one for one, proxy in several.items() if measure.is_of(piece, proxy)] == [name]
    assert pieces["b"]["formula"] == "frobenius_norm(wt)"
    assert not measure.is_of(None, several["a"])


def test_the_figures_are_those_of_evaluate(table, quick):
    settings = RunSettings.from_mapping({**quick, "benchmark": table, "networks": 3, "held_out": 13})
    benchmark = measure.load(settings)
    piece = measure.rank_test_networks(benchmark, {"a": proxies.load("eznas-a")}, settings)["a"]
    evaluation = evaluate([proxies.load("eznas-a")], benchmark, networks=16)
    held_out = Split.of(benchmark, settings).held_out
    kept = np.isin(evaluation.networks, held_out)
    assert piece["tau"] == kendall_tau(evaluation.rankings[0].scores[kept], evaluation.accuracies[kept])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"networks": 15}, "at least 3 are left"),
        ({"networks": 17}, "has 16 networks"),
        ({"batch_size": 9}, "8 images"),
        ({"benchmark": "digit"}, "'digit'"),
    ],
)
def test_what_cannot_be_measured_is_told_before(table, quick, change, named):
    with pytest.raises(EznasError, match=named):
        measure.load(RunSettings.from_mapping({**quick, "benchmark": table, **change}))
