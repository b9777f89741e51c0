"""The array of a network's statistics while the passes fill it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
        places = self._places()
        self._slots: list[dict[int, Tensor]] = [next(places) if keep else {} for keep in kept]

    def slot(self, unit: int, address: int, shapes: Mapping[str, Shape]) -> Tensor | None:
        """Return the place of a tensor.

        Args:
            unit: its number among all units of a pass.
            address: which of the unit's tensors.
            shapes: the unit's shapes as this pass found them, as far as it has come.

        Returns:
            A contiguous view; None if the tensor is not kept, or has another shape than in the first pass.
        """
        if unit >= len(self.units):
            return None
        group = _SHAPE_OF[address]
        return self._slots[unit].get(address) if shapes[group] == self.units[unit][group] else None

    def subtract(self, subtrahend: int, minuend: int) -> None:
        """Replace every unit's tensor at address `minuend`, if it is kept, by itself minus the one at `subtrahend`."""
        for slots in self._slots:
            if minuend in slots:
                slots[minuend].sub_(slots[subtrahend])

    def statistics(self, name: str) -> NetworkStatistics:
        """Return what was collected, on the CPU."""
        layout = self._layout
        return NetworkStatistics(name, self._values.cpu().numpy(), layout.offsets, layout.shapes, layout.axes)

    def _places(self) -> Iterator[dict[int, Tensor]]:
        """Yield address to view for each row of the layout; one split is much faster than a slice for each."""
        collected = self._layout.offsets != NOT_COLLECTED
        sizes = self._layout.shapes.prod(axis=2)[collected].tolist()
        parts = iter(torch.split(self._values, sizes))
        shapes, axes = self._layout.shapes.tolist(), self._layout.axes.tolist()
        for row, addresses in enumerate(collected):
            yield {
                address: next(parts).view(shapes[row][address][: axes[row][address]])
                for address in np.flatnonzero(addresses).tolist()
            }
