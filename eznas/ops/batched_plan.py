"""A plan on many units of equal shapes at once: every node is one batched operation, on whatever device the units are.

The units of a batch are run through the nodes together as long as their tensors stay small. A node whose tensors are
large, itself or what it depends on, runs on so many units at a time as keep each of them within `BATCH_ELEMENTS`. How
many that are depends on the node alone, so that it gives the same bits in every plan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eznas.ops import batched
from eznas.ops.catalogue import OPERATIONS, ShapeRule
from eznas.ops.limits import MAXIMUM_ELEMENTS, RELATIVE_TOLERANCE
from eznas.ops.plan import LOAD, Plan
from eznas.ops.program import NO_OPERAND
from eznas.ops.schedule import READS_VALUES, Nodes, infer_shapes
from eznas.ops.shapes import MAXIMUM_AXES
from eznas.ops.unit_tensors import INVALID
from eznas.options import ToScalar
from eznas.terminals import TERMINAL_COUNT, TERMINALS

BATCH_ELEMENTS: Final = MAXIMUM_ELEMENTS
"""The most elements of a tensor of many units; one of a single unit may have as many."""

Shape = tuple[int, ...]
Element = TypeVar("Element", bound=np.generic)


def units_per_batch(elements: int, batch_elements: int = BATCH_ELEMENTS) -> int:
    """Return how many units a batch may have whose largest tensor has so many elements a unit: a power of four."""
    return int(4 ** int(np.log2(max(1, batch_elements // elements)) // 2))


@dataclass(frozen=True, slots=True)
class _Step:
    """How a node is computed.

    Attributes:
        node: which.
        operation: id, or `LOAD`.
        reads: the operands whose elements it reads.
        shape: of its result on a unit.
        constant: what all its elements are, if that follows from shapes alone.
        freed: the results of nodes that nobody reads after it.
    """

    node: int
    operation: int
    reads: tuple[int, ...]
    shape: Shape
    constant: float | None
    freed: tuple[int, ...]


class BatchedPlan:
    """A plan, made ready for the units of one kind.

    Attributes:
        valid: bool (recorded,), whether the shapes are ones that all operations below a recorded node can take.
        units: int64 (recorded,), on how many units at a time each recorded node runs.
    """

    def __init__(
        self,
        plan: Plan,
        shapes: NDArray[np.int64],
        axes: NDArray[np.int64],
        cached_valid: NDArray[np.bool_],
        to_scalar: ToScalar,
        *,
        cached_units: NDArray[np.int64] | None = None,
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
            cached_units: int64 (k,), the `units` of the remembered numbers; what reads one runs on no more at a time
                than if it were computed, so as to give the same bits. None where there are none.
            threads: for what runs on the host.
            batch_elements: bounds the tensors of a batch.
        """
        self._plan = plan
        self._to_scalar = to_scalar
        self._threads = threads
        self._shapes = _all_shapes(plan, shapes, axes, cached_valid)
        self._column_of = {operand: column for column, operand in enumerate(plan.recorded.tolist())}
        self.valid = np.array([self._shapes[operand] is not None for operand in plan.recorded.tolist()], np.bool_)
        most = units_per_batch(int(shapes.prod(axis=1).max()), batch_elements)
        cached_most = np.full(len(cached_valid), most) if cached_units is None else cached_units
        units_at_a_time = self._units_at_a_time(most, cached_most, batch_elements)
        self.units = np.array([units_at_a_time.get(operand - TERMINAL_COUNT, most) for operand in self._column_of])
        self._levels = self._steps(units_at_a_time)

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
        missing = sorted(self._plan.terminals - terminals.keys())
        if missing:
            raise ValueError(f"the plan reads {TERMINALS[missing[0]].name}, which was not collected")
        values = {address: terminals[address] for address in self._plan.terminals}
        totals = UnitTotals(len(self._plan.recorded), cached, self._to_scalar)
        for operand, value in values.items():
            self._record(operand, value, totals)
        self._run_level(0, values, cached, totals)
        return totals.numbers()

    def _run_level(self, level: int, values: Mapping[int, Tensor], cached: Tensor, totals: UnitTotals) -> None:
        """Run the nodes of a level, and of those after it, on a part of the units after the other."""
        if level == len(self._levels):
            return
        units_at_a_time, steps = self._levels[level]
        units = cached.shape[1]
        for start in range(0, units, units_at_a_time):
            part = slice(start, start + units_at_a_time)
            whole = units <= units_at_a_time
            own = dict(values) if whole else {operand: value[part] for operand, value in values.items()}
            own_cached, own_totals = (cached, totals) if whole else (cached[:, part], totals.of_units(part))
            for step in steps:
                value = own[TERMINAL_COUNT + step.node] = self._value(step, own, own_cached)
                self._record(TERMINAL_COUNT + step.node, value, own_totals)
                for operand in step.freed:
                    del own[operand]
            self._run_level(level + 1, own, own_cached, own_totals)

    def _value(self, step: _Step, values: Mapping[int, Tensor], cached: Tensor) -> Tensor:
        if step.operation == LOAD:
            return cached[self._plan.first[step.node]]
        if step.constant is not None:
            ones = (1,) * len(step.shape)
            return cached.new_full((1, *ones), step.constant).expand(cached.shape[1], *step.shape)
        return batched.apply(step.operation, *(values[operand] for operand in step.reads), threads=self._threads)

    def _record(self, operand: int, value: Tensor, totals: UnitTotals) -> None:
        column = self._column_of.get(operand)
        if column is not None:
            totals.record(column, value)

    def _reads(self, node: int) -> tuple[int, ...]:
        """The operands whose elements a node reads."""
        operation = int(self._plan.operation[node])
        if operation == LOAD or not READS_VALUES[operation]:
            return ()
        return tuple(int(one) for one in (self._plan.first[node], self._plan.second[node]) if one != NO_OPERAND)

    def _needed(self) -> list[int]:
        """The nodes that a valid recorded number depends on, in order."""
        needed = np.zeros(TERMINAL_COUNT + self._plan.size, np.bool_)
        needed[self._plan.recorded[self.valid]] = True
        for node in range(self._plan.size - 1, -1, -1):
            if needed[TERMINAL_COUNT + node]:
                needed[list(self._reads(node))] = True
        return [int(node) for node in np.flatnonzero(needed[TERMINAL_COUNT:])]

    def _units_at_a_time(self, most: int, cached_units: NDArray[np.int64], batch_elements: int) -> dict[int, int]:
        """On how many units each needed node runs together, as the largest tensor of all that it depends on allows."""
        units: dict[int, int] = {}
        for node in self._needed():
            below = [units.get(operand - TERMINAL_COUNT, most) for operand in self._reads(node)]
            if self._plan.operation[node] == LOAD:
                below = [int(cached_units[self._plan.first[node]])]
            units[node] = min(most, *below, units_per_batch(max(1, self._elements(node)), batch_elements))
        return units

    def _elements(self, node: int) -> int:
        """How many elements a node gives or walks over on each unit."""
        shapes = [shape for operand in self._reads(node) if (shape := self._shapes[operand]) is not None]
        rule = OPERATIONS[int(self._plan.operation[node])].rule
        if rule is ShapeRule.SCALAR_OF_GRAM:
            return max(math.prod(shapes[0]), shapes[0][0] ** 2)
        if rule is ShapeRule.SCALAR_OF_ROWS:
            shapes = [(shape[0], math.prod(shape[1:])) for shape in shapes]
        if rule is ShapeRule.SCALAR_OF_TWO or rule is ShapeRule.SCALAR_OF_ROWS:
            pairs = zip_longest(*(shape[::-1] for shape in shapes), fillvalue=1)
            return math.prod(max(pair) for pair in pairs)
        return math.prod(self._shapes[TERMINAL_COUNT + node] or ())

    def _steps(self, units_at_a_time: Mapping[int, int]) -> list[tuple[int, list[_Step]]]:
        """The nodes in the order in which they run: those that run on most units at a time first."""
        order = sorted(units_at_a_time, key=lambda node: (-units_at_a_time[node], node))
        last = {TERMINAL_COUNT + node: node for node in order}
        for node in order:
            last |= {operand: node for operand in self._reads(node) if operand >= TERMINAL_COUNT}
        freed: dict[int, list[int]] = {node: [] for node in order}
        for operand, node in last.items():
            freed[node].append(operand)
        levels: dict[int, list[_Step]] = {}
        for node in order:
            operation, argument = int(self._plan.operation[node]), self._shapes[int(self._plan.first[node])]
            constant = None if operation == LOAD or argument is None else batched.constant(operation, argument)
            shape = self._shapes[TERMINAL_COUNT + node] or ()
            step = _Step(node, operation, self._reads(node), shape, constant, tuple(freed[node]))
            levels.setdefault(units_at_a_time[node], []).append(step)
        return list(levels.items())


