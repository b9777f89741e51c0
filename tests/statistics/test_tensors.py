import numpy as np
import pytest

from eznas.statistics.tensors import NOT_COLLECTED, Layout, NetworkStatistics
from eznas.terminals import BY_NAME, TERMINAL_COUNT, TERMINALS

UNITS = [
    {"wt": (4, 3, 3, 3), "inp": (2, 3, 8, 8), "pre": (2, 3, 8, 8), "act": (2, 4, 8, 8)},
    {"wt": (5, 4, 1, 1), "inp": (2, 4), "pre": (2, 4, 8, 8), "act": (2, 5, 8, 8)},
]


def statistics_of(layout):
    values = np.arange(layout.size, dtype=np.float32)
    return NetworkStatistics("n", values, layout.offsets, layout.shapes, layout.axes)


def test_the_tensors_fill_the_array_in_order_without_gaps():
    statistics = statistics_of(Layout.of(UNITS, frozenset(range(TERMINAL_COUNT))))
    tensors = [statistics.tensor(unit, address) for unit in range(2) for address in range(TERMINAL_COUNT)]
    assert np.array_equal(np.concatenate([tensor.ravel() for tensor in tensors]), statistics.values)
    for unit in range(2):
        for terminal in TERMINALS:
            assert statistics.tensor(unit, terminal.address).shape == UNITS[unit][terminal.shape_of]


def test_missing_axes_are_one_and_are_not_part_of_the_shape():
    layout = Layout.of(UNITS, frozenset({4}))
    assert layout.shapes[1, 4].tolist() == [2, 4, 1, 1]
    assert layout.axes[1, 4] == 2
    assert statistics_of(layout).shape(1, 4) == (2, 4)


def test_terminals_that_are_left_out_take_no_room_but_have_a_shape():
    address, other = BY_NAME["pre_grad.noise"].address, BY_NAME["wt"].address
    layout = Layout.of(UNITS, frozenset({address}))
    statistics = statistics_of(layout)
    assert layout.size == 2 * 3 * 8 * 8 + 2 * 4 * 8 * 8
    assert (np.delete(layout.offsets, address, axis=1) == NOT_COLLECTED).all()
    assert statistics.shape(0, other) == (4, 3, 3, 3)
    assert statistics.terminals == {address}
    with pytest.raises(KeyError, match="wt of n was not collected"):
        statistics.tensor(0, other)


def test_tensors_are_views_and_arrays_are_as_documented():
    statistics = statistics_of(Layout.of(UNITS, frozenset(range(TERMINAL_COUNT))))
    statistics.tensor(1, 21)[...] = -1
    assert (statistics.values[-2 * 5 * 8 * 8 :] == -1).all()
    assert statistics.units == 2
    assert [array.dtype for array in (statistics.offsets, statistics.shapes, statistics.axes)] == [np.int64] * 3
    assert statistics.nbytes == 4 * len(statistics.values) + 8 * 2 * 22 * (1 + 4 + 1)
