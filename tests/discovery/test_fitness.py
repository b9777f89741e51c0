import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau
from small_problem import FEATURE_COUNT, group, random_formulas

from eznas.correlation.rank_correlation import kendall_tau
from eznas.correlation.weighted_correlation import top_weighted_tau
from eznas.discovery import criterion
from eznas.discovery.criterion import Criterion
from eznas.discovery.fitness import INVALID, combined, fitness_of, judge, workspace_for
from eznas.discovery.problem import arrays_of
from eznas.ops.catalogue import BY_NAME
from eznas.scoring.ties import tied

COMBINED = {"minimum": np.min, "mean": np.mean, "median": np.median}


def judged(codes, groups, **settings):
    arrays = arrays_of(groups, "sum", Criterion(**settings))
    return judge(np.array(codes, np.int32), arrays, workspace_for(arrays))


def scores_of(codes, one):
    arrays = arrays_of([one], "sum")
    work = workspace_for(arrays)
    fitness_of(np.array(codes, np.int32), len(codes), arrays, work)
    return tied(work.scores)


def with_references(one, *scores):
    return replace(one, references=np.array(scores))


@pytest.mark.parametrize("combine", COMBINED)
def test_the_fitness_on_several_groups_is_combined_under_one_orientation(combine):
    groups = [group(seed=1), group(seed=2, networks=20), group(seed=3, networks=25)]
    together = arrays_of(groups, "sum", Criterion(combine=combine))
    alone = [arrays_of([one], "sum") for one in groups]
    valid = 0
    for codes in random_formulas(60, seed=2):
        whole = judge(codes, together, workspace_for(together))
        each = [judge(codes, arrays, workspace_for(arrays)) for arrays in alone]
        if whole.fitness == INVALID:
            assert any(one.fitness == INVALID for one in each)
            continue
        assert whole.taus == tuple(one.taus[0] for one in each)
        of_signs = {sign: COMBINED[combine]([sign * tau for tau in whole.taus]) for sign in (1, -1)}
        assert whole.fitness == pytest.approx(max(of_signs.values()), abs=1e-15)
        assert of_signs[whole.orientation] == max(of_signs.values())
        valid += 1
    assert valid > 30


@pytest.mark.parametrize("combine", COMBINED)
def test_on_one_group_the_fitness_is_the_size_of_tau_however_it_is_combined(combine):
    one = judged([0], [group()], combine=combine)
    assert one.fitness == abs(one.taus[0])


def test_a_formula_that_scores_no_network_or_all_alike_is_invalid():
    one = group()
    one.values[3] = 0
    for codes in ([3], [3, -1 - BY_NAME["invert"].id]):
        invalid = judged(codes, [one])
        assert invalid.fitness == INVALID
        assert math.isnan(invalid.taus[0])


