from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks
from eznas.correlation.rank_correlation import kendall_tau, spearman, top_decile_tau
from eznas.observer import SilentObserver
from eznas.ops.notation import parse_program
from eznas.proxies import Proxy, RankAggregate, load
from eznas.scoring import ranking as ranking_module
from eznas.scoring.dependence import COUNTS_ONLY, PARTLY_ROUNDING, WEIGHTS_OR_IMAGES
from eznas.scoring.ranking import (
    Ranking,
    SeedStability,
    rank_networks,
)
from eznas.scoring.scores import score_networks
from eznas.scoring.settings import ScoringSettings
from eznas.scoring.ties import rankable
from eznas.seeds import second_draw

SETTINGS = ScoringSettings(seed=2, threads=2)
NAN, ULP = math.nan, 2.0**-24
NORM = Proxy("norm", parse_program("frobenius_norm(inp_grad.data)"), orientation=-1)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=24)))


def test_ties_are_made_and_networks_without_a_score_tie_at_the_bottom():
    scores = np.array([0.5, NAN, 0.5 * (1 + ULP), 0.7, NAN])
    assert rankable(scores, 1).tolist() == [0.5, -math.inf, 0.5, 0.7, -math.inf]
    assert rankable(scores, -1).tolist() == [-0.5, -math.inf, -0.5, -0.7, -math.inf]


def test_figures_are_those_of_all_networks():
    scores = np.array([1.0, NAN, 2.0, 3.0, NAN, 2.0 + 4 * ULP])
    accuracies = np.array([10.0, 5.0, 30.0, 40.0, 50.0, 35.0])
    ranking = Ranking.of(scores, accuracies, 1, seed=0, unscored={1: "so", 4: "so"})
    bottom = [1.0, 0.0, 2.0, 3.0, 0.0, 2.0]
    assert ranking.tau.value == kendall_tau(bottom, accuracies)
    assert ranking.spearman.value == spearman(bottom, accuracies)
    assert ranking.tau.low <= ranking.tau.value <= ranking.tau.high
    assert ranking.scored == 4 / 6
    np.testing.assert_array_equal(ranking.scores, scores)


def test_leaving_a_network_out_is_no_way_to_a_better_tau():
    accuracies = np.arange(10.0)
    whole = Ranking.of(np.array([0, 1, 2, 3, 4, 5, 6, 7, 9, 8.0]), accuracies, 1, 0)
    without_the_best = Ranking.of(np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, NAN]), accuracies, 1, 0)
    assert without_the_best.tau.value < whole.tau.value


def test_figures_are_plain_and_the_orientation_is_applied():
    scores = np.linspace(1.0, 0.0, 30)
    figures = json.loads(json.dumps(Ranking.of(scores, np.arange(30.0), -1, 0).figures()))
    assert figures["tau"] == figures["top_decile_tau"] == 1.0
    assert figures["scored"] == 1.0
    assert figures["seed_stability"] is figures["depends_on"] is None
    constant = Ranking.of(np.ones(30), np.arange(30.0), 1, 0).figures()
    assert constant["tau"] is None
    assert constant["tau_interval"] == [None, None]
    assert Ranking.of(np.empty(0), np.empty(0), 1, 0).figures()["scored"] is None


def test_what_does_not_move_counts_only():
    first = np.array([1 / 16, 1 / 32, NAN, 1 / 64])
    noise = 1 + np.array([2, -2, 0, 1]) * ULP
    still = SeedStability.of(first, first * noise)
    assert (still.depends_on, still.networks) == (COUNTS_ONLY, 4)
    moved = SeedStability.of(first, np.array([1 / 16, 1 / 32, NAN, 1 / 65]))
    assert (moved.depends_on, moved.tau) == (WEIGHTS_OR_IMAGES, 1.0)
    assert SeedStability.of(first, np.array([1 / 16, 1 / 32, 1 / 8, 1 / 64])).moves
    assert SeedStability.of(np.array([NAN]), np.array([NAN])) is None


def test_rankings_follow_from_scores(benchmark):
    indices = np.arange(24)
    (ranking,) = rank_networks([NORM], benchmark, indices, SETTINGS, second_draw=False)
    raw = score_networks([NORM], benchmark, indices, SETTINGS).values[0]
    np.testing.assert_array_equal(ranking.scores, -raw)
    for name, statistic in (("tau", kendall_tau), ("spearman", spearman), ("top_decile_tau", top_decile_tau)):
        assert getattr(ranking, name).value == statistic(-raw, benchmark.accuracies)
    assert ranking.stability is None


