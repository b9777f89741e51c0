"""The statistics of one network: all tensors of all its units in one float32 array."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from eznas.options import Unit
from eznas.terminals import TERMINAL_COUNT, TERMINALS

MAXIMUM_AXES = 4
"""The most axes that a statistic has: batch, channels, height, width."""

NOT_COLLECTED = -1
"""The offset of a terminal that was left out of the collection."""

_SHAPE_GROUPS: Final = ("wt", "inp", "pre", "act")
_GROUP_OF_ADDRESS: Final = [_SHAPE_GROUPS.index(terminal.shape_of) for terminal in TERMINALS]

Shape = tuple[int, ...]
UnitShapes = Mapping[str, Shape]
"""The shapes of one unit's `wt`, `inp`, `pre` and `act`; its other statistics have one of these four."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each tensor of each unit lies in the array: unit by unit, and within a unit by address.

    Attributes:
        offsets: int64[units, 22], index of a tensor's first element; `NOT_COLLECTED` for one that is left out.
        shapes: int64[units, 22, 4], left-aligned, 1 for the axes that a tensor does not have.
        axes: int64[units, 22], number of axes.
        size: number of elements of the whole array.
    """

    offsets: npt.NDArray[np.int64]
    shapes: npt.NDArray[np.int64]
    axes: npt.NDArray[np.int64]
    size: int

    @classmethod
    def of(cls, units: Sequence[UnitShapes], terminals: frozenset[int]) -> Self:
        """Return the layout of units with these shapes, with room for these addresses only."""
        four_shapes = np.ones((len(units), len(_SHAPE_GROUPS), MAXIMUM_AXES), np.int64)
        four_axes = np.zeros((len(units), len(_SHAPE_GROUPS)), np.int64)
        for unit, unit_shapes in enumerate(units):
            for number, group in enumerate(_SHAPE_GROUPS):
                four_axes[unit, number] = axes = len(unit_shapes[group])
                four_shapes[unit, number, :axes] = unit_shapes[group]
        shapes = four_shapes[:, _GROUP_OF_ADDRESS]
        collected = np.isin(np.arange(TERMINAL_COUNT), sorted(terminals))
        sizes = shapes.prod(axis=2) * collected
        ends = sizes.cumsum().reshape(sizes.shape)
        offsets = np.where(collected, ends - sizes, NOT_COLLECTED)
        return cls(offsets, shapes, four_axes[:, _GROUP_OF_ADDRESS], int(sizes.sum()))


@dataclass(frozen=True, slots=True)
class NetworkStatistics:
    """The tensors of one network.

    Attributes:
        name: the network, as messages call it.
        values: float32[size], contiguous: every collected tensor in C order.
        offsets: int64[units, 22], index of a tensor's first element in `values`; -1 where it was not collected.
        shapes: int64[units, 22, 4], left-aligned, 1 for the axes that a tensor does not have; known for all 22.
        axes: int64[units, 22], number of axes; known for all 22.
        unit: the kind of the units.
        coverage: share of the network's parameters that belong to layers of units, 0 to 1.
        stands_for: float64[units], how many units each stands for, see `unit_sample`; None where each is itself alone.
    """

    name: str
    values: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.int64]
    shapes: npt.NDArray[np.int64]
    axes: npt.NDArray[np.int64]
    unit: Unit = "R-C-B"
    coverage: float = 1.0
    stands_for: npt.NDArray[np.float64] | None = None

    @classmethod
    def without_tensors(cls, name: str, units: int = 0, stands_for: npt.NDArray[np.float64] | None = None) -> Self:
        """Return what stands for a network of which no tensor was collected; without units no program scores it."""
        layout = Layout.of([dict.fromkeys(_SHAPE_GROUPS, ())] * units, frozenset())
        values = np.empty(0, np.float32)
        return cls(name, values, layout.offsets, layout.shapes, layout.axes, stands_for=stands_for)

    @property
    def units(self) -> int:
        """Number of units, in execution order."""
        return len(self.offsets)

    @property
    def nbytes(self) -> int:
        """Size of all arrays in bytes."""
        return self.values.nbytes + self.offsets.nbytes + self.shapes.nbytes + self.axes.nbytes

    @property
    def terminals(self) -> frozenset[int]:
        """The addresses that were collected."""
        return frozenset(np.flatnonzero(self.offsets[0] != NOT_COLLECTED).tolist()) if self.units else frozenset()

    def shape(self, unit: int, address: int) -> Shape:
        """Return the shape of the tensor at `address` of `unit`, collected or not."""
        return tuple(self.shapes[unit, address, : self.axes[unit, address]].tolist())

    def tensor(self, unit: int, address: int) -> npt.NDArray[np.float32]:
        """Return a view of the tensor at `address` of `unit`.

        Raises:
            KeyError: it was not collected.
        """
        offset = int(self.offsets[unit, address])
        if offset == NOT_COLLECTED:
            raise KeyError(f"{TERMINALS[address].name} of {self.name} was not collected")
        shape = self.shape(unit, address)
        return self.values[offset : offset + math.prod(shape)].reshape(shape)
