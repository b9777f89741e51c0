from __future__ import annotations

import json

import numpy as np
import pytest

from eznas.experiments.architecture_numbers import architecture_numbers, encode

CELL = "|none~0|+|nor_conv_3x3~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"


def test_a_cell_of_nasbench201_is_counted_and_read_edge_by_edge():
    numbers = architecture_numbers(CELL)
    assert numbers.counts == {"none": 3, "nor_conv_3x3": 1, "skip_connect": 2}
    assert set(numbers.places) == {
        *("edge 0: none", "edge 1: nor_conv_3x3", "edge 2: skip_connect"),
        *("edge 3: none", "edge 4: none", "edge 5: skip_connect"),
    }


def test_a_genotype_is_counted_by_cell_and_its_size_is_a_number():
    normal, reduce = [["sep_conv_3x3", 0], ["sep_conv_3x3", 1]], [["max_pool_3x3", 0]]
    text = json.dumps({"genotype": {"normal": normal, "reduce": reduce}, "width": 8, "aux": True})
    numbers = architecture_numbers(text)
    assert numbers.counts == {
        "genotype.normal: sep_conv_3x3": 2,
        "genotype.reduce: max_pool_3x3": 1,
        "width": 8,
        "aux": 1,
    }
    assert numbers.places["genotype.normal.1.0: sep_conv_3x3"] == 1
    assert numbers.places["genotype.normal.1.1"] == 1  # what it reads
    assert numbers.places["width"] == 8


def test_parts_are_counted_by_word_and_summed_by_letter():
    numbers = architecture_numbers("k3g1/k5g4")
    assert numbers.counts["parts"] == 2
    assert (numbers.counts["word k3"], numbers.counts["word g4"]) == (1, 1)
    assert (numbers.counts["sum of k"], numbers.counts["sum of g"]) == (8, 5)
    assert numbers.places["part 1.0: k5"] == 1
    assert numbers.places["part 1.0 number"] == 5


@pytest.mark.parametrize("text", ["conv/stride2", "0-01-2", "64:32:8", "{no json", "relu", "|", ""])
def test_any_text_gives_numbers(text):
    numbers = architecture_numbers(text)
    assert all(isinstance(value, int | float) for value in (*numbers.counts.values(), *numbers.places.values()))


def test_columns_are_those_of_the_known_architectures():
    columns, rows = encode(["k3/k3", "k5/k7"], "counts", ["k3/k5"])
    assert columns == ("parts", "sum of k", "word k3", "word k5")
    np.testing.assert_array_equal(rows, [[2, 6, 2, 0], [2, 12, 0, 1]])


def test_the_order_of_the_known_architectures_does_not_matter():
    first, second = (encode(["k3"], "places", known) for known in (["k3/k5", "k1"], ["k1", "k3/k5"]))
    assert first[0] == second[0]
    np.testing.assert_array_equal(first[1], second[1])
