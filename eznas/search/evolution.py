"""Evolution of programs by ask and tell: (mu + lambda), for any kind of genome and any fitness.

`ask` creates a generation and returns the programs that nobody has evaluated yet, `tell` takes what they are worth and
selects. Who evaluates them, and where, is the caller's business: `fitness.Fitness` is one way, a function of the
user's own another.

Source: EZNAS (NeurIPS 2022), appendix 1.7. The initial population is evaluated, then in every generation lambda
offspring come from crossover, mutation or plain reproduction (or fresh at random, if a share is asked for); who breeds
and who survives is the matter of `selection.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from eznas import genomes
from eznas.errors import EznasError
from eznas.genomes.base import Genome, GenomeSettings
from eznas.ops.notation import format_program
from eznas.ops.program import Program
from eznas.search.evaluated import INVALID_FITNESS, Evaluated, best_of_each_ranking
from eznas.search.selection import Individual, Selection
from eznas.search.settings import EvolutionSettings


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """What one generation did. Every field follows from the seed alone, so that a resumed run repeats it.

    Attributes:
        generation: 0 for the initial population.
        individuals: how many individuals were created.
        evaluated: how many distinct programs were new and therefore evaluated.
        repeats: individuals whose program was known already or stood twice in the generation.
        retries: variations that were tried again, because their program was known already.
        invalid: individuals whose program has fitness -1.
        lost: individuals whose program lost a race.
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
    retries: int
    invalid: int
    lost: int
    best: float
    median: float
    best_program: str
    mean_size: float
    mean_live: float
    live_share: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        return asdict(self)


@dataclass
class _Offspring:
    """A generation that is being created, until its fitness is told.

    Attributes:
        known: every program evaluated so far.
        genomes: of the individuals.
        new: the distinct programs among them that `tell` wants the results of.
        retries: variations that were tried again.
    """

    known: Mapping[Program, Evaluated]
    genomes: list[Genome] = field(default_factory=list)
    new: dict[Program, None] = field(default_factory=dict)
    retries: int = 0

    def is_new(self, program: Program) -> bool:
        """Whether nobody has evaluated a program, or is about to."""
        return program not in self.known and program not in self.new

    def add(self, genome: Genome) -> None:
        """Take in an individual."""
        self.genomes.append(genome)
        if self.is_new(genome.program):
            self.new[genome.program] = None


