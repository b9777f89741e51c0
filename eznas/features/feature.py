"""What a feature is: a program that gives one number per unit."""

from __future__ import annotations

from eznas.ops.catalogue import BY_NAME
from eznas.ops.program import NO_OPERAND, Program, ProgramBuilder
from eznas.terminals import TERMINAL_COUNT


def as_feature(program: Program) -> Program:
    """Return `program` if it gives one number whatever the shapes, else the mean of its elements."""
    if program.gives_scalar:
        return program
    builder = ProgramBuilder()
    return builder.build(builder.apply(BY_NAME["normalized_sum"].id, append_program(builder, program)))


def append_program(builder: ProgramBuilder, program: Program) -> int:
    """Add the nodes of a program to a builder and return the ref of its output."""
    refs = list(range(TERMINAL_COUNT))
    for operation, *operands in program.nodes:
        refs.append(builder.apply(operation, *(refs[operand] for operand in operands if operand != NO_OPERAND)))
    return refs[program.output]