class UnitTotals:
    """The sums that the numbers of recorded nodes are made of, for every unit.

    A number is what `number_of` in `streams.py` makes of a result: its mean, which is 0 within the error of float32, or
    its Euclidean norm; and one element is itself, sign and all.
    """

    def __init__(self, recorded: int, like: Tensor, to_scalar: ToScalar) -> None:
        """Begin with zeros for so many recorded nodes on the units of `like`, (..., units), on its device."""
        self._use_norm = to_scalar == "l2"
        # float64 (recorded, units): sum, and sum of absolute values, and (recorded, 1): how many elements.
        self._sums = like.new_zeros((recorded, like.shape[-1]), dtype=torch.float64)
        self._sizes = torch.zeros_like(self._sums)
        self._counts = np.ones((recorded, 1))

    def of_units(self, part: slice) -> UnitTotals:
        """Return a view of some of the units."""
        view = copy(self)
        view._sums, view._sizes = self._sums[:, part], self._sizes[:, part]
        return view

    def record(self, column: int, results: Tensor) -> None:
        """Take the results of a node, float32 (units, ...)."""
        rows = results.reshape(len(results), -1)
        if rows.shape[1] == 1:
            self._sums[column] = rows[:, 0]
        elif self._use_norm:
            torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64, out=self._sums[column])
        else:
            torch.sum(rows, 1, dtype=torch.float64, out=self._sums[column])
            torch.linalg.vector_norm(rows, ord=1, dim=1, dtype=torch.float64, out=self._sizes[column])
            self._counts[column] = rows.shape[1]

    def numbers(self) -> Tensor:
        """Return the numbers, float32 (recorded, units)."""
        means = self._sums / torch.from_numpy(self._counts).to(self._sums.device)
        numbers: Tensor = torch.where(self._sums.abs() < RELATIVE_TOLERANCE * self._sizes, 0.0, means)
        return numbers.to(torch.float32)


