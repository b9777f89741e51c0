from __future__ import annotations

import pytest

from eznas import benchmarks
from eznas.experiments.published import SPACES
from eznas.experiments.table_sets import EMBEDDED, REAL, SETS, chosen


def test_the_real_set_has_every_space_of_the_paper_in_its_order():
    assert tuple(entry.space for entry in REAL.entries if entry.space) == SPACES
    assert {entry.benchmark for entry in REAL.entries} <= set(benchmarks.names())


@pytest.mark.parametrize("table_set", SETS.values(), ids=SETS)
def test_labels_and_benchmarks_are_distinct(table_set):
    assert len({entry.label for entry in table_set.entries}) == len(table_set.entries)
    assert len({entry.benchmark for entry in table_set.entries}) == len(table_set.entries)


def test_chosen_benchmarks_keep_their_spaces():
    made = chosen(["nds-enas", "folder/mine.csv", "digits-pnas", "nds-enas"])
    assert [(entry.label, entry.space) for entry in made.entries] == [
        ("ENAS", "ENAS CIFAR10"),
        ("mine", None),
        ("digits PNAS", "PNAS CIFAR10"),
    ]
    assert EMBEDDED.entries[4] in made.entries
