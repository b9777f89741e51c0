"""Settings of evolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, get_args

from eznas.errors import EznasError
from eznas.options import Distinct, Selection
from eznas.setting import check_settings, setting

_MAXIMUM_TOURNAMENT: Final = 10_000  # contestants are drawn at once


@dataclass(frozen=True, slots=True)
class EvolutionSettings:
    """Settings of evolution; the help of each says what it is. What the paper states of them is in `runs/presets.py`.

    Attributes:
        selection: see `Selection`.
        distinct: of which individuals only the simplest may survive: those of one `ranking` of the networks (default:
            functional repeats would fill the population with one idea under many names), those of one `program`, or
            `none` (every individual for itself).
        novelty_retries: variation often gives a program that is known already, above all where much of a genome is
            useless; another try, with parents drawn anew, costs nothing beside an evaluation.

    Raises:
        EznasError: a value is out of its range, or two contradict each other.
    """

    generations: int = setting(100, "rounds of offspring after the initial population")
    population: int = setting(50, "individuals in the initial population", minimum=1)
    selection: Selection = setting(
        "parents",
        "what tournaments select: parents, and the best survive; or survivors, of parents drawn uniformly",
        choices=get_args(Selection),
    )
    tournament: int = setting(4, "individuals that compete in a tournament", minimum=1, maximum=_MAXIMUM_TOURNAMENT)
    mu: int = setting(25, "individuals that survive a generation", minimum=1)
    lambda_: int = setting(50, "offspring of each generation", minimum=1)
    crossover: float = setting(0.4, "probability that an offspring has two parents", maximum=1)
    mutation: float = setting(0.4, "probability that an offspring is a mutated parent", maximum=1)
    novelty_retries: int = setting(
        0, "times that crossover or mutation is tried again when its program is known already", maximum=10_000
    )
    random_share: float = setting(0.0, "share of the offspring that are fresh random programs", maximum=1)
    hall_of_fame: int = setting(10, "best distinct programs that are kept and reported", minimum=1)
    distinct: Distinct = setting(
        "ranking",
        "which repeats do not survive: same ranking of the networks, same program, or none",
        choices=get_args(Distinct),
    )

    def __post_init__(self) -> None:
        check_settings(self)
        # Exact: two decimals that add up to 1 do so in floating point, too.
        if self.crossover + self.mutation > 1.0:
            raise EznasError(
                f"crossover {self.crossover} and mutation {self.mutation} add up to more than 1: "
                "lower one of them, since the rest is the probability of reproduction."
            )
        if self.mu > self.population + self.lambda_:
            raise EznasError(
                f"mu is {self.mu}, but only {self.population} + {self.lambda_} individuals (population + lambda) are "
                "there to survive: lower mu or raise the others."
            )
