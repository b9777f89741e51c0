import numpy as np
import pytest
import torch
from synthetic_statistics import statistics

from eznas.scoring import unit_blocks as unit_blocks_module
from eznas.scoring.unit_blocks import UnitBlocks
from eznas.statistics.tensors import Layout, NetworkStatistics

ROOM = 2**40
CPU = torch.device("cpu")


def network(number):
    """Statistics of a network with units of two kinds; those of every fifth number have no unit."""
    if number % 5 == 0:
        return NetworkStatistics.without_tensors(f"network {number}")
    kinds = [
        {"wt": (2, 3), "inp": (4,), "pre": (), "act": (3, 1, 2)},
        {"wt": (2,), "inp": (1, 7), "pre": (5,), "act": ()},
    ]
    layout = Layout.of([kinds[(number + unit) % 2] for unit in range(number % 4)], frozenset({0, 5, 12, 20}))
    values = np.random.default_rng(number).standard_normal(layout.size, np.float32)
    values.flags.writeable = False
    return NetworkStatistics(f"network {number}", values, layout.offsets, layout.shapes, layout.axes)


def blocks_of(numbers, order=None):
    blocks = UnitBlocks(CPU, ROOM)
    for position in range(len(numbers)) if order is None else order:
        blocks.add(position, network(numbers[position]))
    blocks.finish()
    return blocks


def test_every_unit_is_a_row_of_a_block_of_its_kind():
    numbers = [5, 4, 1, 2, 3, 10, 7]
    blocks = blocks_of(numbers)
    assert blocks.unit_counts == [0, 0, 1, 2, 3, 0, 3]
    assert blocks.first_networks == 3
    units = [(number, unit) for number in numbers for unit in range(network(number).units)]
    seen = []
    for block in (*blocks.first, *blocks.others):
        tensors = block.tensors(CPU)
        assert sorted(tensors) == [0, 5, 12, 20]
        for row, place in enumerate(block.places):
            number, unit = units[place]
            seen.append(place)
            for address, tensor in tensors.items():
                np.testing.assert_array_equal(tensor[row], network(number).tensor(unit, address))
    assert sorted(seen) == list(range(9))
    assert [block.places for block in blocks.first] == [[0]]


def test_the_order_in_which_networks_arrive_changes_nothing():
    numbers = [5, 1, 2, 3, 10, 7, 6, 9]
    expected = blocks_of(numbers)
    other = blocks_of(numbers, order=[3, 7, 1, 0, 2, 6, 5, 4])
    assert other.unit_counts == expected.unit_counts
    for one, two in zip((*other.first, *other.others), (*expected.first, *expected.others), strict=True):
        assert one.places == two.places
        assert torch.equal(one.rows, two.rows)


def test_statistics_come_back_as_they_were():
    numbers = [5, 1, 2, 3, 10, 7]
    blocks = blocks_of(numbers)
    for position, number in enumerate(numbers):
        given, back = network(number), blocks.statistics(position)
        assert (back.name, back.units) == (given.name, given.units)
        for unit in range(given.units):
            assert back.terminals == given.terminals
            for address in given.terminals:
                np.testing.assert_array_equal(back.tensor(unit, address), given.tensor(unit, address))


def test_a_full_block_is_followed_by_another(monkeypatch):
    monkeypatch.setattr(unit_blocks_module, "units_per_batch", lambda _: 4)
    monkeypatch.setattr(unit_blocks_module, "_FIRST_ROWS", 1)
    blocks = UnitBlocks(CPU, ROOM)
    for position in range(6):
        blocks.add(position, statistics(3))  # four units each
    blocks.finish()
    assert [block.places for block in blocks.others] == [list(range(start, start + 4)) for start in range(4, 24, 4)]
    for block in blocks.others:
        assert len(block.rows) == 4
        np.testing.assert_array_equal(block.rows.reshape(-1), statistics(3).values)


def test_finished_blocks_have_no_row_to_spare():
    blocks = UnitBlocks(CPU, ROOM)
    blocks.add(0, statistics(2))
    assert len(blocks.first[0].rows) > 3
    blocks.finish()
    assert len(blocks.first[0].rows) == len(blocks.first[0].places) == 3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_what_does_not_fit_the_device_stays_with_the_cpu():
    cuda = torch.device("cuda", torch.cuda.current_device())
    for_the_first = unit_blocks_module._FIRST_ROWS // statistics(3).units * statistics(3).values.nbytes
    for room, kinds in ((0, {"cpu"}), (for_the_first, {"cpu", "cuda"}), (ROOM, {"cuda"})):
        blocks = UnitBlocks(cuda, room)
        for position in range(8):
            blocks.add(position, statistics(3))
        blocks.finish()
        everything = (*blocks.first, *blocks.others)
        assert {block.rows.device.type for block in everything} == kinds
        for block in everything:
            assert block.tensors(cuda)[0].device == cuda
            np.testing.assert_array_equal(block.rows[:4].cpu().reshape(-1), statistics(3).values)
