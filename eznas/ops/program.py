"""Program: the one form that every genome compiles to, a canonical list of operations over the 22 terminals.

A program is a static-single-assignment list of nodes `(operation, a, b)`. It is hash-consed: equal
sub-expressions are one node, the arguments of commutative operations are sorted, nodes that do not reach the
output are dropped, and the rest are numbered in depth-first post-order from the output. So two programs are
equal exactly when they are the same expression, and fitness caches, files and printers need no other test.

Every walk here is a loop over the nodes, never a recursion: a sequential genome may nest a thousand operations,
and an expression with shared parts can be exponentially larger than its list of nodes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from hashlib import blake2b
from typing import Any, Final, TypeAlias, TypeGuard

from eznas.errors import EznasError
from eznas.ops.catalogue import OF_SHAPE_ALONE, OPERATION_COUNT, ShapeRule
from eznas.ops.own import FIRST_OWN_ID, is_operation, operation_of, reads_of
from eznas.terminals import TERMINAL_COUNT

Node: TypeAlias = tuple[int, int, int]
"""`(operation id, a, b)`; an operand below `TERMINAL_COUNT` is a terminal's address, any other is
`TERMINAL_COUNT` + the index of an earlier node; `b` is `NO_OPERAND` for an operation of one argument, and so are both
for a terminal of a user's own, which is an operation of none."""

NO_OPERAND: Final = -1
"""Stands where an operation has no such operand."""

_DIGEST_BYTES: Final = 16
_MOST_SHARED: Final = 2**15  # nodes that a shared builder knows, some 10 MB
_of_thread: Final = threading.local()


def _hash(message: bytes) -> bytes:
    return blake2b(message, digest_size=_DIGEST_BYTES).digest()


# Messages of terminals, unary and binary nodes differ in length (9, 17 and 33 bytes), so none can pass for another.
TERMINAL_DIGESTS: Final = tuple(_hash(b"terminal" + bytes([address])) for address in range(TERMINAL_COUNT))
"""The structure hash of each terminal, by address."""