def _all_shapes(
    plan: Plan, shapes: NDArray[np.int64], axes: NDArray[np.int64], cached_valid: NDArray[np.bool_]
) -> list[Shape | None]:
    """The shape of every operand, or None where it is invalid."""
    all_shapes = np.ones((TERMINAL_COUNT + plan.size, MAXIMUM_AXES), np.int64)
    all_axes = np.zeros(TERMINAL_COUNT + plan.size, np.int64)
    all_shapes[:TERMINAL_COUNT], all_axes[:TERMINAL_COUNT] = shapes, axes
    nodes = Nodes(_read_only(plan.operation), _read_only(plan.first), _read_only(plan.second))
    cached_shapes = np.ones((len(cached_valid), MAXIMUM_AXES), np.int64)
    cached_axes = np.where(cached_valid, 0, INVALID)
    infer_shapes(nodes, _read_only(cached_shapes), _read_only(cached_axes), all_shapes, all_axes)
    return [
        tuple(shape[:count]) if count >= 0 else None
        for shape, count in zip(all_shapes.tolist(), all_axes.tolist(), strict=True)
    ]


def _read_only(array: NDArray[Element]) -> NDArray[Element]:
    """The array as the interpreter passes it, so that both run the same compiled code."""
    frozen = np.ascontiguousarray(array).view()
    frozen.flags.writeable = False
    return frozen
