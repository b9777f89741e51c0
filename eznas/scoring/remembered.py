"""What an evaluator remembers from one call to the next: tensors of few numbers, on every unit of every network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eznas.ops.shapes import MAXIMUM_AXES
from eznas.ops.shared_programs import SharedPrograms
from eznas.ops.unit_tensors import INVALID, NOT_KEPT, UnitTensors


@dataclass(frozen=True, slots=True)
class _Entry:
    """One tensor on each unit of all networks, networks one after the other.

    Attributes:
        values: float32, of all units.
        starts: int64 (units + 1,), where the tensor of each unit begins in `values`, and where the last one ends.
        axes: int8 (units,), see `UnitTensors`.
        shapes: int32 (units, 4), see `UnitTensors`; None for numbers, one on each unit.
    """

    values: NDArray[np.float32]
    starts: NDArray[np.int64]
    axes: NDArray[np.int8]
    shapes: NDArray[np.int32] | None

    @classmethod
    def of_numbers(cls, numbers: NDArray[np.float32], valid: NDArray[np.bool_]) -> Self:
        """Return the entry of a number on each unit."""
        starts = np.arange(len(numbers) + 1, dtype=np.int64)
        return cls(numbers, starts, np.where(valid, 0, INVALID).astype(np.int8), None)

    @classmethod
    def of_tensors(cls, networks: Sequence[UnitTensors], column: int) -> Self:
        """Return the entry of a column of what was kept of each network."""
        sizes = [network.sizes[:, column] for network in networks]
        values = [
            network.values[_places(network.offsets[:, column], own_sizes)]
            for network, own_sizes in zip(networks, sizes, strict=True)
        ]
        return cls(
            np.concatenate(values),
            np.cumsum([0, *np.concatenate(sizes)], dtype=np.int64),
            np.concatenate([network.axes[:, column] for network in networks]).astype(np.int8),
            np.concatenate([network.shapes[:, column] for network in networks]).astype(np.int32),
        )

    @property
    def nbytes(self) -> int:
        shapes = 0 if self.shapes is None else self.shapes.nbytes
        return self.values.nbytes + self.starts.nbytes + self.axes.nbytes + shapes


class Recalled:
    """What is remembered of some sub-expressions, and stays so while they are used.

    Attributes:
        columns: by digest, which column of `of_units` it is.
    """

    def __init__(self, entries: Mapping[bytes, _Entry]) -> None:
        """Hold entries by their digests."""
        numbers = {digest: entry for digest, entry in entries.items() if entry.shapes is None}
        tensors = {digest: entry for digest, entry in entries.items() if entry.shapes is not None}
        in_order = {**numbers, **tensors}
        self.columns = {digest: column for column, digest in enumerate(in_order)}
        # Numbers, of which there are many, are put together here, once for all networks.
        self._numbers = np.array([entry.values for entry in numbers.values()])
        self._axes = np.array([entry.axes for entry in in_order.values()], np.int64).T.copy()
        self._tensors = [(entry, entry.shapes) for entry in tensors.values() if entry.shapes is not None]

    def of_units(self, start: int, stop: int) -> UnitTensors:
        """Return the tensors of these units, counted through all networks."""
        units, count = stop - start, len(self._numbers)
        if not self.columns:
            return UnitTensors.none(units)
        parts = [entry.values[entry.starts[start] : entry.starts[stop]] for entry, _ in self._tensors]
        if count > 0:
            parts.insert(0, self._numbers[:, start:stop].reshape(-1))
        offsets = np.empty((units, len(self.columns)), np.int64)
        shapes = np.ones((*offsets.shape, MAXIMUM_AXES), np.int64)
        offsets[:, :count] = np.arange(count * units).reshape(count, units).T
        end = count * units
        for column, (entry, entry_shapes) in enumerate(self._tensors, count):
            offsets[:, column] = entry.starts[start:stop] - entry.starts[start] + end
            end += entry.starts[stop] - entry.starts[start]
            shapes[:, column] = entry_shapes[start:stop]
        return UnitTensors(np.concatenate(parts), offsets, shapes, self._axes[start:stop])


class Remembered:
    """Least-recently-used store of what sub-expressions gave, by their digests."""

    def __init__(self, budget_bytes: int) -> None:
        """Begin with nothing; what takes more memory than the budget is forgotten, the longest unused first."""
        self._budget = budget_bytes
        self._used = 0
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def recall(self, programs: SharedPrograms, *, tensors: bool) -> Recalled:
        """Return what is remembered of the sub-expressions of programs, but for what lies below such a one.

        Args:
            programs: any.
            tensors: whether tensors are wanted, or numbers alone.
        """
        digest_of, entry_of = programs.builder.digest, self._entries.get
        chosen: dict[bytes, _Entry] = {}

        def is_known(ref: int) -> bool:
            entry = entry_of(digest := digest_of(ref))
            if entry is None or not (tensors or entry.shapes is None):
                return False
            chosen[digest] = entry
            return True

        programs.nodes_down_to(is_known)
        for digest in chosen:
            self._entries.move_to_end(digest)
        return Recalled(chosen)

    def put_numbers(self, digest: bytes, numbers: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
        """Remember a number on each unit of all networks: float32 and bool, both (units,)."""
        self._put(digest, _Entry.of_numbers(numbers, valid))

    def put_tensors(self, digest: bytes, networks: Sequence[UnitTensors], column: int) -> None:
        """Remember a column of what was kept of each network, if it was kept on all their units."""
        if all((network.axes[:, column] != NOT_KEPT).all() for network in networks):
            self._put(digest, _Entry.of_tensors(networks, column))

    def _put(self, digest: bytes, entry: _Entry) -> None:
        if digest in self._entries:
            return
        self._entries[digest] = entry
        self._used += entry.nbytes
        while self._used > self._budget:
            _, forgotten = self._entries.popitem(last=False)
            self._used -= forgotten.nbytes


def _places(offsets: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of all elements of tensors of these sizes that begin at these offsets, one after the other."""
    ends = np.cumsum(sizes)
    within = np.arange(int(sizes.sum())) - np.repeat(ends - sizes, sizes)
    return np.repeat(offsets, sizes) + within