@dataclass(frozen=True)
class Program:
    """An expression in canonical form; made by `ProgramBuilder`, `Program.decode` or `notation.parse_program`.

    The constructor itself checks nothing: nodes that are not canonical would break the meaning of `==`. A builder knows
    the digests of the nodes, and which of them are numbers, so a program that it builds need not find them out again.

    Attributes:
        nodes: the operations in depth-first post-order, each after its operands.
        output: the operand that is the program's result: a terminal's address, or `TERMINAL_COUNT` + node index.
    """

    nodes: tuple[Node, ...]
    output: int

    @property
    def size(self) -> int:
        """How many operations the program computes, each distinct one counted once."""
        return len(self.nodes)

    @cached_property
    def depth(self) -> int:
        """How many operations lie on the longest path from a terminal to the output; 0 for a bare terminal."""
        depths = [0] * TERMINAL_COUNT
        for _, *operands in self.nodes:
            depths.append(1 + max((depths[one] for one in operands if one != NO_OPERAND), default=-1))
        return depths[self.output]

    @cached_property
    def leaves(self) -> frozenset[int]:
        """The addresses of the terminals that are operands of the program's operations, or its output."""
        operands = {operand for node in self.nodes for operand in node[1:]} | {self.output}
        return frozenset(operand for operand in operands if 0 <= operand < TERMINAL_COUNT)

    @cached_property
    def terminals(self) -> frozenset[int]:
        """The addresses of the terminals that the program reads: its leaves, and what terminals of one's own read."""
        return self.leaves.union(*(reads_of(operation) for operation, *_ in self.nodes))

    @cached_property
    def values_read(self) -> frozenset[int]:
        """The addresses of those terminals whose elements the result depends on, not their shapes alone."""
        needed = {self.output}
        reads: set[int] = set()
        for place in range(len(self.nodes) - 1, -1, -1):
            operation, *operands = self.nodes[place]
            if TERMINAL_COUNT + place in needed and operation not in OF_SHAPE_ALONE:
                needed.update(operands)
                reads.update(reads_of(operation))
        return frozenset(reads.union(one for one in needed if 0 <= one < TERMINAL_COUNT))

    @property
    def extensions(self) -> tuple[str, ...]:
        """The names of the operations beyond the paper's that the program uses, in the catalogue's order."""
        used = sorted({operation for operation, _, _ in self.nodes})
        return tuple(operation_of(operation).name for operation in used if operation_of(operation).is_extension)

    @property
    def own(self) -> tuple[str, ...]:
        """The names of the own operations and terminals that the program uses, see `eznas.ops.own`."""
        return tuple(sorted({operation_of(one).name for one, *_ in self.nodes if one >= FIRST_OWN_ID}))

    @cached_property
    def digests(self) -> tuple[bytes, ...]:
        """Per node, the structure hash of its sub-expression: the same in every program that contains it."""
        digests = list(TERMINAL_DIGESTS)
        for operation, a, b in self.nodes:
            digests.append(_node_digest(operation, _digest(digests, a), _digest(digests, b)))
        return tuple(digests[TERMINAL_COUNT:])

    @property
    def digest(self) -> str:
        """The structure hash of the whole program, in hexadecimal; the same on every machine."""
        if self.output < TERMINAL_COUNT:
            return TERMINAL_DIGESTS[self.output].hex()
        return self.digests[self.output - TERMINAL_COUNT].hex()

    @cached_property
    def _scalar_nodes(self) -> tuple[bool, ...]:
        scalar = [False] * TERMINAL_COUNT
        for node in self.nodes:
            scalar.append(_is_scalar(node, scalar))
        return tuple(scalar[TERMINAL_COUNT:])

    def is_scalar(self, node: int) -> bool:
        """Whether the node of this index gives one number per unit, whatever the shapes of the terminals."""
        return self._scalar_nodes[node]

    def nodes_down_to(self, is_known: Callable[[int], bool]) -> list[int]:
        """Return the indices of the nodes that the output needs, increasing, and not what only known ones need.

        Args:
            is_known: of the node of an index.
        """
        found: set[int] = set()
        pending = [self.output - TERMINAL_COUNT]
        while pending:
            index = pending.pop()
            if index < 0 or index in found:
                continue
            found.add(index)
            if not is_known(index):
                pending.extend(operand - TERMINAL_COUNT for operand in self.nodes[index][1:])
        return sorted(found)

    @property
    def gives_scalar(self) -> bool:
        """Whether the output is one number per unit, whatever the shapes of the terminals."""
        return self.output >= TERMINAL_COUNT and self._scalar_nodes[self.output - TERMINAL_COUNT]

    @cached_property
    def is_well_formed(self) -> bool:
        """Whether no operation that needs axes, such as a matrix product, reads a value that has none on any unit."""
        scalar = (False,) * TERMINAL_COUNT + self._scalar_nodes
        return all(takes(operation, scalar[a], b != NO_OPERAND and scalar[b]) for operation, a, b in self.nodes)

    def encode(self) -> dict[str, Any]:
        """Return the program as plain sequences and numbers, for JSON and msgpack, which both make lists of tuples."""
        return {"nodes": self.nodes, "output": self.output}

    @classmethod
    def decode(cls, data: object) -> Program:
        """Rebuild a program from what `encode` returned, or from an equal list that is not in canonical form.

        Raises:
            EznasError: the data is not such a mapping, or a node names an operation or operand that does not exist.
        """
        if (
            not isinstance(data, Mapping)
            or not isinstance(data.get("nodes"), Sequence)
            or isinstance(data["nodes"], str)
        ):
            raise EznasError(
                f"An encoded program is a mapping with 'nodes' and 'output', not {data!r:.80}; "
                "write it with Program.encode."
            )
        builder = ProgramBuilder()
        refs = list(range(TERMINAL_COUNT))
        for index, node in enumerate(data["nodes"]):
            refs.append(_decode_node(builder, refs, index, node))
        output = data.get("output")
        if not _is_index(output, len(refs)):
            raise EznasError(
                f"The output of an encoded program must be an operand from 0 to {len(refs) - 1}, not {output!r:.80}."
            )
        return builder.build(refs[output])


