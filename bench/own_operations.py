"""What an own operation costs: programs evaluated with compiled kernels, and with one operation of them run by PyTorch.

Every own operation here is a copy of one of the catalogue, so that both sides compute the same numbers.

    python bench/own_operations.py --networks 20 --programs 50
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from eznas import benchmarks, genomes
from eznas.genomes.tree import TreeSettings
from eznas.ops import reference
from eznas.ops.catalogue import PAPER_OPERATIONS, ShapeRule
from eznas.ops.own import operation, operation_named
from eznas.ops.plan import Plan
from eznas.ops.program import NO_OPERAND, Program, ProgramBuilder
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.evaluator import scores_of_network
from eznas.scoring.kernel_loading import load_kernels
from eznas.statistics.isolation import reproducible_kernels
from eznas.statistics.settings import CollectionSettings
from eznas.terminals import TERMINAL_COUNT

REPEATS = 3


def main() -> None:
    """Print microseconds per program and network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="digits")
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--programs", type=int, default=50)
    arguments = parser.parse_args()
    copies = _copies()
    programs = _programs(arguments.programs, copies)
    first = [_with_copy(program, copies, last=False) for program in programs]
    last = [_with_copy(program, copies, last=True) for program in programs]
    benchmark = benchmarks.load(arguments.benchmark)
    source = BenchmarkStatistics(benchmark, 1, 0, CollectionSettings())
    networks = [source.collect(index) for index in range(arguments.networks)]
    units = np.mean([network.units for network in networks])
    load_kernels()
    print(f"{len(programs)} programs, {len(networks)} networks of {benchmark.name} with {units:.0f} units")
    baseline = _microseconds(programs, networks)
    print(f"compiled: {baseline:.0f} us for each program and network")
    for name, chosen in (("the operation next to the output is one's own", last), ("the first one is", first)):
        taken = _microseconds(chosen, networks)
        print(f"{name}: {taken:.0f} us, {taken / baseline:.1f} times as long")


def _copies() -> dict[int, int]:
    """Register a copy of every element-wise operation and reduction; by the id of the original."""
    copies = {}
    for one in PAPER_OPERATIONS:
        if one.rule in (ShapeRule.BROADCAST, ShapeRule.SCALAR):
            name = f"own_{one.name}"
            operation(name, one.arity, reduces=one.gives_scalar)(reference.REFERENCE[one.name])
            copies[one.id] = operation_named(name).id
    return copies


def _programs(count: int, copies: dict[int, int]) -> list[Program]:
    rng, kind = np.random.default_rng(0), genomes.get("tree")
    programs: dict[Program, None] = {}
    while len(programs) < count:
        program = kind.genome.random(rng, TreeSettings()).compile()
        if program.is_well_formed and sum(node[0] in copies for node in program.nodes) > 1:
            programs[program] = None
    return list(programs)


def _with_copy(program: Program, copies: dict[int, int], *, last: bool) -> Program:
    """The program with its first or last operation that has a copy replaced by that."""
    places = [place for place, node in enumerate(program.nodes) if node[0] in copies]
    chosen = places[-1 if last else 0]
    builder, refs = ProgramBuilder(), list(range(TERMINAL_COUNT))
    for place, (one, *operands) in enumerate(program.nodes):
        arguments = [refs[operand] for operand in operands if operand != NO_OPERAND]
        refs.append(builder.apply(copies[one] if place == chosen else one, *arguments))
    return builder.build(refs[program.output])


def _microseconds(programs: list[Program], networks: list) -> float:
    plan = Plan.of(programs)
    best = np.inf
    with reproducible_kernels():
        for _ in range(REPEATS):
            begun = time.process_time()
            for network in networks:
                scores_of_network(plan, network, "mean", "sum")
            best = min(best, time.process_time() - begun)
    return 1e6 * best / len(programs) / len(networks)


if __name__ == "__main__":
    main()
