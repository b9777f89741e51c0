import math

import numpy as np
import pytest
from small_problem import FEATURE_COUNT, group
from test_arithmetic import random_formulas

from eznas.discovery.fitness import judge, workspace_for
from eznas.discovery.problem import arrays_of

COMBINED = {"minimum": np.min, "mean": np.mean, "median": np.median}


@pytest.mark.parametrize("combine", COMBINED)
def test_the_fitness_on_several_groups_is_combined_under_one_orientation(combine):
    groups = [group(seed=1), group(seed=2, networks=20), group(seed=3, networks=25)]
    together = arrays_of(groups, "sum", combine)
    alone = [arrays_of([one], "sum", combine) for one in groups]
    valid = 0
    for codes in random_formulas(60, seed=2):
        judged = judge(codes, together, workspace_for(together))
        each = [judge(codes, arrays, workspace_for(arrays)) for arrays in alone]
        if judged.fitness == -1.0:
            assert any(one.fitness == -1.0 for one in each)
            continue
        assert judged.taus == tuple(one.taus[0] for one in each)
        of_signs = {sign: COMBINED[combine]([sign * tau for tau in judged.taus]) for sign in (1, -1)}
        assert judged.fitness == pytest.approx(max(of_signs.values()), abs=1e-15)
        assert of_signs[judged.orientation] == max(of_signs.values())
        valid += 1
    assert valid > 30


def test_on_one_group_the_fitness_is_the_size_of_tau_however_it_is_combined():
    one = group()
    codes = np.array([0], np.int32)
    fitness = {judge(codes, arrays_of([one], "sum", how), workspace_for(arrays_of([one], "sum"))) for how in COMBINED}
    assert len(fitness) == 1
    judged = fitness.pop()
    assert judged.fitness == abs(judged.taus[0])


def test_a_formula_that_scores_no_network_or_all_alike_is_judged_invalid():
    one = group()
    one.values[3] = 0
    arrays = arrays_of([one], "sum")
    for codes in ([3], [3, -1 - 16]):  # zero, and one over it
        judged = judge(np.array(codes, np.int32), arrays, workspace_for(arrays))
        assert judged.fitness == -1.0
        assert math.isnan(judged.taus[0])


def test_the_formulas_of_these_tests_use_every_feature():
    used = {int(code) for codes in random_formulas(60, seed=2) for code in codes if code >= 0}
    assert used == set(range(FEATURE_COUNT))