def test_counts_are_told_from_what_sees_weights_or_images(benchmark):
    counting = [
        load("params"),
        load("flops"),
        Proxy("axis", parse_program("softmax(abs(pre_grad.noise))")),
        Proxy("axis in a sum", parse_program("softmax(sigmoid(wt_grad.noise))"), aggregation="sum"),
        Proxy("elements", parse_program("invert(l1_norm(softmax(wt)))")),
    ]
    looking = [
        NORM,
        Proxy("weights", parse_program("l1_norm(wt)")),
        Proxy("images", parse_program("l1_norm(inp.data)")),
        Proxy("both", parse_program("numel(wt) * log(numel(wt)) + l1_norm(wt)")),
    ]
    rankings = rank_networks([*counting, *looking], benchmark, np.arange(12), SETTINGS)
    assert [ranking.stability.depends_on for ranking in rankings] == [COUNTS_ONLY] * 5 + [WEIGHTS_OR_IMAGES] * 4
    assert rankings[0].stability.tau == 1.0


def test_stability_is_the_tau_between_two_draws(benchmark, monkeypatch):
    monkeypatch.setattr(ranking_module, "SECOND_DRAW_NETWORKS", 7)
    phases = []

    class Phases(SilentObserver):
        def phase(self, name, total=None):
            phases.append(total)

    indices = np.arange(20, 8, -1)
    (ranking,) = rank_networks([NORM], benchmark, indices, SETTINGS, Phases())
    redrawn = ScoringSettings(seed=second_draw(SETTINGS.seed), threads=1)
    first, second = (score_networks([NORM], benchmark, indices[:7], one).values[0] for one in (SETTINGS, redrawn))
    assert ranking.stability == SeedStability(kendall_tau(first, second), moves=True, networks=7)
    assert phases == [12, 7, None]


def test_what_rounding_decides_is_told_from_what_it_does_not():
    benchmark = benchmarks.load("digits")
    formulas = [
        "log(determinant(inp_grad.noise < pre.perturbed))",  # singular matrices of zeros and ones
        "normalized_sum(log_determinant(pre_grad.noise))",
        "inp.data == pre.data",  # equal numbers stay so
    ]
    programs = [Proxy(formula, parse_program(formula), aggregation="sum") for formula in formulas]
    settings = ScoringSettings(seed=3)
    rankings = rank_networks([*programs, load("params")], benchmark, np.arange(25), settings)
    assert [ranking.depends_on for ranking in rankings] == [
        PARTLY_ROUNDING,
        WEIGHTS_OR_IMAGES,
        WEIGHTS_OR_IMAGES,
        COUNTS_ONLY,
    ]
    assert rankings[0].rounding_stability < 0.9
    assert rankings[1].rounding_stability > 0.99
    assert rankings[3].rounding_stability is None
    assert [ranking.rounding_gradients for ranking in rankings] == [0.0, 0.0, None, None]
    assert rankings[0].figures()["rounding_stability"] == rankings[0].rounding_stability


def test_where_nothing_can_be_rounded_up_that_is_not_known(benchmark, monkeypatch):
    monkeypatch.setattr(ranking_module, "can_round_up", lambda: False)
    (ranking,) = rank_networks([NORM], benchmark, np.arange(12), SETTINGS)
    assert ranking.rounding_stability is None
    assert ranking.depends_on == WEIGHTS_OR_IMAGES


def test_of_an_aggregate_the_programs_are_rounded_up():
    score = score_networks

    def scored(proxies, benchmark, indices, settings, observer):
        scores = score(proxies, benchmark, indices, settings, observer)
        if scores.rounded_up is None:
            return scores
        of_programs = np.array([[isinstance(one, Proxy)] for one in proxies])
        shares = np.where(of_programs, np.linspace(0.0, 0.5, scores.values.shape[1]), np.nan)
        shares[:1] += 0.5
        upward = np.where(of_programs, -scores.values, scores.values)
        return replace(scores, rounded_up=upward, rounding_gradients=shares)

    benchmark = benchmarks.load("digits")
    both = RankAggregate("both", (load("params"), NORM))
    proxies = [NORM, load("params"), both, RankAggregate("counts", (load("params"), load("flops")))]
    proxies.append(RankAggregate("all", (both, NORM)))
    rankings = rank_networks(proxies, benchmark, np.arange(20), SETTINGS, score=scored)
    assert [ranking.rounding_stability is None for ranking in rankings] == [False, True, False, True, False]
    assert [ranking.rounding_gradients for ranking in rankings] == [0.75, None, 0.25, None, 0.25]
    assert rankings[0].rounding_stability == -1.0
    assert -1.0 < rankings[2].rounding_stability < 1.0


def test_every_proxy_is_resampled_with_the_same_draws(benchmark):
    twice = rank_networks([NORM, load("params"), NORM], benchmark, np.arange(24), SETTINGS, second_draw=False)
    assert twice[0].figures() == twice[2].figures()
