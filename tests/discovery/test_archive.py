import numpy as np
import pytest

from eznas.discovery.archive import KEPT_PER_SIZE, Archive, Found


def some_formulas(merits):
    """500 formulas of up to 5 nodes, with numbers so coarse that several have the same."""
    rng = np.random.default_rng(0)
    return [
        Found(
            tuple(rng.integers(9, size=rng.integers(1, 6)).tolist()),
            float(rng.integers(100) / 100),
            tuple(float(rng.integers(100) / 100) for _ in range(merits - 1)),
        )
        for _ in range(500)
    ]


@pytest.mark.parametrize("merits", [1, 3])
def test_the_archive_does_not_depend_on_the_order(merits):
    found = some_formulas(merits)
    one, other = Archive(), Archive()
    one.add(found)
    for part in found[::-1]:
        other.add([part])
    assert one == other
    assert all(len(kept) <= merits * KEPT_PER_SIZE for kept in one.by_size.values())


@pytest.mark.parametrize("merits", [1, 3])
def test_the_best_of_a_size_by_each_merit_are_kept(merits):
    found = some_formulas(merits)
    archive = Archive()
    archive.add(found)
    for size, kept in archive.by_size.items():
        for merit in range(merits):
            best = sorted({one.merits[merit] for one in found if one.size == size})[-5:]
            assert set(best) <= {one.merits[merit] for one in kept}


def test_the_front_has_what_nothing_smaller_or_as_large_is_as_good_as_by_both():
    small, tau, top, neither, larger = (
        Found((0,), 0.5, (0.4, 0.6)),
        Found((0, 1), 0.5, (0.7, 0.3)),
        Found((0, 2), 0.5, (0.1, 0.9)),
        Found((0, 3), 0.5, (0.3, 0.6)),
        Found((0, 1, 2), 0.9, (0.7, 0.9)),
    )
    archive = Archive()
    archive.add([neither, larger, top, tau, small])
    assert set(archive.front) == {small, tau, top, larger}
    assert archive.best == larger
    assert [one.size for one in archive.front] == [1, 2, 2, 3]
    assert Archive().best is None
    one_goal = Archive()
    one_goal.add([Found(one.codes, one.extremes[0]) for one in (neither, larger, top, tau, small)])
    assert [one.codes for one in one_goal.front] == [(0,), (0, 1)]