@cache
def result_is_scalar(operation: int, first_is_scalar: bool, second_is_scalar: bool) -> bool:
    """Whether an operation gives one number per unit, from whether its arguments do.

    Args:
        operation: the id.
        first_is_scalar: whether the first argument is statically one number.
        second_is_scalar: the same of the second; True for an operation of one argument.
    """
    rule = operation_of(operation)
    elementwise = rule.arity > 0 and rule.rule is ShapeRule.BROADCAST
    return rule.gives_scalar or (elementwise and first_is_scalar and second_is_scalar)


@cache
def takes(operation: int, first_is_scalar: bool, second_is_scalar: bool) -> bool:
    """Whether an operation can take such arguments at all: one that needs axes can't take a plain number.

    Args:
        operation: the id.
        first_is_scalar: whether the first argument is statically one number.
        second_is_scalar: the same of the second; False for an operation of one argument.
    """
    return operation_of(operation).minimum_axes == 0 or not (first_is_scalar or second_is_scalar)


class ProgramBuilder:
    """Builds programs bottom-up; each distinct sub-expression exists once.

    A ref is an operand of this builder: below `TERMINAL_COUNT` a terminal, else a node. Refs of equal
    sub-expressions are equal.
    """

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._digests = list(TERMINAL_DIGESTS)  # by ref
        self._scalar = [False] * TERMINAL_COUNT  # by ref, whether it is one number
        self._refs: dict[Node, int] = {}

    @property
    def size(self) -> int:
        """How many operations the builder knows, each distinct one counted once."""
        return len(self._nodes)

    def terminal(self, address: int) -> int:
        """Return the ref of the terminal at an address, 0 to 21.

        Raises:
            ValueError: there is no such address.
        """
        if not 0 <= address < TERMINAL_COUNT:
            raise ValueError(f"No terminal has address {address}; addresses are 0 to {TERMINAL_COUNT - 1}")
        return address

    def apply(self, operation: int, a: int | None = None, b: int | None = None) -> int:
        """Return the ref of an operation's result.

        Args:
            operation: the id.
            a: ref of the first argument; None exactly for a terminal of a user's own.
            b: ref of the second argument; None exactly for an operation of less than two arguments.

        Raises:
            ValueError: no such operation or ref, or the arguments do not fit the operation's arity.
        """
        node = (operation, NO_OPERAND if a is None else a, NO_OPERAND if b is None else b)
        if (ref := self._refs.get(node)) is not None:
            return ref
        if not is_operation(operation):
            raise ValueError(f"No operation has id {operation}; ids are 0 to {OPERATION_COUNT - 1}")
        rule = operation_of(operation)
        if (a is not None) + (b is not None) != rule.arity or (a is None and b is not None):
            raise ValueError(f"{rule.name} takes {rule.arity} argument{'s' * (rule.arity != 1)}")
        if a is not None:
            self._check(a)
        if b is not None:
            self._check(b)
        if a is not None and b is not None and rule.commutative and self._rank(b) < self._rank(a):
            return self.apply(operation, b, a)
        ref = self._refs[node] = TERMINAL_COUNT + len(self._nodes)
        self._nodes.append(node)
        first, second = _digest(self._digests, node[1]), _digest(self._digests, node[2])
        self._digests.append(_node_digest(operation, first, second))
        self._scalar.append(_is_scalar(node, self._scalar))
        return ref

    def add(self, program: Program) -> int:
        """Return the ref of a program, which any builder may have built."""
        refs = list(range(TERMINAL_COUNT))
        for operation, *operands in program.nodes:
            refs.append(self.apply(operation, *[refs[one] for one in operands if one != NO_OPERAND]))
        return refs[program.output]

    def node(self, ref: int) -> Node:
        """Return the operation that a ref is the result of, and the refs of its arguments; a ref of no terminal."""
        return self._nodes[ref - TERMINAL_COUNT]

    def digest(self, ref: int) -> bytes:
        """Return the structure hash of a ref."""
        return self._digests[ref]

    def is_scalar(self, ref: int) -> bool:
        """Whether a ref is one number per unit, whatever the shapes of the terminals."""
        return self._scalar[ref]

    def build(self, output: int) -> Program:
        """Return the program whose result is `output`, in canonical form, without what does not reach it.

        The builder stays usable: it may build several programs that share parts.

        Raises:
            ValueError: there is no such ref.
        """
        self._check(output)
        operand_of = {address: address for address in range(NO_OPERAND, TERMINAL_COUNT)}  # ref -> operand
        nodes: list[Node] = []
        refs: list[int] = []  # of the nodes
        pending = [output]
        while pending:
            ref = pending.pop()
            if ref < 0:  # all that it needs is there
                ref = ~ref
                operation, a, b = self._nodes[ref - TERMINAL_COUNT]
                nodes.append((operation, operand_of[a], operand_of[b]))
                operand_of[ref] = TERMINAL_COUNT + len(refs)
                refs.append(ref)
            elif ref not in operand_of:
                _, a, b = self._nodes[ref - TERMINAL_COUNT]
                pending.append(~ref)
                # Pushed in reverse, so that the first operand is numbered first.
                if b not in operand_of:
                    pending.append(b)
                if a not in operand_of:
                    pending.append(a)
        program = Program(tuple(nodes), operand_of[output])
        # Where `cached_property` looks for them.
        vars(program)["digests"] = tuple([self._digests[ref] for ref in refs])
        vars(program)["_scalar_nodes"] = tuple([self._scalar[ref] for ref in refs])
        return program

    def _check(self, ref: int) -> None:
        if not 0 <= ref < len(self._digests):
            raise ValueError(f"{ref} is not a ref of this builder; it has {len(self._digests)}")

    def _rank(self, ref: int) -> tuple[int, bytes]:
        """Sort key of the arguments of a commutative operation; it must not depend on the order of building."""
        return (ref, b"") if ref < TERMINAL_COUNT else (TERMINAL_COUNT, self._digests[ref])


