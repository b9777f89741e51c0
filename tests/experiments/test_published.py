from __future__ import annotations

import pytest

from eznas.experiments.published import FIGURE_4, FLOPS, PARAMS, SPACES, figure_4


def test_the_figure_has_a_value_for_every_space_and_count():
    assert tuple(FIGURE_4) == SPACES
    for row in FIGURE_4.values():
        assert tuple(row) == (*SPACES, FLOPS, PARAMS)
        assert all(-1 < tau < 1 for tau in row.values())


@pytest.mark.parametrize(
    ("row", "column", "tau"),
    [
        ("NASBench201 CIFAR10", "DARTS CIFAR10", 0.5777),
        ("NASBench201 ImageNet16-120", "NASBench201 CIFAR100", -0.424),
        ("NASNet CIFAR10", "Amoeba CIFAR10", 0.3789),
        ("DARTS CIFAR10", FLOPS, 0.5079),
        ("PNAS CIFAR10", PARAMS, 0.3223),
    ],
)
def test_cells_stand_where_the_paper_has_them(row, column, tau):
    assert figure_4(row, column) == tau


@pytest.mark.parametrize(("row", "column"), [(None, FLOPS), ("DARTS CIFAR10", None), ("digits", "digits")])
def test_what_the_paper_does_not_have_is_none(row, column):
    assert figure_4(row, column) is None
