"""A plan on one network: compiled, but for what has no kernel, which PyTorch runs.

What depends on an own operation is computed by the PyTorch reference, one unit and one node at a time. What does not,
is compiled as in any other plan, and numbers go from there to here and never back. So a node gives the same bits in
every plan, whatever stands beside it and whatever of it is remembered.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eznas.ops import reference
from eznas.ops.interpreter import PlanResults, evaluate_plan
from eznas.ops.own import FIRST_OWN_ID, reads_of
from eznas.ops.plan import LOAD, Plan
from eznas.ops.program import NO_OPERAND
from eznas.ops.shape_check import ShapeError
from eznas.ops.unit_tensors import UnitTensors
from eznas.options import ToScalar
from eznas.statistics.isolation import reproducible_kernels
from eznas.statistics.tensors import MAXIMUM_AXES, NetworkStatistics
from eznas.terminals import TERMINAL_COUNT

_ONE_TERMINAL: Final = Plan(
    operation=np.empty(0, np.int64),
    first=np.empty(0, np.int64),
    second=np.empty(0, np.int64),
    roots=np.zeros(1, np.int64),
    recorded=np.zeros(1, np.int64),
    recorded_digests=[None],
    root_columns=np.zeros(1, np.int64),
    kept=np.empty(0, np.int64),
    kept_digests=[],
)
"""Records the number of one tensor, as every plan does."""


def run_plan(
    plan: Plan, statistics: NetworkStatistics, to_scalar: ToScalar, cached: UnitTensors | None = None
) -> PlanResults:
    """Run a plan on every unit of a network, as `evaluate_plan` does.

    Args:
        plan: which keeps no tensors if it has own operations.
        statistics: of the network.
        to_scalar: see `evaluate_plan`.
        cached: the numbers that `LOAD` nodes read, and without own operations the tensors; None where there are none.

    Raises:
        EznasError: an own operation raises, changes its arguments, or returns something else than it says.
    """
    cached = UnitTensors.none(statistics.units) if cached is None else cached
    parts = PlanParts(plan)
    first_part = evaluate_plan(
        parts.without_own,
        statistics.values,
        statistics.offsets,
        statistics.shapes,
        statistics.axes,
        to_scalar,
        cached,
    )
    return parts.completed(statistics, cached, first_part, to_scalar)


class PlanParts:
    """A plan in two parts: what does not depend on an own operation, and what does.

    Attributes:
        uses_own: whether there is a second part.
        without_own: the plan of the first part, which anything that runs plans can run.
    """

    def __init__(self, plan: Plan) -> None:
        """Tell the parts of a plan from each other."""
        self._plan = plan
        self.uses_own = max(plan.operations, default=LOAD) >= FIRST_OWN_ID
        self.without_own = plan
        if self.uses_own:
            self._by_torch = _by_torch(plan)
            self._columns = ~np.concatenate([np.zeros(TERMINAL_COUNT, np.bool_), self._by_torch])[plan.recorded]
            self.without_own = plan.of_nodes(~self._by_torch, plan.recorded[self._columns])

    def completed(
        self,
        statistics: NetworkStatistics,
        cached: UnitTensors,
        first_part: PlanResults,
        to_scalar: ToScalar,
    ) -> PlanResults:
        """Return the results of the whole plan on a network, from those of `without_own`.

        Args:
            statistics: of the network.
            cached: the numbers that `LOAD` nodes read.
            first_part: the results of `without_own` on every unit.
            to_scalar: as they were taken.
        """
        if not self.uses_own:
            return first_part
        numbers = np.zeros((statistics.units, len(self._plan.recorded)), np.float32)
        valid = np.zeros(numbers.shape, np.bool_)
        numbers[:, self._columns], valid[:, self._columns] = first_part.numbers, first_part.valid
        known = {int(self._plan.recorded[column]): int(column) for column in np.flatnonzero(self._columns)}
        machine = _Machine(self._plan, self._by_torch, statistics, cached, known)
        with reproducible_kernels(), torch.no_grad():
            for unit in range(statistics.units):
                results = machine.run(unit, numbers, valid)
                for column in np.flatnonzero(~self._columns).tolist():
                    result = results[int(self._plan.recorded[column])]
                    if result is not None:
                        numbers[unit, column] = _number(result, to_scalar)
                        valid[unit, column] = True
        return PlanResults(numbers, valid, first_part.kept)


def _by_torch(plan: Plan) -> NDArray[np.bool_]:
    """Which nodes are own operations, or depend on one: bool (nodes,)."""
    chosen = plan.operation >= FIRST_OWN_ID
    for node in range(plan.size):
        if plan.operation[node] != LOAD:
            for operand in (plan.first[node], plan.second[node]):
                chosen[node] |= operand >= TERMINAL_COUNT and chosen[operand - TERMINAL_COUNT]
    return chosen


class _Machine:
    """Runs by PyTorch what it must of a plan."""

    def __init__(
        self,
        plan: Plan,
        by_torch: NDArray[np.bool_],
        statistics: NetworkStatistics,
        cached: UnitTensors,
        known: dict[int, int],
    ) -> None:
        """Find out which nodes have to be run.

        Args:
            plan: the whole plan.
            by_torch: which of its nodes are own operations or depend on one.
            statistics: of the network.
            cached: the numbers that `LOAD` nodes read.
            known: by operand, the column of the numbers that compiled code computed.
        """
        self._plan = plan
        self._statistics = statistics
        self._cached_numbers, self._cached_valid = cached.numbers, cached.valid
        self._known = {
            operand: column for operand, column in known.items() if plan.recorded_digests[column] is not None
        }
        needed = by_torch.copy()
        for node in range(plan.size - 1, -1, -1):
            if needed[node]:
                for operand in self._operands(node):
                    if operand >= TERMINAL_COUNT and operand not in self._known:
                        needed[operand - TERMINAL_COUNT] = True
        self._nodes = np.flatnonzero(needed).tolist()

    def run(self, unit: int, numbers: NDArray[np.float32], valid: NDArray[np.bool_]) -> dict[int, Tensor | None]:
        """Return the results of the nodes on one unit by operand; None where the shapes cannot be taken.

        Args:
            unit: which.
            numbers: float32 (units, recorded), of which those of compiled code are known.
            valid: bool, same shape.
        """
        results: dict[int, Tensor | None] = {
            operand: torch.tensor(numbers[unit, column]) if valid[unit, column] else None
            for operand, column in self._known.items()
        }
        for node in self._nodes:
            arguments = []
            for operand in self._operands(node):
                if operand < TERMINAL_COUNT and operand not in results:
                    tensor = np.require(self._statistics.tensor(unit, operand), requirements="W")
                    results[operand] = torch.from_numpy(tensor)
                arguments.append(results[operand])
            results[TERMINAL_COUNT + node] = self._result(node, unit, arguments)
        return results

    def _operands(self, node: int) -> list[int]:
        operation = int(self._plan.operation[node])
        if operation == LOAD:
            return []
        operands = [int(one) for one in (self._plan.first[node], self._plan.second[node])]
        return [*reads_of(operation), *(one for one in operands if one != NO_OPERAND)]

    def _result(self, node: int, unit: int, arguments: list[Tensor | None]) -> Tensor | None:
        operation = int(self._plan.operation[node])
        if operation == LOAD:
            column = int(self._plan.first[node])
            return torch.tensor(self._cached_numbers[unit, column]) if self._cached_valid[unit, column] else None
        given = [argument for argument in arguments if argument is not None]
        if len(given) < len(arguments):
            return None
        try:
            return reference.apply(operation, *given)
        except ShapeError:
            return None


def _number(result: Tensor, to_scalar: ToScalar) -> np.float32:
    """The number of a result, by the compiled code that takes that of every other."""
    values = result.contiguous().numpy().reshape(-1)
    shapes = np.ones((1, TERMINAL_COUNT, MAXIMUM_AXES), np.int64)
    shapes[0, 0, 0] = len(values)
    offsets = np.zeros((1, TERMINAL_COUNT), np.int64)
    axes = np.ones((1, TERMINAL_COUNT), np.int64)
    return np.float32(evaluate_plan(_ONE_TERMINAL, values, offsets, shapes, axes, to_scalar).numbers[0, 0])
