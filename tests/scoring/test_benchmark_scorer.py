from __future__ import annotations

import json
from copy import copy
from dataclasses import replace

import numpy as np
import own_operations
import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks, proxies
from eznas.scoring.benchmark_scorer import BenchmarkScorer
from eznas.scoring.settings import ScoringSettings

PROXIES = ("l1_norm(wt)", "frobenius_norm(softmax(act.noise))", "synflow", "snip", "params")


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=4)))


def scorer_of(benchmark, *names, **settings):
    settings = ScoringSettings(threads=1, **settings)
    return BenchmarkScorer(tuple(proxies.load(name) for name in names), benchmark, settings)


def from_helper(scorer, index):
    """Return the column that the helper gives; it is an error if the network is scored here."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(scorer, "here", None)
        return scorer.column(index)


@pytest.mark.parametrize("settings", [{}, {"batch_size": 4, "seed": 3}, {"rounded_up": True}])
@pytest.mark.usefixtures("helper")
def test_scores_of_a_helper_are_the_same_to_the_last_bit(benchmark, settings):
    scorer = scorer_of(benchmark, *PROXIES, **settings)
    for index in (0, 3):
        there, here = from_helper(scorer, index), scorer.here(index)
        assert there.values.tobytes() == here.values.tobytes()
        assert there.rounded_up.tobytes() == here.rounded_up.tobytes()
        assert np.isnan(here.rounded_up[:2]).any() != ("rounded_up" in settings)
        assert not np.isnan(here.values).any()
        assert (there.coverage, there.lacks_units, there.reasons) == (here.coverage, here.lacks_units, {})
        assert there.statistics_bytes == here.statistics_bytes > 0
        assert (there.seconds > 0).all()


@pytest.mark.usefixtures("helper")
def test_a_helper_says_why_there_is_no_score(tmp_path):
    table = write_tiny_benchmark(tmp_path, networks=2)
    record = json.loads((tmp_path / "tiny.json").read_text())
    (tmp_path / "tiny.json").write_text(json.dumps(record | {"image_size": 3}))
    np.savez(tmp_path / "tiny.npz", x_train=np.zeros((8, 3, 3, 3), np.uint8))
    column = from_helper(scorer_of(benchmarks.load(str(table)), "l1_norm(wt)"), 0)
    assert np.isnan(column.values).all()
    assert "3 pixels are too small" in column.reasons[0]


def test_a_benchmark_that_another_process_does_not_find_is_scored_here_and_not_asked_again(benchmark, helper):
    scorer = scorer_of(replace(benchmark, architectures=benchmark.architectures[::-1]), "l1_norm(wt)")
    first = scorer.column(1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(helper, "share", None)
        assert scorer.column(1).values.tolist() == first.values.tolist()


@pytest.mark.usefixtures("helper")
def test_what_no_other_process_knows_is_scored_here(benchmark):
    proxy = copy(proxies.load("params"))
    proxy.local = lambda: None  # has no name that another process could find
    scorer = BenchmarkScorer((proxy,), benchmark, ScoringSettings(threads=1))
    assert scorer.column(0).values[0] > 1
    assert not scorer._may_help


def test_own_operations_are_of_this_process(benchmark, helper, monkeypatch):
    monkeypatch.setattr(helper, "share", None)
    assert scorer_of(benchmark, f"l1_norm({own_operations.NAMES[0]}(wt))").column(0).values[0] != 0
