from dataclasses import replace

import numpy as np
import pytest
from synthetic_statistics import store

from eznas.ops.notation import parse_program
from eznas.ops.plan import Plan
from eznas.scoring import elsewhere as elsewhere_module
from eznas.scoring.elsewhere import scores_elsewhere
from eznas.scoring.evaluator import scores_of_network

FORMULAS = (
    "wt",
    "numel(wt)",
    "l1_norm(wt) - frobenius_norm(inp.data)",
    "softmax(act.noise)",
    "abs(pre_grad.data) @ abs(pre.data)",
)
PROGRAMS = [parse_program(text) for text in FORMULAS]


@pytest.mark.parametrize("to_scalar", ["mean", "l2"])
@pytest.mark.parametrize("aggregation", ["mean", "sum"])
def test_what_is_well_determined_is_the_same_elsewhere(to_scalar, aggregation):
    statistics = store(1).get(0)
    here = scores_of_network(Plan.of(PROGRAMS), statistics, to_scalar, aggregation)
    elsewhere = scores_elsewhere(PROGRAMS, statistics, to_scalar, aggregation)
    np.testing.assert_allclose(elsewhere, here, rtol=1e-5)


def test_it_is_the_moved_statistics_that_count(monkeypatch):
    statistics = store(1).get(0)
    here = scores_elsewhere(PROGRAMS[:2], statistics, "mean", "sum")
    monkeypatch.setattr(elsewhere_module, "shaken", lambda given: replace(given, values=2 * given.values))
    np.testing.assert_allclose(scores_elsewhere(PROGRAMS[:2], statistics, "mean", "sum"), [2 * here[0], here[1]])


def test_only_what_programs_read_need_be_collected():
    statistics = store(1).get(0)
    only = statistics.offsets.copy()
    only[:, 1:] = -1
    few = replace(statistics, offsets=only)
    np.testing.assert_array_equal(
        scores_elsewhere(PROGRAMS[:2], few, "mean", "sum"), scores_elsewhere(PROGRAMS[:2], statistics, "mean", "sum")
    )