class Evolution:
    """One evolution, advanced generation by generation; its state can be stored and restored at any moment.

    >>> evolution = Evolution(EvolutionSettings(), TreeSettings(), np.random.default_rng(0))
    >>> while not evolution.finished:
    ...     programs = evolution.ask()
    ...     evolution.tell([fitness_of(program) for program in programs])
    >>> evolution.hall_of_fame[0].program
    """

    def __init__(self, settings: EvolutionSettings, genome_settings: GenomeSettings, rng: np.random.Generator) -> None:
        """Set up an evolution before its initial population.

        Args:
            settings: of evolution.
            genome_settings: of the genome kind to evolve, which follows from their class.
            rng: makes every random choice that evolution takes.
        """
        self._settings = settings
        self._genome = genomes.get(genome_settings.kind).genome
        self._genome_settings = genome_settings
        self._selection = Selection.of(settings)
        self._rng = rng
        self._known: dict[Program, Evaluated] = {}
        self._encoded: list[list[Any]] = []  # of those, encoded once: a checkpoint is written in every generation
        self._population: tuple[Individual, ...] = ()
        self._hall_of_fame: tuple[Evaluated, ...] = ()
        self._steps = 0
        self._offspring: _Offspring | None = None

    @property
    def generation(self) -> int:
        """How many steps are done: the initial population is the first."""
        return self._steps

    @property
    def finished(self) -> bool:
        """Whether the initial population and all generations are done."""
        return self._steps > self._settings.generations

    @property
    def population(self) -> tuple[Evaluated, ...]:
        """The programs of the individuals that breed next."""
        return tuple(individual.evaluated for individual in self._population)

    @property
    def hall_of_fame(self) -> tuple[Evaluated, ...]:
        """The best valid programs seen so far, best first, no two of which rank the networks alike."""
        return self._hall_of_fame

    def ask(self) -> tuple[Program, ...]:
        """Create a generation and return its new programs: distinct, none of them asked for before.

        Until they are told, the same programs are returned again.
        """
        if self._offspring is None:
            self._offspring = self._create()
        return tuple(self._offspring.new)

    def tell(self, results: Sequence[Evaluated | float]) -> GenerationRecord:
        """Take what the programs of `ask` are worth, in their order, and select.

        Args:
            results: for each program an `Evaluated` or a number, of which higher is better and NaN means that the
                program is of no use.

        Returns:
            What the generation did.

        Raises:
            EznasError: nothing was asked, or the results are not those of the programs that were.
        """
        offspring = self._offspring
        if offspring is None:
            raise EznasError("There is nothing to be told: call ask() first, and tell() the results of its programs.")
        if len(results) != len(offspring.new):
            raise EznasError(f"{len(results)} results are told of {len(offspring.new)} programs: give one for each.")
        told = [
            result if isinstance(result, Evaluated) else Evaluated.of(program, result)
            for program, result in zip(offspring.new, results, strict=True)
        ]
        if [result.program for result in told] != list(offspring.new):
            raise EznasError("The results told are those of other programs: give them in the order of ask().")
        self._take_in(told)
        created = [Individual(genome, self._known[genome.program]) for genome in offspring.genomes]
        self._population = (
            self._selection.initial(created)
            if self._steps == 0
            else self._selection.survivors(self._population, created, self._rng)
        )
        self._hall_of_fame = best_of_each_ranking([*self._hall_of_fame, *told], self._settings.hall_of_fame)
        self._steps += 1
        self._offspring = None
        return self._record(created, len(told), offspring.retries)

    def _take_in(self, results: Iterable[Evaluated]) -> None:
        """Remember programs that nobody had evaluated before."""
        for result in results:
            self._known[result.program] = result
            self._encoded.append(result.encode())

    def _create(self) -> _Offspring:
        """Draw the initial population, or breed."""
        settings = self._settings
        offspring = _Offspring(self._known)
        fresh = settings.population
        if self._steps > 0:
            fresh = round(settings.random_share * settings.lambda_)
            for _ in range(settings.lambda_ - fresh):
                self._breed(offspring)
        for _ in range(fresh):
            genome = self._genome.random(self._rng, self._genome_settings)
            offspring.add(genome)
        return offspring

    def _breed(self, offspring: _Offspring) -> None:
        """Add one individual: a child of two parents, a mutant or a copy."""
        settings = self._settings
        choice = self._rng.random()
        if choice < settings.crossover:
            vary = self._mate
        elif choice < settings.crossover + settings.mutation:
            vary = self._mutate
        else:
            (parent,) = self._parents(1)
            offspring.add(parent)
            return
        child = vary()
        for _ in range(settings.novelty_retries):
            if offspring.is_new(child.program):
                break
            offspring.retries += 1
            child = vary()
        offspring.add(child)

    def _mate(self) -> Genome:
        first, second = self._parents(2)
        return first.mate(second, self._rng)

    def _mutate(self) -> Genome:
        (parent,) = self._parents(1)
        return parent.mutate(self._rng)

    def _parents(self, count: int) -> list[Genome]:
        return [one.genome for one in self._selection.parents(self._population, count, self._rng)]

    def _record(self, created: Sequence[Individual], evaluated: int, retries: int) -> GenerationRecord:
        best = self._hall_of_fame[0] if self._hall_of_fame else None

        def mean(measure: Callable[[Individual], float]) -> float:
            return float(np.mean([measure(individual) for individual in created]))

        return GenerationRecord(
            generation=self._steps - 1,
            individuals=len(created),
            evaluated=evaluated,
            repeats=len(created) - evaluated,
            retries=retries,
            invalid=sum(not individual.evaluated.is_valid for individual in created),
            lost=sum(individual.evaluated.lost for individual in created),
            best=best.fitness if best else INVALID_FITNESS,
            median=float(np.median([result.fitness for result in self.population])),
            best_program=format_program(best.program) if best else "",
            mean_size=mean(lambda individual: individual.genome.size),
            mean_live=mean(lambda individual: individual.evaluated.program.size),
            live_share=mean(lambda individual: individual.genome.live_share),
        )

    def encode(self) -> dict[str, Any]:
        """Return the whole state as plain data for msgpack; `decode` continues to the identical result."""
        asked = self._offspring
        return {
            "steps": self._steps,
            # As text: the generator's state has integers of 128 bits, which msgpack cannot hold.
            "rng": json.dumps(self._rng.bit_generator.state),
            "known": list(self._encoded),
            "population": [individual.genome.encode() for individual in self._population],
            "hall_of_fame": [result.program.encode() for result in self._hall_of_fame],
            "asked": None
            if asked is None
            else {"genomes": [genome.encode() for genome in asked.genomes], "retries": asked.retries},
        }

    @classmethod
    def decode(cls, data: Mapping[str, Any], settings: EvolutionSettings, genome_settings: GenomeSettings) -> Self:
        """Restore an evolution from what `encode` returned.

        Raises:
            EznasError: `data` is damaged.
        """
        try:
            rng = np.random.default_rng()
            rng.bit_generator.state = json.loads(data["rng"])
            evolution = cls(settings, genome_settings, rng)
            known = evolution._known
            evolution._take_in(map(Evaluated.decode, data["known"]))
            population = evolution._decoded_genomes(data["population"])
            evolution._population = tuple(Individual(genome, known[genome.program]) for genome in population)
            evolution._hall_of_fame = tuple(known[Program.decode(program)] for program in data["hall_of_fame"])
            evolution._steps = int(data["steps"])
            if data["asked"] is not None:
                asked = evolution._offspring = _Offspring(known, retries=int(data["asked"]["retries"]))
                for genome in evolution._decoded_genomes(data["asked"]["genomes"]):
                    asked.add(genome)
        except (KeyError, TypeError, ValueError) as error:
            raise EznasError(
                f"The stored evolution is damaged ({type(error).__name__}: {error}); start a new run."
            ) from error
        return evolution

    def _decoded_genomes(self, encoded: Sequence[object]) -> list[Genome]:
        return [self._genome.decode(one, self._genome_settings) for one in encoded]
