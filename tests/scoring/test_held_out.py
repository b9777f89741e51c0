from __future__ import annotations

import math

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks, proxies
from eznas.errors import EznasError
from eznas.observer import SilentObserver
from eznas.proxies import hand_made
from eznas.runs.settings import RunSettings
from eznas.scoring.evaluation import evaluate_proxy
from eznas.scoring.held_out import Ranking, rank_held_out
from eznas.scoring.ranking import kendall_tau

SETTINGS = RunSettings(networks=12, held_out=12, threads=2)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=24)))


class Counting(SilentObserver):
    def __init__(self):
        self.phases, self.networks = [], 0

    def phase(self, name, total):
        self.phases.append(total)

    def advance(self):
        self.networks += 1


def test_figures_are_those_of_evaluate(benchmark):
    several = [
        proxies.load("eznas-a"),
        proxies.Proxy("l2 of act", proxies.load("act.noise").program, orientation=-1, to_scalar="l2"),
        proxies.Proxy("C-B-R", proxies.load("l1_norm(pre_grad.data)").program, unit="C-B-R", aggregation="sum"),
    ]
    evaluations = [evaluate_proxy(one, benchmark, networks=24, seed=0) for one in several]
    rankings, counts = rank_held_out(several, benchmark, evaluations[0].networks, SETTINGS, SilentObserver())
    assert [one.tau for one in rankings] == [one.tau.value for one in evaluations]
    for name, ranking in counts.items():
        evaluation = evaluate_proxy(hand_made.load(name), benchmark, networks=24, seed=0)
        assert ranking.tau == evaluation.tau.value


def test_proxies_that_are_computed_alike_share_the_passes(benchmark):
    alike = [proxies.load("eznas-a"), proxies.load("l1_norm(wt)")]
    other = proxies.Proxy("sum", alike[0].program, aggregation="sum")
    observer = Counting()
    rank_held_out([*alike, other], benchmark, np.arange(5), SETTINGS, observer)
    assert (observer.phases, observer.networks) == ([5, 5], 10)


def test_without_networks_the_figures_are_undefined(benchmark):
    rankings, counts = rank_held_out([proxies.load("wt")], benchmark, np.arange(0), SETTINGS, SilentObserver())
    assert math.isnan(rankings[0].tau)
    assert all(math.isnan(one.tau) for one in counts.values())


def test_a_network_that_cannot_run_counts_as_failed(benchmark, monkeypatch):
    monkeypatch.setattr("eznas.scoring.benchmark_statistics.BenchmarkStatistics.collect", _failing_for(2))
    rankings, _ = rank_held_out([proxies.load("l1_norm(wt)")], benchmark, np.arange(6), SETTINGS, SilentObserver())
    assert rankings[0].failed == 1
    assert math.isfinite(rankings[0].tau)


def test_a_ranking_leaves_out_networks_without_a_score():
    scores, accuracies = np.array([1.0, np.nan, 2.0, 3.0, np.inf]), np.array([1.0, 9.0, 3.0, 2.0, 9.0])
    ranking = Ranking.of(scores, accuracies, seed=0)
    assert ranking.tau == kendall_tau([1.0, 2.0, 3.0], [1.0, 3.0, 2.0])
    assert ranking.failed == 2
    assert ranking.interval[0] <= ranking.tau <= ranking.interval[1]


def _failing_for(broken):
    from eznas.scoring.benchmark_statistics import BenchmarkStatistics

    whole = BenchmarkStatistics.collect

    def collect(self, index, network=None):
        if index == broken:
            raise EznasError("broken")
        return whole(self, index, network)

    return collect
