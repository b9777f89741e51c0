"""The statistics of many networks as blocks of units of equal shapes, on the device where batched operations run.

A block is a matrix: one row for each unit, with all its tensors one after the other, as they lie in the statistics of a
network. So a row is copied at once, and every terminal of all the units of a block is a view. Which units share a block
depends on the networks alone, not on the order in which their statistics arrive, nor on where blocks are kept.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eznas.ops.batched_plan import units_per_batch
from eznas.statistics.tensors import NOT_COLLECTED, NetworkStatistics

_FIRST_ROWS: Final = 16
"""Rows of a new block; it doubles as units arrive."""


@dataclass(eq=False)
class UnitBlock:
    """Units of one kind: of equal shapes.

    Attributes:
        offsets: int64 (22,), where each tensor starts in a row; `NOT_COLLECTED` for one that was not collected.
        shapes: int64 (22, 4), left-aligned, 1 for the axes that a tensor does not have.
        axes: int64 (22,), numbers of axes.
        most: how many units the block may have.
        places: of each unit among the units of all networks, in the order of the networks.
        rows: float32 (units or more, numbers of a unit), on the device of the blocks or, without room there, the CPU.
    """

    offsets: NDArray[np.int64]
    shapes: NDArray[np.int64]
    axes: NDArray[np.int64]
    most: int
    rows: Tensor
    places: list[int] = field(default_factory=list)

    @property
    def kind(self) -> bytes:
        """Equal for blocks whose units have equal shapes."""
        return _kind(self.offsets, self.shapes, self.axes)

    @property
    def terminals(self) -> list[int]:
        """The addresses that were collected."""
        return [int(address) for address in np.flatnonzero(self.offsets != NOT_COLLECTED)]

    def tensors(self, device: torch.device) -> dict[int, Tensor]:
        """Return every collected terminal by address, float32 (units, ...), on a device."""
        rows = self.rows[: len(self.places)].to(device)
        views = {}
        for address in self.terminals:
            start = int(self.offsets[address])
            shape = self.shapes[address, : self.axes[address]].tolist()
            views[address] = rows[:, start : start + math.prod(shape)].view(len(rows), *shape)
        return views


class UnitBlocks:
    """Takes the statistics of networks, in any order and from many threads, and makes blocks of their units.

    Attributes:
        unit_counts: how many units each network has, of those that have found their place.
        first: the blocks of the first network that has units, by itself: it is what evolution judges programs by first.
        others: the blocks of all other networks.
    """

    def __init__(self, device: torch.device, device_bytes: int) -> None:
        """Make room for nothing yet.

        Args:
            device: where blocks are kept and run.
            device_bytes: how much of its memory they may take; the others are kept by the CPU, and each is copied to
                the device whenever it is run.
        """
        self.device = device
        self.unit_counts: list[int] = []
        self.first: list[UnitBlock] = []
        self.others: list[UnitBlock] = []
        self._room = device_bytes
        self._lock = threading.Lock()
        self._waiting: dict[int, NetworkStatistics] = {}
        self._open: dict[bytes, UnitBlock] = {}
        self._names: list[str] = []
        self._rows_of: list[list[tuple[UnitBlock, int]]] = []

    @property
    def first_networks(self) -> int:
        """How many networks there are up to the first that has units."""
        with_units = np.flatnonzero(self.unit_counts)
        return int(with_units[0]) + 1 if len(with_units) else len(self.unit_counts)

    def add(self, network: int, statistics: NetworkStatistics) -> None:
        """Take the statistics of a network; those of every number from 0 on must come once."""
        with self._lock:
            self._waiting[network] = statistics
            while (arrived := self._waiting.pop(len(self.unit_counts), None)) is not None:
                self._place(arrived)

    def finish(self) -> None:
        """Give back the memory of rows that no unit came for."""
        for block in (*self.first, *self.others):
            self._resize(block, len(block.places))
        self._open.clear()

    def statistics(self, network: int) -> NetworkStatistics:
        """Return the statistics of a network, on the CPU."""
        found = self._rows_of[network]
        if not found:
            return NetworkStatistics.without_tensors(self._names[network])
        rows = [block.rows[row].cpu().numpy() for block, row in found]
        starts = np.cumsum([0, *(len(row) for row in rows[:-1])])
        offsets = [
            np.where(block.offsets == NOT_COLLECTED, NOT_COLLECTED, block.offsets + start)
            for (block, _), start in zip(found, starts, strict=True)
        ]
        return NetworkStatistics(
            self._names[network],
            np.concatenate(rows),
            np.stack(offsets),
            np.stack([block.shapes for block, _ in found]),
            np.stack([block.axes for block, _ in found]),
        )

    def _place(self, statistics: NetworkStatistics) -> None:
        """Append the units of the next network to their blocks."""
        is_first = statistics.units > 0 and not any(self.unit_counts)
        before = sum(self.unit_counts)
        found: list[tuple[UnitBlock, int]] = []
        for unit in range(statistics.units):
            offsets, shapes, axes = (part[unit] for part in (statistics.offsets, statistics.shapes, statistics.axes))
            collected = offsets != NOT_COLLECTED
            start = int(offsets[collected].min())
            size = int(shapes.prod(axis=1)[collected].sum())
            within = np.where(collected, offsets - start, NOT_COLLECTED)
            block = self._block(within, shapes, axes, size, is_first=is_first)
            if len(block.places) == len(block.rows):
                self._resize(block, min(2 * len(block.rows), block.most))
            row = np.require(statistics.values[start : start + size], requirements="W")
            block.rows[len(block.places)].copy_(torch.from_numpy(row))
            found.append((block, len(block.places)))
            block.places.append(before + unit)
        if is_first:
            self._open.clear()
        self.unit_counts.append(statistics.units)
        self._names.append(statistics.name)
        self._rows_of.append(found)

    def _block(
        self,
        offsets: NDArray[np.int64],
        shapes: NDArray[np.int64],
        axes: NDArray[np.int64],
        size: int,
        *,
        is_first: bool,
    ) -> UnitBlock:
        """Return the block of this kind that has room for a unit; a new one if there is none."""
        kind = _kind(offsets, shapes, axes)
        block = self._open.get(kind)
        if block is None or len(block.places) == block.most:
            most = units_per_batch(int(shapes.prod(axis=1).max()))
            block = UnitBlock(offsets, shapes.copy(), axes.copy(), most, torch.empty((0, size), device=self.device))
            self._resize(block, min(_FIRST_ROWS, most))
            self._open[kind] = block
            (self.first if is_first else self.others).append(block)
        return block

    def _resize(self, block: UnitBlock, rows: int) -> None:
        """Give a block so many rows, on the device if there is room."""
        if rows == len(block.rows):
            return
        on_device = block.rows.device.type == self.device.type
        more_bytes = 4 * block.rows.shape[1] * (rows - len(block.rows))
        if on_device and more_bytes > self._room:
            self._room += block.rows.nbytes
            on_device = False
        elif on_device:
            self._room -= more_bytes
        resized = torch.empty((rows, block.rows.shape[1]), device=self.device if on_device else "cpu")
        kept = len(block.places)
        resized[:kept] = block.rows[:kept]
        block.rows = resized


def _kind(*arrays: NDArray[np.int64]) -> bytes:
    return b"".join(array.tobytes() for array in arrays)
