"""Register instructions over 122 addresses: what they are, when they are valid, how to draw and repair them.

Addresses 0-21 are static (the terminals, read only), 22-101 dynamic (80 tensors), 102-121 scalar (20 numbers). An
instruction is four integers: write address, operation id, read address, read address. Results that are statically
one number go to scalar addresses, all others to dynamic ones, so an address tells the kind of its value. An
instruction of a one-argument operation carries a second read address too: it is kept readable, so that the
operation may be replaced by one of two arguments, but it is no read.

Source: EZNAS (NeurIPS 2022), appendix 1.2, after AutoML-Zero (Real et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from eznas.ops.catalogue import PAPER_OPERATION_COUNT
from eznas.ops.own import operation_of
from eznas.ops.program import result_is_scalar, takes
from eznas.terminals import TERMINAL_COUNT

if TYPE_CHECKING:
    import numpy as np

STATIC: Final = range(TERMINAL_COUNT)
"""Addresses of the terminals, read only."""
DYNAMIC: Final = range(STATIC.stop, STATIC.stop + 80)
"""Addresses of tensors."""
SCALAR: Final = range(DYNAMIC.stop, DYNAMIC.stop + 20)
"""Addresses of values that are one number on every unit."""


class Instruction(NamedTuple):
    """One instruction: `write = operation(first, second)`, or `operation(first)` where it takes one argument."""

    write: int
    operation: int
    first: int
    second: int

    @property
    def reads(self) -> tuple[int, ...]:
        """The addresses that the operation reads."""
        return (self.first, self.second)[: operation_of(self.operation).arity]


Instructions: TypeAlias = tuple[Instruction, ...]

PAPER: Final = tuple(range(PAPER_OPERATION_COUNT))
"""The ids of the paper's operations."""


def validity_error(instructions: Sequence[Instruction], operations: Sequence[int] = PAPER) -> str | None:
    """Return what makes instructions invalid, as a clause without a full stop, or None if they are valid.

    Valid means: every read address (the unread second one included) is static or was written before, no operation
    that needs axes reads a scalar address, and every write goes to the space of its result. `operations` are the ids
    that may occur.
    """
    memory = Memory()
    for index, instruction in enumerate(instructions):
        where = f"Instruction {index} of a sequential genome, {tuple(instruction)},"
        if instruction.operation not in operations:
            return f"{where} names operation {instruction.operation}, and ids are 0 to {PAPER_OPERATION_COUNT - 1}"
        for address in (instruction.first, instruction.second):
            if address not in memory:
                return f"{where} reads address {address}, which is neither static nor written before"
        error = kind_error(instruction)
        if error:
            return f"{where} {error}"
        memory.write(instruction.write)
    return None


def kind_error(instruction: Instruction) -> str | None:
    """Return what is wrong with the kinds of an instruction's addresses, as a clause, or None."""
    write, operation, first, second = instruction
    rule = operation_of(operation)
    if not takes(operation, first in SCALAR, rule.arity == 2 and second in SCALAR):
        return f"gives one number to {rule.name}, which needs a tensor"
    space = _result_space(operation, first, second)
    if write not in space:
        return f"writes address {write}, and a result of {rule.name} belongs to {space.start}-{space.stop - 1} there"
    return None


class Memory:
    """Which addresses can be read at one place of a program."""

    def __init__(self, instructions: Sequence[Instruction] = ()) -> None:
        self._dynamic: list[int] = []
        self._scalar: list[int] = []
        for instruction in instructions:
            self.write(instruction.write)

    def write(self, address: int) -> None:
        """Make an address readable."""
        written = self._scalar if address in SCALAR else self._dynamic
        if address not in written:
            written.append(address)

    def space(self, address: int) -> Sequence[int]:
        """Return the readable addresses of the address's space."""
        return STATIC if address in STATIC else self._dynamic if address in DYNAMIC else self._scalar

    def spaces(self, needs_tensor: bool) -> list[Sequence[int]]:
        """Return the readable addresses by space, without empty spaces, or without the scalars if asked."""
        spaces = (STATIC, self._dynamic) if needs_tensor else (STATIC, self._dynamic, self._scalar)
        return [space for space in spaces if space]

    def __contains__(self, address: int) -> bool:
        return address in self.space(address)


def random_instruction(rng: np.random.Generator, memory: Memory, operations: Sequence[int] = PAPER) -> Instruction:
    """Draw a valid instruction for a place where `memory` is readable.

    The operation is uniform among `operations`; for each read first the space is uniform among those that are
    readable (and that the operation can take), then the address; the write address is uniform in the space of the
    result. Drawing the space first keeps the 22 statics from drowning what earlier instructions computed.
    """
    operation = operations[int(rng.integers(len(operations)))]
    needs_tensor = operation_of(operation).minimum_axes > 0
    first = _random_read(rng, memory, needs_tensor)
    second = _random_read(rng, memory, needs_tensor)
    return Instruction(_random_write(rng, operation, first, second), operation, first, second)


def repair(instructions: Sequence[Instruction], rng: np.random.Generator) -> Instructions:
    """Return valid instructions that differ from these only where these are not valid.

    In order: a read of an address that was not written becomes a written address of the same space, or a static
    address where that space is empty; and where a result no longer belongs to the space of its write address, it
    goes to a random address of the right one.
    """
    memory = Memory()
    repaired: list[Instruction] = []
    for write, operation, first, second in instructions:
        new_first, new_second = (_repair_read(rng, memory, address) for address in (first, second))
        instruction = Instruction(write, operation, new_first, new_second)
        if write not in _result_space(operation, new_first, new_second):
            instruction = instruction._replace(write=_random_write(rng, operation, new_first, new_second))
        memory.write(instruction.write)
        repaired.append(instruction)
    return tuple(repaired)


def _result_space(operation: int, first: int, second: int) -> range:
    """Return the addresses that may hold the result of an operation on the values at two addresses."""
    unary = operation_of(operation).arity == 1
    return SCALAR if result_is_scalar(operation, first in SCALAR, unary or second in SCALAR) else DYNAMIC


def _random_write(rng: np.random.Generator, operation: int, first: int, second: int) -> int:
    return _choose(rng, _result_space(operation, first, second))


def _random_read(rng: np.random.Generator, memory: Memory, needs_tensor: bool) -> int:
    spaces = memory.spaces(needs_tensor)
    return _choose(rng, spaces[int(rng.integers(len(spaces)))])


def _repair_read(rng: np.random.Generator, memory: Memory, address: int) -> int:
    return address if address in memory else _choose(rng, memory.space(address) or STATIC)


def _choose(rng: np.random.Generator, addresses: Sequence[int]) -> int:
    return addresses[int(rng.integers(len(addresses)))]
