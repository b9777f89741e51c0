"""The settings of a discovery, each stated once."""

from __future__ import annotations

from dataclasses import dataclass, field

from eznas.benchmarks import distinct_names
from eznas.discovery.search import SearchSettings
from eznas.errors import EznasError
from eznas.options import Aggregation, Combine, ThirdPass, Unit


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
        rounds: how often formulas are searched; between two rounds the table grows.
        epochs: of the search in each round, see `SearchSettings.epoch`.
        proposals: features that are tried after each round but the last.
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
    rounds: int = 2
    epochs: int = 30
    proposals: int = 200
    search: SearchSettings = field(default_factory=SearchSettings)

    def __post_init__(self) -> None:
        if not self.benchmarks:
            raise EznasError("benchmarks is empty: name one or more.")
        object.__setattr__(self, "benchmarks", distinct_names(self.benchmarks))
        for name, least in (("networks", 2), ("validation", 2), ("held_out", 0), ("rounds", 1), ("epochs", 1)):
            if getattr(self, name) < least:
                raise EznasError(f"{name} is {getattr(self, name)}; it must be {least} or more.")