def test_scores_within_the_error_of_float32_are_ties_in_the_search():
    one = group()
    noise = np.random.default_rng(0).normal(size=one.values.shape[1]) * 2.0**-23
    starts = np.cumsum(one.units) - one.units
    one.values[0] = np.repeat(np.arange(30) // 6 + 1.0, one.units) / np.repeat(one.units, one.units) * (1 + noise)
    sums = np.add.reduceat(one.values[0].astype(np.float64), starts)
    assert len(np.unique(sums)) > 25
    assert len(np.unique(tied(sums))) == 5
    assert judged([0], [one]).taus[0] == kendall_tau(tied(sums), one.accuracies) != kendall_tau(sums, one.accuracies)


def test_units_that_cancel_but_for_rounding_score_zero():
    one = group()
    one.values[0] = np.where(np.arange(one.values.shape[1]) % 2, 1.0, -1.0) + one.values[1] * 1e-9
    starts = np.cumsum(one.units) - one.units
    expected = np.where(one.units % 2, np.sign(one.values[0][starts]), 0)
    np.testing.assert_allclose(scores_of([0], one), expected, atol=1e-5)
    assert (scores_of([0], one)[one.units % 2 == 0] == 0).all()


def test_top_is_the_weighted_tau_and_both_lies_between():
    one = group(networks=50)
    valid = 0
    for codes in random_formulas(12, seed=5):
        tau = judged(codes, [one])
        if tau.fitness == INVALID:
            continue
        top = top_weighted_tau(scores_of(codes, one), one.accuracies)
        assert judged(codes, [one], objective="top").fitness == pytest.approx(abs(top), abs=1e-12)
        assert judged(codes, [one], objective="top").taus == tau.taus
        both = judged(codes, [one], objective="both").fitness
        assert both == pytest.approx(abs(tau.taus[0] + top) / 2, abs=1e-12)
        valid += 1
    assert valid > 8


def test_what_is_known_beyond_a_given_proxy_is_kendalls_partial_tau():
    one = group(networks=60)
    proxy = one.accuracies + 8 * np.random.default_rng(1).normal(size=60)
    given = with_references(one, proxy)
    scores = scores_of([0], one)
    xy, xz, zy = (
        kendalltau(*pair).statistic for pair in ((scores, one.accuracies), (scores, proxy), (proxy, one.accuracies))
    )
    partial = (xy - xz * zy) / math.sqrt((1 - xz**2) * (1 - zy**2))
    assert judged([0], [given], reference="given").fitness == pytest.approx(abs(partial), abs=1e-12)


def test_a_formula_that_ranks_as_the_given_proxy_does_knows_nothing_beyond_it():
    one = group(networks=40)
    for reference in (scores_of([2], one), -scores_of([2], one)):
        for objective in ("tau", "top"):
            given = with_references(one, reference)
            assert judged([2], [given], reference="given", objective=objective).fitness == pytest.approx(0, abs=1e-9)


def test_a_given_proxy_that_ranks_nothing_takes_nothing_away():
    one = group(networks=40)
    for objective in ("tau", "top"):
        constant = with_references(one, np.ones(40))
        alone = judged([0], [one], objective=objective)
        assert judged([0], [constant], reference="given", objective=objective) == alone


def test_the_lead_is_over_the_best_baseline_capped_on_each_benchmark_plus_a_share_of_the_least_tau():
    one, other = group(seed=1, networks=40), group(seed=2, networks=40)
    product = (0, 1, -1 - BY_NAME["product"].id)
    taus = [abs(judged(product, [each]).taus[0]) for each in (one, other)]
    weak, strong = scores_of([0], one), one.accuracies + np.random.default_rng(0).normal(size=40) * 20
    baseline = max(kendall_tau(weak, one.accuracies), kendall_tau(strong, one.accuracies))
    assert 0 < baseline < taus[0]
    groups = [with_references(one, weak, strong), with_references(other, np.ones(40), -other.accuracies)]
    leads = [min(0.2, taus[0] - baseline), 0.2]  # constant, or worse than knowing nothing: nothing to beat
    for combine, share in (("mean", 0.1), ("minimum", 0.1), ("mean", 0.3)):
        settings = {"reference": "over", "lead_cap": 0.2, "least_share": share, "combine": combine}
        fitness = judged(product, groups, **settings).fitness
        assert fitness == pytest.approx(COMBINED[combine](leads) + share * min(taus), abs=1e-12)


@pytest.mark.parametrize("objective", ["tau", "top"])
@pytest.mark.parametrize("strong_first", [True, False])
def test_the_best_baseline_is_that_of_the_objective_wherever_it_stands(objective, strong_first):
    correlation = kendall_tau if objective == "tau" else top_weighted_tau
    rng = np.random.default_rng(0)
    groups, values, to_beat = [], [], []
    for seed in (1, 2):
        one = group(seed=seed, networks=40)
        strong, weak = (one.accuracies + noise * rng.normal(size=40) for noise in (2, 30))
        assert correlation(strong, one.accuracies) > correlation(weak, one.accuracies) > 0
        groups.append(with_references(one, *((strong, weak) if strong_first else (weak, strong))))
        values.append(correlation(scores_of([0], one), one.accuracies))
        to_beat.append(correlation(strong, one.accuracies))
    expected = max(
        np.mean(sign * np.array(values) - to_beat) + 0.1 * min(sign * value for value in values) for sign in (1, -1)
    )
    fitness = judged([0], groups, reference="over", objective=objective, combine="mean").fitness
    assert fitness == pytest.approx(expected, abs=1e-12)


def test_a_formula_behind_the_baselines_is_valid_and_negative():
    one = group(networks=40)
    behind = judged([2], [with_references(one, one.accuracies)], reference="over")
    assert INVALID < behind.fitness < 0


def test_draws_of_one_benchmark_count_by_their_mean():
    draws = [[group(seed=seed), group(seed=seed + 10)] for seed in (1, 2)]
    flat = [one for pair in draws for one in pair]
    codes = (0, 1, -1 - BY_NAME["product"].id)
    taus = np.array([judged(codes, [one]).taus[0] for one in flat]).reshape(2, 2)
    assert judged(codes, flat, draws=2).fitness == pytest.approx(taus.mean(axis=1).min(), abs=1e-12)
    assert judged(codes, flat, draws=1).fitness == taus.min()


def test_the_formulas_of_these_tests_use_every_feature():
    used = {int(code) for codes in random_formulas(60, seed=2) for code in codes if code >= 0}
    assert used == set(range(FEATURE_COUNT))


@pytest.mark.parametrize("count", range(1, 8))
def test_several_benchmarks_are_combined_as_numpy_combines_them(count):
    values = np.random.default_rng(count).permutation(np.linspace(-1.0, 1.0, count))
    for name, by_numpy in COMBINED.items():
        assert combined(values, criterion.COMBINED[name]) == by_numpy(values)
