"""Sequential genome: a list of register instructions, the representation that the paper tried first.

The last instruction's result is the output. What instructions and their 122 addresses are, and when a list of them
is valid, is stated in `instructions.py`: random programs are valid by construction, and the one variation that may
break validity, RemoveOP, ends with `repair`. The five operators are the functions below, under the paper's names.

Source: EZNAS (NeurIPS 2022), appendix 1.2, after AutoML-Zero (Real et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final, Self

from eznas.errors import EznasError
from eznas.genomes.base import Genome, GenomeKind, GenomeSettings, own_of, own_setting
from eznas.genomes.instructions import (
    PAPER,
    STATIC,
    Instruction,
    Instructions,
    Memory,
    kind_error,
    random_instruction,
    repair,
    validity_error,
)
from eznas.ops.program import Program, shared_builder
from eznas.setting import setting

if TYPE_CHECKING:
    import numpy as np

_MAXIMUM_LENGTH: Final = 10_000
_ATTEMPTS: Final = 20  # of one variation before it gives up and copies the parent


@dataclass(frozen=True)
class SequentialSettings(GenomeSettings):
    """Settings of sequential genomes; the paper states none of them. Lengths are in instructions.

    The initial lengths make the live part of a fresh genome about as large as a fresh tree (3 operations against 4
    in the median); longer genomes hardly have a larger live part, only more that is useless.
    """

    kind: ClassVar[str] = "sequential"

    initial_minimum_length: int = setting(10, "length of a fresh genome, at least", minimum=1, maximum=_MAXIMUM_LENGTH)
    initial_maximum_length: int = setting(
        40, "length of a fresh genome, at most; uniform between the two", minimum=1, maximum=_MAXIMUM_LENGTH
    )
    # At least 2, since Mate takes at least one instruction of each parent.
    maximum_length: int = setting(
        100, "length of a genome; InsertOP leaves one of this length as it is", minimum=2, maximum=_MAXIMUM_LENGTH
    )

    own: str = own_setting()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_order("initial_minimum_length", "initial_maximum_length")
        self._check_order("initial_maximum_length", "maximum_length")


@cache
def _operations(own: str) -> tuple[int, ...]:
    """The ids that instructions may have: the paper's and then those of a setting, whose terminals read no address."""
    return (*PAPER, *(one.id for one in own_of(own)))


@dataclass(frozen=True)
class SequentialGenome(Genome):
    """A list of register instructions.

    Attributes:
        instructions: at least one; valid in the sense of `validity_error`.
        settings: the limits that the genome and its children keep to.
    """

    kind: ClassVar[str] = "sequential"

    instructions: Instructions
    settings: SequentialSettings

    @classmethod
    def random(cls, rng: np.random.Generator, settings: GenomeSettings) -> Self:
        """Draw valid instructions one after another; see `random_instruction`."""
        settings = SequentialSettings.of(settings)
        length = int(rng.integers(settings.initial_minimum_length, settings.initial_maximum_length + 1))
        instructions: list[Instruction] = []
        memory = Memory()
        for _ in range(length):
            instruction = random_instruction(rng, memory, _operations(settings.own))
            instructions.append(instruction)
            memory.write(instruction.write)
        return cls(tuple(instructions), settings)

    def mate(self, other: Self, rng: np.random.Generator) -> Self:  # noqa: ARG002  nothing is left to chance
        """Mate: see the function of this name."""
        return type(self)(mate(self.instructions, other.instructions), self.settings)

    def mutate(self, rng: np.random.Generator) -> Self:
        """InsertOP, RemoveOP, MutateOP or MutateOPArg, equally likely."""
        choice = int(rng.integers(4))
        if choice == 0:
            mutated = insert_op(self.instructions, rng, self.settings)
        elif choice == 2:
            mutated = mutate_op(self.instructions, rng, _operations(self.settings.own))
        else:
            mutated = (remove_op if choice == 1 else mutate_op_arg)(self.instructions, rng)
        return type(self)(mutated, self.settings)

    def compile(self) -> Program:
        """Run the addresses symbolically; return the program of the last instruction's result."""
        builder = shared_builder()
        memory = {address: builder.terminal(address) for address in STATIC}
        for instruction in self.instructions:
            memory[instruction.write] = builder.apply(
                instruction.operation, *(memory[address] for address in instruction.reads)
            )
        return builder.build(memory[self.instructions[-1].write])

    def encode(self) -> list[list[int]]:
        """Return the instructions as lists of four integers."""
        return [list(instruction) for instruction in self.instructions]

    @classmethod
    def decode(cls, data: object, settings: GenomeSettings) -> Self:
        """Rebuild a genome from its instructions.

        Raises:
            EznasError: the data is no list of instructions, or not a valid genome under these settings.
        """
        settings = SequentialSettings.of(settings)
        if not isinstance(data, list | tuple) or not data:
            raise EznasError(
                f"An encoded sequential genome is a list of instructions, not {data!r:.80}; "
                "the file that it comes from is damaged."
            )
        for index, item in enumerate(data):
            if not isinstance(item, list | tuple) or len(item) != 4 or not all(type(number) is int for number in item):
                raise EznasError(
                    f"Instruction {index} of a sequential genome must be four integers, not {item!r:.80}; "
                    "the file that it comes from is damaged."
                )
        if len(data) > settings.maximum_length:
            raise EznasError(
                f"A sequential genome has {len(data)} instructions, above maximum_length {settings.maximum_length}; "
                "use the setting that it was made with."
            )
        instructions = tuple(Instruction(*item) for item in data)
        error = validity_error(instructions, _operations(settings.own))
        if error:
            raise EznasError(f"{error}; the file that the sequential genome comes from is damaged.")
        return cls(instructions, settings)

    @property
    def size(self) -> int:
        """How many instructions the genome has."""
        return len(self.instructions)

    @property
    def live_share(self) -> float:
        """Live instructions over all: live are those whose result reaches the output by data flow.

        Repeats of one computation count each, since here only what is useless is bloat.
        """
        needed = {self.instructions[-1].write}
        live = 0
        for instruction in reversed(self.instructions):
            if instruction.write in needed:
                live += 1
                needed.remove(instruction.write)
                needed.update(instruction.reads)
        return live / len(self.instructions)


