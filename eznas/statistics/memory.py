"""The array of a network's statistics while the passes fill it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from eznas.statistics.tensors import NOT_COLLECTED, Layout, NetworkStatistics, Shape, UnitShapes
from eznas.terminals import TERMINALS

_SHAPE_OF: Final = tuple(terminal.shape_of for terminal in TERMINALS)


class Memory:
    """One float32 array on the device where the network runs, zero where nothing is written.

    Args:
        units: the shapes of every unit of a pass, in execution order.
        kept: for each, whether its statistics are kept (an auxiliary head's are not).
        terminals: the addresses to make room for.
        device: where the array lies.
    """

    def __init__(
        self, units: Sequence[UnitShapes], kept: Sequence[bool], terminals: frozenset[int], device: torch.device
    ) -> None:
        self.units = list(units)
        self._layout = Layout.of([unit for unit, keep in zip(units, kept, strict=True) if keep], terminals)
        # NumPy's zeros are pages that nobody touched yet, huge ones where the system has them: faster than torch.zeros.
        self._values = torch.from_numpy(np.zeros(self._layout.size, np.float32)).to(device)
        rows = iter(self._layout.offsets.tolist())
        self._offsets: list[list[int] | None] = [next(rows) if keep else None for keep in kept]
        self._strides = {shape: _contiguous(shape) for shape in {shape for unit in units for shape in unit.values()}}

    def slot(self, unit: int, address: int, shapes: Mapping[str, Shape]) -> Tensor | None:
        """Return the place of a tensor.

        Args:
            unit: its number among all units of a pass.
            address: which of the unit's tensors.
            shapes: the unit's shapes as this pass found them, as far as it has come.

        Returns:
            A contiguous view; None if the tensor is not kept, or has another shape than in the first pass.
        """
        if unit >= len(self.units) or (offsets := self._offsets[unit]) is None:
            return None
        group = _SHAPE_OF[address]
        shape, offset = self.units[unit][group], offsets[address]
        if offset == NOT_COLLECTED or shapes[group] != shape:
            return None
        # A view is used once or twice: made in one call when it is asked for, it is gone before the next one.
        return self._values.as_strided(shape, self._strides[shape], offset)

    def subtract(self, subtrahend: int, minuend: int) -> None:
        """Replace every unit's tensor at address `minuend`, if it is kept, by itself minus the one at `subtrahend`."""
        for unit, shapes in enumerate(self.units):
            if (difference := self.slot(unit, minuend, shapes)) is not None:
                other = self.slot(unit, subtrahend, shapes)
                assert other is not None
                difference.sub_(other)

    def statistics(self, name: str) -> NetworkStatistics:
        """Return what was collected, on the CPU."""
        layout = self._layout
        return NetworkStatistics(name, self._values.cpu().numpy(), layout.offsets, layout.shapes, layout.axes)


def _contiguous(shape: Shape) -> Shape:
    """Return the strides of a contiguous tensor."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
