"""Evolution of programs: (mu + lambda) with tournament parents, for any kind of genome.

Source: EZNAS (NeurIPS 2022), appendix 1.7. The initial population is evaluated, then in every generation lambda
offspring come from crossover, mutation or plain reproduction of tournament winners (or fresh at random, if a share
is asked for), and the best mu distinct programs of parents and offspring survive.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self, get_args

import numpy as np

from eznas.errors import EznasError
from eznas.genomes.base import Genome, GenomeKind, GenomeSettings
from eznas.ops.notation import format_program
from eznas.ops.program import Program
from eznas.options import Distinct
from eznas.search.fitness import INVALID_FITNESS, Evaluated, Fitness


@dataclass(frozen=True, slots=True)
class EvolutionSettings:
    """Settings of evolution; the defaults are the paper's.

    Attributes:
        generations: rounds of offspring after the initial population.
        population: size of the initial population.
        tournament: how many individuals compete to become a parent.
        mu: how many individuals survive a generation.
        lambda_: offspring of each generation.
        crossover: probability that an offspring comes from two parents.
        mutation: probability that it is a mutated parent; the rest is reproduction.
        random_share: share of the offspring that is drawn fresh at random instead, 0 to 1.
        hall_of_fame: how many of the best programs ever seen are kept.
        distinct: of which individuals only the simplest may survive: those of one `ranking` of the networks (default:
            functional repeats would fill the population with one idea under many names), those of one `program`, or
            `none` (every individual for itself).
    """

    generations: int = 15
    population: int = 50
    tournament: int = 4
    mu: int = 25
    lambda_: int = 50
    crossover: float = 0.4
    mutation: float = 0.4
    random_share: float = 0.0
    hall_of_fame: int = 10
    distinct: Distinct = "ranking"

    def __post_init__(self) -> None:
        for name, minimum in (
            ("generations", 0),
            ("population", 1),
            ("tournament", 1),
            ("mu", 1),
            ("lambda_", 1),
            ("hall_of_fame", 1),
        ):
            value = getattr(self, name)
            if value < minimum:
                raise EznasError(f"{name.rstrip('_')} is {value}; it must be {minimum} or more.")
        for name in ("crossover", "mutation", "random_share"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise EznasError(f"{name} is {value}; it is a probability and must lie between 0 and 1.")
        if self.distinct not in get_args(Distinct):
            raise EznasError(f"distinct is {self.distinct!r}; choose one of: {', '.join(get_args(Distinct))}.")
        if self.crossover + self.mutation > 1.0:
            raise EznasError(
                f"crossover {self.crossover} and mutation {self.mutation} add up to more than 1; "
                "lower one of them: the rest is the probability of reproduction."
            )


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """What one generation did. Every field follows from the seed alone, so that a resumed run repeats it.

    Attributes:
        generation: 0 for the initial population.
        individuals: how many individuals were created.
        evaluated: how many distinct programs were new and therefore evaluated.
        repeats: individuals whose program was known already or stood twice in the generation.
        invalid: individuals whose program has fitness -1.
        best: best fitness seen so far.
        median: median fitness of the surviving population.
        best_program: formula of the best program seen so far.
        mean_size: mean size of the created genomes, dead parts included.
        mean_live: mean number of live instructions of their programs.
        live_share: mean share of the created genomes that reaches the output.
    """

    generation: int
    individuals: int
    evaluated: int
    repeats: int
    invalid: int
    best: float
    median: float
    best_program: str
    mean_size: float
    mean_live: float
    live_share: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Individual:
    genome: Genome
    evaluated: Evaluated


class Evolution:
    """One evolution, advanced generation by generation; its state can be stored and restored at any generation."""

    def __init__(
        self,
        settings: EvolutionSettings,
        genome_kind: GenomeKind,
        genome_settings: GenomeSettings,
        fitness: Fitness,
        rng: np.random.Generator,
    ) -> None:
        """Set up an evolution before its initial population; `rng` makes every random choice that it takes."""
        self._settings = settings
        self._kind = genome_kind
        self._genome_settings = genome_settings
        self._fitness = fitness
        self._rng = rng
        self._population: tuple[_Individual, ...] = ()
        self._hall_of_fame: tuple[Evaluated, ...] = ()
        self._steps = 0

    @property
    def generation(self) -> int:
        """How many steps are done: the initial population is the first."""
        return self._steps

    @property
    def finished(self) -> bool:
        """Whether the initial population and all generations are done."""
        return self._steps > self._settings.generations

    @property
    def hall_of_fame(self) -> tuple[Evaluated, ...]:
        """The best valid programs seen so far, best first, no two of which rank the networks alike."""
        return self._hall_of_fame

    def step(self) -> GenerationRecord:
        """Create, evaluate and select one generation."""
        known_before = self._fitness.evaluations
        genomes = self._initial_genomes() if self._steps == 0 else self._offspring()
        evaluated = self._fitness.of([genome.compile() for genome in genomes])
        created = [_Individual(genome, result) for genome, result in zip(genomes, evaluated, strict=True)]
        self._population = self._survivors(created)
        self._hall_of_fame = self._best_programs([*self._hall_of_fame, *evaluated])
        self._steps += 1
        return self._record(created, self._fitness.evaluations - known_before)

    def _initial_genomes(self) -> list[Genome]:
        return [self._random_genome() for _ in range(self._settings.population)]

    def _random_genome(self) -> Genome:
        return self._kind.genome.random(self._rng, self._genome_settings)

    def _offspring(self) -> list[Genome]:
        fresh = round(self._settings.random_share * self._settings.lambda_)
        bred = [self._breed() for _ in range(self._settings.lambda_ - fresh)]
        return bred + [self._random_genome() for _ in range(fresh)]

    def _breed(self) -> Genome:
        choice = self._rng.random()
        if choice < self._settings.crossover:
            return self._tournament().mate(self._tournament(), self._rng)
        if choice < self._settings.crossover + self._settings.mutation:
            return self._tournament().mutate(self._rng)
        return self._tournament()

    def _tournament(self) -> Genome:
        """Draw contestants with replacement; the fittest becomes a parent."""
        contestants = self._rng.integers(len(self._population), size=self._settings.tournament)
        # The population is sorted, so the lowest index is the fittest.
        return self._population[int(contestants.min())].genome

    def _survivors(self, created: Sequence[_Individual]) -> tuple[_Individual, ...]:
        """Select from parents and created individuals, best first: of the initial population all, later the best mu."""
        ranked = sorted((*self._population, *created), key=lambda individual: individual.evaluated.rank_key())
        if self._settings.distinct != "none":
            # Sorted, so that the simplest of each kind comes first and stays.
            kinds: dict[object, _Individual] = {}
            for individual in ranked:
                kinds.setdefault(self._identity(individual.evaluated), individual)
            ranked = list(kinds.values())
        return tuple(ranked if self._steps == 0 else ranked[: self._settings.mu])

    def _identity(self, evaluated: Evaluated) -> object:
        """Return what two copies of one individual have in common; invalid programs are told apart by their nodes."""
        by_ranking = self._settings.distinct == "ranking" and evaluated.is_valid
        return evaluated.ranking if by_ranking else evaluated.program

    def _best_programs(self, candidates: Sequence[Evaluated]) -> tuple[Evaluated, ...]:
        """Return the hall of fame: the simplest program of each of the best rankings."""
        best: dict[str, Evaluated] = {}
        for result in sorted(candidates, key=Evaluated.rank_key):
            if result.is_valid:
                best.setdefault(result.ranking, result)
        return tuple(best.values())[: self._settings.hall_of_fame]

    def _record(self, created: Sequence[_Individual], evaluated: int) -> GenerationRecord:
        best = self._hall_of_fame[0] if self._hall_of_fame else None

        def mean(measure: Callable[[_Individual], float]) -> float:
            return float(np.mean([measure(individual) for individual in created]))

        return GenerationRecord(
            generation=self._steps - 1,
            individuals=len(created),
            evaluated=evaluated,
            repeats=len(created) - evaluated,
            invalid=sum(not individual.evaluated.is_valid for individual in created),
            best=best.fitness if best else INVALID_FITNESS,
            median=float(np.median([individual.evaluated.fitness for individual in self._population])),
            best_program=format_program(best.program) if best else "",
            mean_size=mean(lambda individual: individual.genome.size),
            mean_live=mean(lambda individual: individual.evaluated.program.size),
            live_share=mean(lambda individual: individual.genome.live_share),
        )

    def encode(self) -> dict[str, Any]:
        """Return the whole state as plain data for msgpack; `decode` continues to the identical result."""
        return {
            "steps": self._steps,
            # As text: the generator's state has integers of 128 bits, which msgpack cannot hold.
            "rng": json.dumps(self._rng.bit_generator.state),
            "known": [
                [result.program.encode(), list(result.taus), result.fitness, result.orientation, result.ranking]
                for result in self._fitness.known
            ],
            "population": [individual.genome.encode() for individual in self._population],
            "hall_of_fame": [result.program.encode() for result in self._hall_of_fame],
        }

    @classmethod
    def decode(
        cls,
        data: Mapping[str, Any],
        settings: EvolutionSettings,
        genome_kind: GenomeKind,
        genome_settings: GenomeSettings,
        fitness: Fitness,
    ) -> Self:
        """Restore an evolution from what `encode` returned.

        Raises:
            EznasError: `data` is damaged.
        """
        try:
            rng = np.random.default_rng()
            rng.bit_generator.state = json.loads(data["rng"])
            evolution = cls(settings, genome_kind, genome_settings, fitness, rng)
            known = [
                Evaluated(
                    Program.decode(program), tuple(map(float, taus)), float(value), int(orientation), str(ranking)
                )
                for program, taus, value, orientation, ranking in data["known"]
            ]
            fitness.recall(known)
            by_program = {result.program: result for result in known}
            genomes = [genome_kind.genome.decode(encoded, genome_settings) for encoded in data["population"]]
            evolution._population = tuple(_Individual(genome, by_program[genome.compile()]) for genome in genomes)
            evolution._hall_of_fame = tuple(by_program[Program.decode(program)] for program in data["hall_of_fame"])
            evolution._steps = int(data["steps"])
        except (KeyError, TypeError, ValueError) as error:
            raise EznasError(
                f"The stored evolution is damaged ({type(error).__name__}: {error}); start a new run."
            ) from error
        return evolution
