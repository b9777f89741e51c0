from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from eznas import proxies
from eznas.errors import EznasError
from eznas.experiments import seed_test
from eznas.experiments.seed_test import LEFT, RIGHT, SeedTest, compare_deviations
from eznas.experiments.table_sets import chosen
from eznas.scoring.evaluation import evaluate


@pytest.fixture
def calls(monkeypatch):
    """The networks and the seed of every measurement."""
    made = []
    original = seed_test.rank_networks

    def counting(several, benchmark, indices, settings, **options):
        made.append((tuple(indices.tolist()), settings.seed))
        return original(several, benchmark, indices, settings, **options)

    monkeypatch.setattr(seed_test, "rank_networks", counting)
    return made


def test_both_sides_are_measured_once_and_kept(table, tmp_path, calls, monkeypatch):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    entries = chosen([table, "nds-enas"]).entries
    test = SeedTest(entries, proxies.load("eznas-a"), (0, 1), networks=400, settings={"threads": 1})
    content = test.run(tmp_path / "test", lambda _: None)
    # Seed 0 is on both sides, and half of 16 networks are drawn.
    assert len(calls) == 3
    (fixed, _), (same, other_seed), (drawn, _) = calls
    assert (fixed, other_seed, len(fixed)) == (same, 1, 8)
    assert drawn != fixed
    (one,) = content["benchmarks"]
    assert one["sides"][LEFT]["taus"][0] == one["sides"][RIGHT]["taus"][0]
    assert one["sides"][LEFT]["deviation"] == statistics.stdev(one["sides"][LEFT]["taus"])
    assert {side: len(taus) for side, taus in one["top_decile_taus"].items()} == {LEFT: 2, RIGHT: 2}
    assert list(content["missing"]) == ["nds-enas"]
    assert test.run(tmp_path / "test", lambda _: None)["benchmarks"] == content["benchmarks"]
    assert len(calls) == 3
    assert [path.suffix for path in seed_test.plot(content, tmp_path)] == [".png", ".svg"]


def test_a_measurement_is_that_of_evaluate(table, tmp_path):
    proxy = proxies.load("eznas-a")
    test = SeedTest(chosen([table]).entries, proxy, (3, 4), networks=5, settings={"threads": 1})
    content = test.run(tmp_path / "test", lambda _: None)
    from eznas import benchmarks, seeds
    from eznas.correlation.rank_correlation import kendall_tau

    benchmark = benchmarks.load(table)
    networks = benchmark.sample(5, seeds.generator(4, "networks"))
    evaluation = evaluate([proxy], benchmark, networks=16, seed=4)
    order = np.argsort(evaluation.networks)[networks]
    tau = kendall_tau(evaluation.rankings[0].scores[order], evaluation.accuracies[order])
    assert content["benchmarks"][0]["sides"][RIGHT]["taus"][1] == tau


def test_a_larger_deviation_of_drawn_networks_is_told():
    rng = np.random.default_rng(0)
    fixed, drawn = 0.5 + 0.002 * rng.normal(size=7), 0.5 + 0.02 * rng.normal(size=7)
    result = compare_deviations("DARTS", fixed.tolist(), drawn.tolist())
    low, high = result["ratio_interval"]
    assert 1 < low < result["ratio"] < high
    assert result["ratio"] == pytest.approx(np.std(drawn, ddof=1) / np.std(fixed, ddof=1))
    assert "as the paper observed" in result["sentence"]
    assert "contrary" in compare_deviations("DARTS", drawn.tolist(), fixed.tolist())["sentence"]


def test_the_interval_of_a_ratio_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        low, high = compare_deviations("x", rng.normal(size=7).tolist(), (2 * rng.normal(size=7)).tolist())[
            "ratio_interval"
        ]
        covered += low < 2 < high
    # 3.5 standard deviations of a binomial around 95 % of 400.
    assert abs(covered - 380) < 3.5 * math.sqrt(400 * 0.95 * 0.05)


def test_like_deviations_show_nothing():
    sentence = compare_deviations("DARTS", [0.50, 0.51, 0.52], [0.50, 0.51, 0.525])["sentence"]
    assert "no difference can be shown" in sentence
    assert "ratio is not defined" in compare_deviations("DARTS", [0.5, math.nan], [0.5, 0.6])["sentence"]
    assert "ratio is not defined" in compare_deviations("DARTS", [0.5, 0.5], [0.5, 0.6])["sentence"]


def test_one_seed_has_no_deviation():
    with pytest.raises(EznasError, match="at least 2"):
        SeedTest((), proxies.load("eznas-a"), (0,))
