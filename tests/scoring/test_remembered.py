"""What is remembered comes back unit by unit, and goes when there is no room."""

import numpy as np
import pytest

from eznas.ops.notation import parse_program
from eznas.ops.shared_programs import SharedPrograms
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


def digest(text):
    return parse_program(text).digests[-1]


def recall(remembered, *texts, tensors=True):
    return remembered.recall(SharedPrograms.of([parse_program(text) for text in texts]), tensors=tensors)


def test_tensors_and_numbers_come_back_unit_by_unit():
    remembered, networks = Remembered(2**20), kept(0)
    numbers = np.arange(5, dtype=np.float32)
    valid = np.array([True, False, True, True, True])
    remembered.put_numbers(digest("l1_norm(wt)"), numbers, valid)
    remembered.put_tensors(digest("determinant(wt)"), networks, 0)
    remembered.put_tensors(digest("determinant(inp.data)"), networks, 1)
    recalled = recall(remembered, "exp(determinant(wt)) * (determinant(inp.data) + l1_norm(wt))")
    assert recalled.columns.keys() == {
        digest(text) for text in ("l1_norm(wt)", "determinant(wt)", "determinant(inp.data)")
    }
    of_wt, of_inp, of_number = (
        recalled.columns[digest(text)] for text in ("determinant(wt)", "determinant(inp.data)", "l1_norm(wt)")
    )
    for network, first in enumerate((0, UNITS[0])):
        found = recalled.of_units(first, first + UNITS[network])
        for unit in range(UNITS[network]):
            for column, own in ((of_wt, 0), (of_inp, 1)):
                given = tensor(networks[network], unit, own)
                assert tensor(found, unit, column) == given or given[0] == found.axes[unit, column] == INVALID
            assert found.axes[unit, of_number] == (0 if valid[first + unit] else INVALID)
            assert found.values[found.offsets[unit, of_number]] == numbers[first + unit]
            assert found.shapes[unit, of_number].tolist() == [1, 1, 1, 1]


def test_what_lies_below_something_remembered_is_not_recalled():
    remembered = Remembered(2**20)
    for text in ("l1_norm(wt)", "exp(l1_norm(wt))"):
        remembered.put_numbers(digest(text), np.zeros(5, np.float32), np.ones(5, np.bool_))
    above, below = "abs(exp(l1_norm(wt)))", "sqrt(l1_norm(wt))"
    assert set(recall(remembered, above).columns) == {digest("exp(l1_norm(wt))")}
    assert len(recall(remembered, above, below).columns) == 2
    assert recall(remembered, "wt", "abs(wt)").columns == {}


def test_numbers_alone_are_recalled_where_no_tensors_are_wanted():
    remembered = Remembered(2**20)
    remembered.put_numbers(digest("l1_norm(wt)"), np.zeros(5, np.float32), np.ones(5, np.bool_))
    remembered.put_tensors(digest("determinant(wt)"), kept(0), 0)
    both = "determinant(wt) * l1_norm(wt)"
    assert set(recall(remembered, both, tensors=False).columns) == {digest("l1_norm(wt)")}


def test_what_was_not_kept_on_a_unit_is_not_remembered():
    remembered = Remembered(2**20)
    remembered.put_tensors(digest("determinant(wt)"), kept(0, not_kept=True), 1)
    assert recall(remembered, "determinant(wt)").columns == {}


def test_nothing_recalled_has_no_column():
    assert recall(Remembered(0)).of_units(2, 5).axes.shape == (3, 0)


@pytest.mark.parametrize(("used", "left"), [([], {"exp", "log"}), (["abs"], {"abs", "log"})])
def test_the_longest_unused_is_forgotten(used, left):
    numbers, valid = np.zeros(100, np.float32), np.ones(100, np.bool_)
    remembered = Remembered(3000)  # two of 1,308 bytes
    texts = {name: f"{name}(l1_norm(wt))" for name in ("abs", "exp", "log")}
    for name in ("abs", "exp"):
        remembered.put_numbers(digest(texts[name]), numbers, valid)
    recall(remembered, *[texts[name] for name in used])
    remembered.put_numbers(digest(texts["log"]), numbers, valid)
    found = recall(remembered, *texts.values()).columns
    assert set(found) == {digest(texts[name]) for name in left}
