import pytest

from eznas.discovery.criterion import Criterion


def test_islands_go_from_tau_to_top_where_both_count():
    assert Criterion("both").top_shares(5).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert Criterion("both").top_shares(1).tolist() == [0.5]


@pytest.mark.parametrize(("objective", "share"), [("tau", 0.0), ("top", 1.0)])
def test_one_objective_is_that_of_all_islands_and_of_the_archive(objective, share):
    assert Criterion(objective).top_shares(3).tolist() == [share] * 3
    assert Criterion(objective).archive_shares == (share,)
