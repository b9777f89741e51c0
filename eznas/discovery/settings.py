"""The settings of a discovery, each stated once."""

from __future__ import annotations

from dataclasses import dataclass, field

from eznas.discovery.codes import MAXIMUM_TERMS
from eznas.discovery.search import SearchSettings
from eznas.errors import EznasError
from eznas.options import Aggregation, Operations, ThirdPass, Unit


@dataclass(frozen=True)
class DiscoverySettings:
    """What a discovery depends on.

    Attributes:
        benchmark: the name of a benchmark, or the path of a table.
        networks: that formulas evolve on.
        validation: networks that the reported formula is chosen by.
        held_out: networks that it is judged on, fewer where there are no more.
        batch_size: images that every network sees.
        seed: of everything that is drawn.
        unit: the three consecutive layers that make a unit.
        third_pass: the third pass as it is, or minus the data pass.
        aggregation: from the units' numbers to a network's score.
        operations: that formulas are made of: the paper's with the extensions, or the paper's alone.
        terms: of a formula, at most; see `eznas.ops.terms`.
        rounds: how often formulas are searched; between two rounds the table grows.
        epochs: of the search in each round, see `SearchSettings.epoch`.
        proposals: features that are tried after each round but the last.
        search: how formulas evolve.
    """

    benchmark: str = "digits"
    networks: int = 200
    validation: int = 100
    held_out: int = 1000
    batch_size: int = 1
    seed: int = 0
    unit: Unit = "R-C-B"
    third_pass: ThirdPass = "perturbed"
    aggregation: Aggregation = "sum"
    operations: Operations = "extended"
    terms: int = 1
    rounds: int = 2
    epochs: int = 30
    proposals: int = 200
    search: SearchSettings = field(default_factory=SearchSettings)

    def __post_init__(self) -> None:
        for name, least in (("networks", 2), ("validation", 2), ("held_out", 0), ("rounds", 1), ("epochs", 1)):
            if getattr(self, name) < least:
                raise EznasError(f"{name} is {getattr(self, name)}; it must be {least} or more.")
        if not 1 <= self.terms <= MAXIMUM_TERMS:
            raise EznasError(f"terms is {self.terms}; it must be from 1 to {MAXIMUM_TERMS}.")
