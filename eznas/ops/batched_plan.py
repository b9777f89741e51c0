"""A plan on many units of equal shapes at once: every node is one batched operation, on whatever device the units are.

The units of a batch are run through the nodes together as long as their tensors stay small. A node whose tensors are
large, itself or what it depends on, runs on so many units at a time as keep each of them within `BATCH_ELEMENTS`. How
many that are depends on the node alone, so that it gives the same bits in every plan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from eznas.ops import batched
from eznas.ops.catalogue import OPERATIONS
from eznas.ops.limits import MAXIMUM_ELEMENTS
from eznas.ops.plan import LOAD, Plan
from eznas.ops.program import NO_OPERAND
from eznas.ops.schedule import READS_VALUES, Nodes, infer_shapes
from eznas.ops.shape_check import walked_elements
from eznas.ops.shapes import MAXIMUM_AXES
from eznas.options import ToScalar
from eznas.terminals import TERMINAL_COUNT, TERMINALS

BATCH_ELEMENTS: Final = MAXIMUM_ELEMENTS
"""The most elements of a tensor of many units; one of a single unit may have as many."""

Shape = tuple[int, ...]
Element = TypeVar("Element", bound=np.generic)


def units_per_batch(elements: int, batch_elements: int = BATCH_ELEMENTS) -> int:
    """Return how many units a batch may have whose largest tensor has so many elements a unit: a power of four."""
    return int(4 ** int(np.log2(max(1, batch_elements // elements)) // 2))


class BatchedPlan:
    """A plan, made ready for the units of one kind.

    Attributes:
        valid: bool (recorded,), whether the shapes are ones that all operations below a recorded node can take.
    """

    def __init__(
        self,
        plan: Plan,
        shapes: NDArray[np.int64],
        axes: NDArray[np.int64],
        cached_valid: NDArray[np.bool_],
        to_scalar: ToScalar,
        *,
        threads: int = 1,
        batch_elements: int = BATCH_ELEMENTS,
    ) -> None:
        """Find out what has to be computed, and on how many units at a time.

        Args:
            plan: of operations of the catalogue.
            shapes: int64 (22, 4), of the terminals, left-aligned, unused places 1.
            axes: int64 (22,), their numbers of axes.
            cached_valid: bool (k,), whether the numbers that `LOAD` nodes read are valid on these units.
            to_scalar: see `evaluate_plan`.
            threads: for what runs on the host.
            batch_elements: bounds the tensors of a batch.
        """
        self._plan = plan
        self._to_scalar = to_scalar
        self._threads = threads
        self._shapes = _all_shapes(plan, shapes, axes, cached_valid)
        self._columns: dict[int, list[int]] = {}
        for column, operand in enumerate(plan.recorded.tolist()):
            self._columns.setdefault(operand, []).append(column)
        self.valid = np.array([self._shapes[operand] is not None for operand in plan.recorded.tolist()], np.bool_)
        most = units_per_batch(int(shapes.prod(axis=1).max()), batch_elements)
        self._levels = self._levels_of(self._needed(), most, batch_elements)
        self._freed = self._last_reads()

    def run(self, terminals: Mapping[int, Tensor], cached: Tensor) -> Tensor:
        """Return the number of every recorded node on every unit, 0 where it is invalid.

        Args:
            terminals: by address float32 (units, ...), those that the plan reads, on one device.
            cached: float32 (k, units) on that device, the numbers that the plan's `LOAD` nodes read.

        Returns:
            float32 (recorded, units) on that device.

        Raises:
            ValueError: the plan reads a statistic that was not collected.
        """
        for address in sorted(self._plan.terminals - terminals.keys()):
            raise ValueError(f"the plan reads {TERMINALS[address].name}, which was not collected")
        numbers = cached.new_zeros((len(self._plan.recorded), cached.shape[1]))
        values = dict(terminals)
        for operand, value in values.items():
            self._record(operand, value, numbers)
        self._run_level(0, values, cached, numbers)
        return numbers

    def _run_level(self, level: int, values: Mapping[int, Tensor], cached: Tensor, numbers: Tensor) -> None:
        """Run the nodes of a level, and of those after it, on a part of the units after the other."""
        if level == len(self._levels):
            return
        units, nodes = self._levels[level]
        for start in range(0, cached.shape[1], units):
            part = slice(start, start + units)
            own = {operand: value[part] for operand, value in values.items()}
            cached_part, numbers_part = cached[:, part], numbers[:, part]
            for node in nodes:
                own[TERMINAL_COUNT + node] = value = self._value(node, own, cached_part)
                self._record(TERMINAL_COUNT + node, value, numbers_part)
                for operand in self._freed[node]:
                    del own[operand]
            self._run_level(level + 1, own, cached_part, numbers_part)

    def _value(self, node: int, values: Mapping[int, Tensor], cached: Tensor) -> Tensor:
        operation, first = int(self._plan.operation[node]), int(self._plan.first[node])
        if operation == LOAD:
            return cached[first]
        shape, argument = self._shapes[TERMINAL_COUNT + node], self._shapes[first]
        assert shape is not None
        assert argument is not None
        number = batched.constant(operation, argument)
        if number is not None:
            return cached.new_full((1,) * (1 + len(shape)), number).expand(cached.shape[1], *shape)
        return batched.apply(operation, *(values[one] for one in self._reads(node)), threads=self._threads)

    def _record(self, operand: int, value: Tensor, numbers: Tensor) -> None:
        columns = self._columns.get(operand)
        if columns is not None:
            number = batched.numbers_of(value, self._to_scalar)
            for column in columns:
                numbers[column] = number

    def _reads(self, node: int) -> list[int]:
        """The operands whose elements a node reads."""
        operation = int(self._plan.operation[node])
        if operation == LOAD or not READS_VALUES[operation]:
            return []
        return [int(one) for one in (self._plan.first[node], self._plan.second[node]) if one != NO_OPERAND]

    def _needed(self) -> list[int]:
        """The nodes that a valid recorded number depends on, in order."""
        needed = np.zeros(TERMINAL_COUNT + self._plan.size, np.bool_)
        needed[[operand for operand in self._plan.recorded.tolist() if self._shapes[operand] is not None]] = True
        for node in range(self._plan.size - 1, -1, -1):
            if needed[TERMINAL_COUNT + node]:
                needed[self._reads(node)] = True
        return [int(node) for node in np.flatnonzero(needed[TERMINAL_COUNT:])]

    def _levels_of(self, nodes: list[int], most: int, batch_elements: int) -> list[tuple[int, list[int]]]:
        """The nodes by how many units they run on at a time, most first."""
        elements = dict.fromkeys(range(TERMINAL_COUNT), 1)  # of terminals, `most` takes account
        levels: dict[int, list[int]] = {}
        for node in nodes:
            reads = self._reads(node)
            largest = max([self._elements(node), *(elements[operand] for operand in reads)])
            elements[TERMINAL_COUNT + node] = largest
            levels.setdefault(min(most, units_per_batch(largest, batch_elements)), []).append(node)
        return sorted(levels.items(), reverse=True)

    def _elements(self, node: int) -> int:
        """How many elements a node gives or walks over on each unit."""
        shapes = [shape for operand in self._reads(node) if (shape := self._shapes[operand]) is not None]
        if not shapes:
            return math.prod(self._shapes[TERMINAL_COUNT + node] or ())
        return walked_elements(OPERATIONS[int(self._plan.operation[node])].rule, shapes)

    def _last_reads(self) -> dict[int, list[int]]:
        """By node, the results that nobody reads after it."""
        order = [node for _, nodes in self._levels for node in nodes]
        last = {TERMINAL_COUNT + node: node for node in order}
        for node in order:
            last |= {operand: node for operand in self._reads(node) if operand >= TERMINAL_COUNT}
        freed: dict[int, list[int]] = {node: [] for node in order}
        for operand, node in last.items():
            freed[node].append(operand)
        return freed


def _all_shapes(
    plan: Plan, shapes: NDArray[np.int64], axes: NDArray[np.int64], cached_valid: NDArray[np.bool_]
) -> list[Shape | None]:
    """The shape of every operand, or None where it is invalid."""
    all_shapes = np.ones((TERMINAL_COUNT + plan.size, MAXIMUM_AXES), np.int64)
    all_axes = np.zeros(TERMINAL_COUNT + plan.size, np.int64)
    all_shapes[:TERMINAL_COUNT], all_axes[:TERMINAL_COUNT] = shapes, axes
    nodes = Nodes(_read_only(plan.operation), _read_only(plan.first), _read_only(plan.second))
    infer_shapes(nodes, _read_only(cached_valid), all_shapes, all_axes)
    return [
        tuple(shape[:count]) if count >= 0 else None
        for shape, count in zip(all_shapes.tolist(), all_axes.tolist(), strict=True)
    ]


def _read_only(array: NDArray[Element]) -> NDArray[Element]:
    """The array as the interpreter passes it, so that both run the same compiled code."""
    frozen = np.ascontiguousarray(array).view()
    frozen.flags.writeable = False
    return frozen
