from __future__ import annotations

import numpy as np

from eznas.experiments.learning_curves import LearningCurve, common_amounts


def record(best, evaluated, seconds):
    return {"best": best, "evaluated": evaluated, "seconds": seconds, "individuals": 10}


RUN = [record(-1.0, 10, 1.0), record(0.3, 5, 0.5), record(0.5, 5, 0.5)]


def test_a_generation_counts_once_it_is_finished():
    curve = LearningCurve.of(RUN)
    assert curve.best_within("evaluations", [9, 10, 14.9, 15, 20, 99]).tolist() == [0, 0, 0, 0.3, 0.5, 0.5]
    assert curve.best_within("seconds", 1.99) == 0.3
    assert curve.best_within("individuals", 30) == 0.5
    assert (curve.spent("evaluations"), curve.spent("seconds"), curve.spent("individuals")) == (20, 2, 30)


def test_no_valid_program_ranks_nothing():
    assert LearningCurve.of(RUN[:1]).best.tolist() == [0.0]


def test_curves_are_drawn_where_all_of_them_run():
    longer = [record(0.1, 12, 2.0), record(0.2, 12, 2.0)]
    amounts = common_amounts([LearningCurve.of(RUN), LearningCurve.of(longer)], "evaluations")
    assert (amounts[0], amounts[-1]) == (12, 20)
    assert (np.diff(amounts) > 0).all()
