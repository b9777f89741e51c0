"""What is remembered comes back unit by unit, and goes when there is no room."""

import numpy as np
import pytest

from eznas.ops.unit_tensors import INVALID, NOT_KEPT, UnitTensors
from eznas.scoring.remembered import Remembered

UNITS = [3, 2]


def kept(seed, not_kept=False):
    """Two columns of tensors on the units of two networks; the second is a matrix, or invalid on the first unit."""
    rng = np.random.default_rng(seed)
    networks = []
    for units in UNITS:
        shapes = np.ones((units, 2, 4), np.int64)
        shapes[:, 0, 0] = rng.integers(1, 5, units)
        shapes[:, 1, :2] = rng.integers(1, 4, (units, 2))
        axes = np.tile([1, 2], (units, 1))
        axes[0, 1] = INVALID
        if not_kept:
            axes[1, 1] = NOT_KEPT
        sizes = np.where(axes > 0, shapes.prod(axis=2), 0)
        offsets = (np.cumsum(sizes[:, ::-1]) - sizes[:, ::-1].ravel()).reshape(sizes.shape)[:, ::-1]  # in no order
        values = rng.standard_normal(int(sizes.sum())).astype(np.float32)
        networks.append(UnitTensors(values, offsets, shapes, axes))
    return networks


def tensor(tensors, unit, column):
    start, size = tensors.offsets[unit, column], tensors.sizes[unit, column]
    return (
        tensors.axes[unit, column],
        tuple(tensors.shapes[unit, column]),
        tensors.values[start : start + size].tolist(),
    )


def test_tensors_and_numbers_come_back_unit_by_unit():
    remembered, networks = Remembered(2**20), kept(0)
    numbers = np.arange(5, dtype=np.float32)
    valid = np.array([True, False, True, True, True])
    remembered.put_numbers(b"number", numbers, valid)
    for column, digest in enumerate((b"vector", b"matrix")):
        remembered.put_tensors(digest, networks, column)
    recalled = remembered.recall([b"matrix", b"unknown", b"number", b"vector"], tensors=True)
    assert recalled.columns == {b"matrix": 0, b"number": 1, b"vector": 2}
    for network, first in enumerate((0, UNITS[0])):
        found = recalled.of_units(first, first + UNITS[network])
        for unit in range(UNITS[network]):
            for column, own in ((0, 1), (2, 0)):
                given = tensor(networks[network], unit, own)
                assert tensor(found, unit, column) == given or given[0] == found.axes[unit, column] == INVALID
            assert found.axes[unit, 1] == (0 if valid[first + unit] else INVALID)
            assert found.values[found.offsets[unit, 1]] == numbers[first + unit]
            assert found.shapes[unit, 1].tolist() == [1, 1, 1, 1]


def test_numbers_alone_are_recalled_where_no_tensors_are_wanted():
    remembered = Remembered(2**20)
    remembered.put_numbers(b"number", np.zeros(5, np.float32), np.ones(5, np.bool_))
    remembered.put_tensors(b"vector", kept(0), 0)
    assert remembered.recall([b"vector", b"number"], tensors=False).columns == {b"number": 0}


def test_what_was_not_kept_on_a_unit_is_not_remembered():
    remembered = Remembered(2**20)
    remembered.put_tensors(b"matrix", kept(0, not_kept=True), 1)
    assert remembered.recall([b"matrix"], tensors=True).columns == {}


def test_nothing_recalled_has_no_column():
    assert Remembered(0).recall([], tensors=True).of_units(2, 5).axes.shape == (3, 0)


@pytest.mark.parametrize(("used", "left"), [([], {b"b", b"c"}), ([b"a"], {b"a", b"c"})])
def test_the_longest_unused_is_forgotten(used, left):
    numbers, valid = np.zeros(100, np.float32), np.ones(100, np.bool_)
    remembered = Remembered(3000)  # two of 1,308 bytes
    for digest in (b"a", b"b"):
        remembered.put_numbers(digest, numbers, valid)
    remembered.recall(used, tensors=True)
    remembered.put_numbers(b"c", numbers, valid)
    assert set(remembered.recall([b"a", b"b", b"c"], tensors=True).columns) == left
