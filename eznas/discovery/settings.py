"""The settings of a discovery, each stated once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from eznas.benchmarks import distinct_names
from eznas.discovery.codes import MAXIMUM_TERMS
from eznas.discovery.search import SearchSettings
from eznas.errors import EznasError
from eznas.ops.terms import parse_terms
from eznas.options import Aggregation, Combine, Operations, ThirdPass, Unit

_LEAST: Final = {
    "networks": 2,
    "validation": 2,
    "held_out": 0,
    "rounds": 1,
    "epochs": 1,
    "patience": 0,
    "max_evaluations": 0,
    "proposals": 0,
}


@dataclass(frozen=True)
class DiscoverySettings:
    """What a discovery depends on.

    Attributes:
        benchmarks: names of benchmarks, or paths of tables; one formula is to serve all of them.
        networks: of each benchmark, that formulas evolve on.
        validation: networks of each that the reported formula is chosen by.
        held_out: networks of each that it is judged on, fewer where there are no more.
        batch_size: images that every network sees.
        seed: of everything that is drawn.
        unit: the three consecutive layers that make a unit.
        third_pass: the third pass as it is, or minus the data pass.
        aggregation: from the units' numbers to a network's score.
        combine: from the taus of several benchmarks to one fitness.
        operations: that formulas are made of: the paper's with the extensions, or the paper's alone.
        terms: of a formula, at most; see `eznas.ops.terms`.
        rounds: how often formulas are searched; between two rounds the table grows.
        epochs: of the search in each round, see `SearchSettings.children`.
        patience: epochs without a better formula after which a round ends early; 0 for none.
        max_evaluations: formulas whose computation ends the search, at the end of an epoch; 0 for no end.
        proposals: features that are tried after each round but the last.
        seed_formulas: that the search starts from, beside random ones, see `seed_formulas.seed_formula`.
        search: how formulas evolve.
    """

    benchmarks: tuple[str, ...] = ("digits",)
    networks: int = 200
    validation: int = 100
    held_out: int = 1000
    batch_size: int = 1
    seed: int = 0
    unit: Unit = "R-C-B"
    third_pass: ThirdPass = "perturbed"
    aggregation: Aggregation = "sum"
    combine: Combine = "minimum"
    operations: Operations = "extended"
    terms: int = 1
    rounds: int = 2
    epochs: int = 30
    patience: int = 0
    max_evaluations: int = 0
    proposals: int = 200
    seed_formulas: tuple[str, ...] = ()
    search: SearchSettings = field(default_factory=SearchSettings)

    def __post_init__(self) -> None:
        if not self.benchmarks:
            raise EznasError("benchmarks is empty: name one or more.")
        object.__setattr__(self, "benchmarks", distinct_names(self.benchmarks))
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise EznasError(f"{name} is {getattr(self, name)}; it must be {least} or more.")
        if not 1 <= self.terms <= MAXIMUM_TERMS:
            raise EznasError(f"terms is {self.terms}; it must be from 1 to {MAXIMUM_TERMS}.")
        for formula in self.seed_formulas:
            self._check_seed(formula)

    def _check_seed(self, formula: str) -> None:
        terms = parse_terms(formula)
        if len(terms) > self.terms:
            raise EznasError(
                f"The seed {formula:.80} has {len(terms)} terms, and formulas may have {self.terms}: give --terms "
                f"{len(terms)}, or another seed."
            )
        extensions = [name for term in terms for name in term.program.extensions]
        if extensions and self.operations == "paper":
            raise EznasError(
                f"The seed {formula:.80} uses {extensions[0]}, which is beyond the paper's operations: give "
                "--operations extended, or another seed."
            )