def mate(first: Instructions, second: Instructions) -> Instructions:
    """Mate: the first half of each parent, interleaved instruction by instruction.

    Half of an odd length is rounded down for the first parent (to one at least) and up for the second, so that
    lengths neither shrink nor grow on average. What the longer half has left over follows at the end.

    Nothing needs repair: every instruction has all of its parent's earlier ones before it, so what it reads is
    written, and an address tells the kind of its value whichever parent wrote it.
    """
    halves = first[: max(1, len(first) // 2)], second[: (len(second) + 1) // 2]
    shorter = min(len(half) for half in halves)
    paired = (instruction for pair in zip(*halves, strict=False) for instruction in pair)
    return (*paired, *halves[0][shorter:], *halves[1][shorter:])


def insert_op(instructions: Instructions, rng: np.random.Generator, settings: SequentialSettings) -> Instructions:
    """InsertOP: a random valid instruction at a random place, which may be either end.

    Nothing needs repair: the new write address holds the kind of value that its space promises.
    """
    if len(instructions) >= settings.maximum_length:
        return instructions
    place = int(rng.integers(len(instructions) + 1))
    inserted = random_instruction(rng, Memory(instructions[:place]), _operations(settings.own))
    return (*instructions[:place], inserted, *instructions[place:])


def remove_op(instructions: Instructions, rng: np.random.Generator) -> Instructions:
    """RemoveOP: drop the instruction at a random place, then repair; a single instruction stays."""
    if len(instructions) == 1:
        return instructions
    place = int(rng.integers(len(instructions)))
    return repair([*instructions[:place], *instructions[place + 1 :]], rng)


def mutate_op(instructions: Instructions, rng: np.random.Generator, operations: Sequence[int] = PAPER) -> Instructions:
    """MutateOP: another operation for a random instruction, same addresses.

    It is drawn among those of `operations` that these addresses allow. There always is one: another element-wise
    operation of two arguments where the write address is dynamic, another reduction where it is scalar.
    """
    place = int(rng.integers(len(instructions)))
    old = instructions[place]
    candidates = [old._replace(operation=operation) for operation in operations]
    fitting = [new for new in candidates if new != old and not kind_error(new)]
    if not fitting:  # only where the old one is a terminal of a user's own, which reads none of its addresses
        return instructions
    return (*instructions[:place], fitting[int(rng.integers(len(fitting)))], *instructions[place + 1 :])


def mutate_op_arg(instructions: Instructions, rng: np.random.Generator) -> Instructions:
    """MutateOPArg: one read argument of a random instruction becomes another readable address of the same space."""
    for _ in range(_ATTEMPTS):
        place = int(rng.integers(len(instructions)))
        old = instructions[place]
        if not old.reads:  # a terminal of a user's own
            continue
        argument = int(rng.integers(len(old.reads)))
        address = old.reads[argument]
        others = [other for other in Memory(instructions[:place]).space(address) if other != address]
        if others:
            other = others[int(rng.integers(len(others)))]
            new = old._replace(first=other) if argument == 0 else old._replace(second=other)
            return (*instructions[:place], new, *instructions[place + 1 :])
    return instructions


KIND: Final = GenomeKind(
    "sequential", SequentialGenome, SequentialSettings, "a list of register instructions, of which many may be useless"
)
