"""Plan: many programs as one list of distinct nodes, in the flat arrays that the interpreter runs.

Programs of one generation share most of their sub-expressions. The plan holds each distinct node once, so a
network's statistics are read once for all programs; and it cuts the list below every number that is already
known, because everything above a reduction is one number per unit and can be kept from earlier generations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.ops.catalogue import OPERATIONS, ShapeRule
from eznas.ops.own import reads_of
from eznas.ops.program import NO_OPERAND, Program
from eznas.ops.shared_programs import SharedPrograms
from eznas.terminals import TERMINAL_COUNT

LOAD: Final = -1
"""In `Plan.operation`: the node's value is column `first` of what is remembered."""

_KEPT: Final = frozenset(operation.id for operation in OPERATIONS if operation.rule is ShapeRule.DETERMINANT)
"""Operations that are dear and give few numbers, which are worth keeping where they are no single number either."""


@dataclass(frozen=True, eq=False)
class Plan:
    """n distinct nodes of p programs, of which r values are recorded.

    An operand below `TERMINAL_COUNT` is a terminal, any other is `TERMINAL_COUNT` + node index.

    Attributes:
        operation: int64[n], the operation's id, or `LOAD`. Operands come before the nodes that read them, and
            programs come one after another, each depth first, so that values are needed for a short time only.
        first: int64[n], first operand; of a `LOAD` node the column of what is remembered.
        second: int64[n], second operand, or `NO_OPERAND`.
        roots: int64[p], the operand that is each program's output; may be a terminal.
        recorded: int64[r], the operands whose number per unit is asked for: every distinct root, and every node
            that is statically one number and is not loaded from the cache. Increasing.
        recorded_digests: per recorded operand the structure hash under which a later plan finds its values
            (`Program.digests`), or None where it is a tensor, whose number is no substitute for it.
        root_columns: int64[p], which column of `recorded` belongs to each program.
        kept: int64[t], the operands whose tensors are asked for, to be remembered.
        kept_digests: of each of these the structure hash.
    """

    operation: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    roots: NDArray[np.int64]
    recorded: NDArray[np.int64]
    recorded_digests: list[bytes | None]
    root_columns: NDArray[np.int64]
    kept: NDArray[np.int64]
    kept_digests: list[bytes]

    @property
    def size(self) -> int:
        """How many distinct nodes the plan computes or loads."""
        return len(self.operation)

    @cached_property
    def operations(self) -> frozenset[int]:
        """The ids of the operations of the nodes, and `LOAD` if there is one."""
        return frozenset(self.operation.tolist())

    @cached_property
    def terminals(self) -> frozenset[int]:
        """The addresses of the terminals that the nodes and roots read."""
        is_load = self.operation == LOAD
        operands = np.unique(np.concatenate([self.first[~is_load], self.second, self.roots])).tolist()
        return frozenset(one for one in operands if 0 <= one < TERMINAL_COUNT).union(*map(reads_of, self.operations))

    @classmethod
    def of(
        cls, programs: Sequence[Program], cached: Mapping[bytes, int] | None = None, *, keeps_tensors: bool = False
    ) -> Plan:
        """Merge programs into one plan, see `of_shared`."""
        return cls.of_shared(SharedPrograms.of(programs), cached, keeps_tensors=keeps_tensors)

    @classmethod
    def of_shared(
        cls, programs: SharedPrograms, cached: Mapping[bytes, int] | None = None, *, keeps_tensors: bool = False
    ) -> Plan:
        """Merge programs into one plan, in time linear in their distinct nodes.

        Args:
            programs: in the order of `roots`; repeats are allowed and cost nothing.
            cached: by a node's digest, the column of what is remembered that holds its values. Nodes that only loaded
                nodes need are not in the plan.
            keeps_tensors: whether the plan asks for tensors to be remembered.
        """
        cached = cached or {}
        builder = programs.builder
        operand_of = {address: address for address in range(NO_OPERAND, TERMINAL_COUNT)}  # by ref
        nodes: list[tuple[int, int, int]] = []
        scalars: dict[int, bytes] = {}  # by operand
        computed_scalars: list[int] = []
        kept: dict[int, bytes] = {}
        for ref in programs.nodes_down_to(lambda ref: builder.digest(ref) in cached):
            operand = operand_of[ref] = TERMINAL_COUNT + len(nodes)
            digest = builder.digest(ref)
            operation, a, b = builder.node(ref)
            if digest in cached:
                nodes.append((LOAD, cached[digest], NO_OPERAND))
            else:
                nodes.append((operation, operand_of[a], operand_of[b]))
                if keeps_tensors and operation in _KEPT:
                    kept[operand] = digest
            if builder.is_scalar(ref):
                scalars[operand] = digest
                if digest not in cached:
                    computed_scalars.append(operand)
        roots = [operand_of[ref] for ref in programs.refs]
        recorded = sorted({*roots, *computed_scalars})
        column_of = {operand: column for column, operand in enumerate(recorded)}
        operation_ids, first, second = np.array(nodes, dtype=np.int64).reshape(-1, 3).T.copy()
        return cls(
            operation=operation_ids,
            first=first,
            second=second,
            roots=np.array(roots, dtype=np.int64),
            recorded=np.array(recorded, dtype=np.int64),
            recorded_digests=[scalars.get(operand) for operand in recorded],
            root_columns=np.array([column_of[root] for root in roots], dtype=np.int64),
            kept=np.array(list(kept), dtype=np.int64),
            kept_digests=list(kept.values()),
        )

    def of_programs(self, positions: NDArray[np.int64]) -> Plan:
        """Return the plan of some of the programs, those at these positions of `roots`."""
        roots = self.roots[positions]
        needed = np.zeros(TERMINAL_COUNT + self.size, np.bool_).tolist()
        for root in roots.tolist():
            needed[root] = True
        nodes = zip(self.operation.tolist(), self.first.tolist(), self.second.tolist(), strict=True)
        for node, (operation, a, b) in reversed(list(enumerate(nodes, TERMINAL_COUNT))):
            if needed[node] and operation != LOAD:
                for operand in (a, b):
                    if operand >= 0:
                        needed[operand] = True
        return self.of_nodes(np.array(needed[TERMINAL_COUNT:], np.bool_), roots)

    def of_nodes(self, chosen: NDArray[np.bool_], roots: NDArray[np.int64]) -> Plan:
        """Return a plan with some of the nodes, which records of these and of the roots what this one does.

        Args:
            chosen: bool (n,), which. None of them reads another.
            roots: int64, the operands that become the roots: recorded ones, which are terminals or chosen.
        """
        nodes = np.flatnonzero(chosen)
        operands = np.arange(TERMINAL_COUNT + self.size)  # where each is in the new plan
        operands[TERMINAL_COUNT + nodes] = TERMINAL_COUNT + np.arange(len(nodes))
        operation, first, second = self.operation[nodes], self.first[nodes], self.second[nodes]
        is_operand = (operation != LOAD) & (first >= 0)
        stays = np.concatenate([np.zeros(TERMINAL_COUNT, np.bool_), chosen])
        stays[roots] = True
        recorded, kept = np.flatnonzero(stays[self.recorded]), np.flatnonzero(stays[self.kept])
        columns = operands[self.recorded[recorded]]
        roots = operands[roots]
        return Plan(
            operation=operation,
            first=np.where(is_operand, operands[np.where(is_operand, first, 0)], first),
            second=np.where(second >= 0, operands[second], second),
            roots=roots,
            recorded=columns,
            recorded_digests=[self.recorded_digests[place] for place in recorded.tolist()],
            root_columns=np.searchsorted(columns, roots),
            kept=operands[self.kept[kept]],
            kept_digests=[self.kept_digests[place] for place in kept.tolist()],
        )