def shared_builder() -> ProgramBuilder:
    """Return the builder of this thread, which knows the parts of programs that were built before.

    The programs of an evolution share most of their parts. What is built depends on nothing that a builder knows.
    """
    builder: ProgramBuilder | None = getattr(_of_thread, "builder", None)
    if builder is None or builder.size > _MOST_SHARED:
        builder = _of_thread.builder = ProgramBuilder()
    return builder


@lru_cache(maxsize=2**15)  # builders, and programs that are read, share most of their parts
def _node_digest(operation: int, first: bytes, second: bytes) -> bytes:
    # The id of an own operation takes 8 bytes, so that its messages differ in length from all others, too.
    code = bytes([operation]) if operation < FIRST_OWN_ID else operation.to_bytes(8, "big")
    return _hash(code + first + second)


def _is_scalar(node: Node, scalar: Sequence[bool]) -> bool:
    """Whether a node is one number, from whether each operand before it is."""
    operation, a, b = node
    return result_is_scalar(operation, a != NO_OPERAND and scalar[a], b == NO_OPERAND or scalar[b])


def _digest(digests: Sequence[bytes], operand: int) -> bytes:
    return b"" if operand == NO_OPERAND else digests[operand]


def _is_index(value: object, count: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _decode_node(builder: ProgramBuilder, refs: list[int], index: int, node: object) -> int:
    """Add node `index` of an encoded program to the builder; `refs` translates its operands."""
    if not isinstance(node, Sequence) or isinstance(node, str) or len(node) != 3:
        raise EznasError(f"Node {index} of an encoded program must be three integers, not {node!r:.80}.")
    operation, a, b = node
    if not _is_index(operation, sys.maxsize) or not (operation >= FIRST_OWN_ID or is_operation(operation)):
        raise EznasError(
            f"Node {index} of an encoded program names operation {operation!r:.80}; ids are 0 to {OPERATION_COUNT - 1}."
        )
    rule = operation_of(operation)
    operands = [a, b]
    if not all(_is_index(one, len(refs)) for one in operands[: rule.arity]) or any(
        one != NO_OPERAND for one in operands[rule.arity :]
    ):
        raise EznasError(
            f"Node {index} of an encoded program, {rule.name}, has operands {a!r:.80} and {b!r:.80}; "
            f"each must be from 0 to {len(refs) - 1} (an earlier node or a terminal)"
            f"{f', and the second {NO_OPERAND}, as the operation takes one argument' if rule.arity == 1 else ''}."
        )
    return builder.apply(operation, *(refs[one] for one in operands[: rule.arity]))
