import numpy as np

from eznas.features.selection import REASONS, SelectionSettings, select
from eznas.features.table import FeatureValues
from eznas.ops.notation import parse_program

UNITS = np.array([3, 5, 2])
NUMBERS = np.random.default_rng(0).normal(size=10).astype(np.float32)


def table_of(*rows, valid=None, roundoff=None):
    values = np.array(rows, np.float32)
    features = tuple(parse_program("numel(" + "sign(" * row + "wt" + ")" * row + ")") for row in range(len(rows)))
    return FeatureValues(
        features,
        UNITS,
        values,
        np.ones(values.shape, bool) if valid is None else valid,
        np.zeros(len(rows), np.float32) if roundoff is None else np.array(roundoff, np.float32),
    )


def test_useful_features_are_kept():
    selection = select(table_of(NUMBERS, -NUMBERS, NUMBERS + 1, NUMBERS**2))
    assert selection.kept.tolist() == [0, 1, 2, 3]
    assert selection.reasons == {}


def test_reasons_are_counted():
    infinite = NUMBERS.copy()
    infinite[4] = np.inf
    constant = np.full(10, 3.0)
    selection = select(table_of(NUMBERS, infinite, constant, NUMBERS * (1 + 1e-7), -NUMBERS, roundoff=[0, 0, 0, 0, 1]))
    assert selection.kept.tolist() == [0]
    assert selection.reasons == {
        1: "not finite",
        2: "constant",
        3: "a repeat of an earlier one",
        4: "undetermined in float32",
    }
    assert selection.counts == {reason: int(reason != REASONS[0]) for reason in REASONS}


def test_invalid_units_are_borne_up_to_a_share_and_never_a_whole_network():
    one_unit = np.ones((1, 10), bool)
    one_unit[0, 1] = False
    table = table_of(NUMBERS, valid=one_unit)
    assert select(table, settings=SelectionSettings(invalid_share=0.1)).kept.tolist() == [0]
    assert select(table, settings=SelectionSettings(invalid_share=0.05)).reasons == {0: "invalid on too many units"}
    last_network = np.ones((1, 10), bool)
    last_network[0, 8:] = False
    assert (
        select(table_of(NUMBERS, valid=last_network), settings=SelectionSettings(invalid_share=0.5)).kept.tolist() == []
    )


def test_the_first_of_several_repeats_stays():
    selection = select(table_of(-NUMBERS, NUMBERS, NUMBERS, NUMBERS))
    assert selection.kept.tolist() == [0, 1]


def test_a_feature_must_be_useful_in_every_table_and_repeats_are_equal_in_all_of_them():
    constant = np.full(10, 3.0)
    one = table_of(NUMBERS, -NUMBERS, NUMBERS, NUMBERS, NUMBERS**2)
    other = table_of(NUMBERS, constant, NUMBERS, 2 * NUMBERS, NUMBERS**2, roundoff=[0, 0, 0, 0, 1])
    selection = select(one, other)
    assert selection.kept.tolist() == [0, 3]  # the third repeats the first in both tables, the fourth in one
    assert selection.reasons == {1: "constant", 2: "a repeat of an earlier one", 4: "undetermined in float32"}
    assert select(other, one).kept.tolist() == [0, 3]
