"""Many programs as expressions of one builder, in which each distinct part exists once.

The programs of a generation share most of their parts: whoever has all of them looks at each part once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from eznas.ops.own import FIRST_OWN_ID
from eznas.ops.program import Program, ProgramBuilder
from eznas.terminals import TERMINAL_COUNT


@dataclass(frozen=True)
class SharedPrograms:
    """Programs that one builder knows.

    Attributes:
        builder: which may learn more.
        refs: of the programs, in their order; the same for equal ones.
    """

    builder: ProgramBuilder
    refs: Sequence[int]

    @classmethod
    def of(cls, programs: Sequence[Program]) -> Self:
        """Take in any number of programs."""
        builder = ProgramBuilder()
        return cls(builder, [builder.add(program) for program in programs])

    @property
    def uses_own(self) -> bool:
        """Whether any program has an own operation or terminal, see `eznas.ops.own`."""
        node = self.builder.node
        return any(node(ref)[0] >= FIRST_OWN_ID for ref in self.nodes_down_to(lambda _: False))

    def nodes_down_to(self, is_known: Callable[[int], bool]) -> list[int]:
        """Return the refs of the nodes that the programs need, and not of those that only known ones need.

        Programs come one after another, each depth first, so that a node comes after its operands.

        Args:
            is_known: of the node of a ref; asked once.
        """
        found: list[int] = []
        seen = set(range(-1, TERMINAL_COUNT))
        pending = list(reversed(self.refs))
        while pending:
            ref = pending.pop()
            if ref < -1:  # all that it needs is there
                found.append(-ref)
            elif ref not in seen:
                seen.add(ref)
                if is_known(ref):
                    found.append(ref)
                else:
                    _, a, b = self.builder.node(ref)
                    pending += (-ref, b, a)
        return found
