"""Hypothesis strategies for programs."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from eznas import genomes
from eznas.ops.catalogue import OPERATION_COUNT, OPERATIONS
from eznas.ops.program import Program, ProgramBuilder
from eznas.terminals import TERMINAL_COUNT


@st.composite
def programs(draw):
    """Programs of both kinds of genome, and element-wise ones of many nodes with much sharing and infix."""
    seed = draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    source = draw(st.sampled_from([*genomes.names(), "element-wise"]))
    if source != "element-wise":
        kind = genomes.get(source)
        return kind.genome.random(rng, kind.settings()).compile()
    builder = ProgramBuilder()
    refs = [0, 1, 7]
    for _ in range(draw(st.integers(1, 120))):
        operation = OPERATIONS[rng.choice([0, 1, 2, 3, 4, 5, 6, 9, 11])]
        operands = [refs[max(0, len(refs) - 1 - rng.integers(6))] for _ in range(operation.arity)]
        refs.append(builder.apply(operation.id, *operands))
    return builder.build(refs[-1])


def random_program(rng, size, operations=range(OPERATION_COUNT)) -> Program:
    """A program of at most so many nodes, of any operands and operations: its shapes often do not fit."""
    builder = ProgramBuilder()
    references = [builder.terminal(address) for address in range(TERMINAL_COUNT)]
    for _ in range(size):
        operation = OPERATIONS[int(rng.choice(list(operations)))]
        first, second = (references[int(i)] for i in rng.integers(len(references), size=2))
        references.append(builder.apply(operation.id, first, second if operation.arity == 2 else None))
    return builder.build(references[-1])
