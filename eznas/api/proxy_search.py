"""`eznas.ProxySearch`: evolve a proxy on one's own networks, in the manner of an estimator of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self, get_args

from numpy.typing import ArrayLike

from eznas import seeds
from eznas.api.batch import Batch, digest_of, passes_of
from eznas.api.callbacks import Callback, Generation
from eznas.api.estimator import ProxyEstimator
from eznas.api.found import FoundProxy, pareto_front
from eznas.api.model_scores import checked_weights
from eznas.api.models import Models, candidates_of
from eznas.api.random_states import untouched_random_states
from eznas.api.training_networks import TrainingNetworks, checked_accuracies
from eznas.errors import EznasError, shown
from eznas.options import Aggregation, Rounding, ThirdPass, ToScalar, Unit, Weights
from eznas.proxies import Proxy
from eznas.runs.settings import genome_settings_of, parse_memory
from eznas.scoring.batched_evaluator import evaluator_on
from eznas.scoring.kernel_loading import load_kernels
from eznas.search.evaluated import Evaluated
from eznas.search.evolution import Evolution
from eznas.search.fitness import Fitness, RankedNetworks
from eznas.search.settings import EvolutionSettings
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.workers import checked_threads

_DEFAULTS: Final = EvolutionSettings()


@dataclass(frozen=True)
class _Fitted:
    """What a later fit with warm start goes on from, and what that depends on."""

    evolution: Evolution
    depends_on: tuple[object, ...]


class ProxySearch(ProxyEstimator):
    """Evolves a proxy that ranks networks as their known accuracies do.

    >>> search = eznas.ProxySearch(generations=20, random_state=0).fit(models, accuracies, inputs=batch)
    >>> search.best_proxy_.formula, search.predict(other_models)

    The result follows from the models, the accuracies, the inputs and the arguments alone; not from threads or memory.
    Models and global random states stay exactly as they are.

    Attributes:
        best_proxy_: the best proxy, which `eznas.score` and `eznas.rank` take.
        hall_of_fame_: the best ones, no two of which rank the networks alike, best first.
        pareto_front_: of all programs that were evaluated, those better than all that are not larger.
        history_: one mapping for each generation.
    """

    fitted_names = ("best_proxy_", "hall_of_fame_", "pareto_front_", "history_")

    def __init__(
        self,
        genome: str = "tree",
        *,
        generations: int = _DEFAULTS.generations,
        population: int = _DEFAULTS.population,
        mu: int = _DEFAULTS.mu,
        lambda_: int = _DEFAULTS.lambda_,
        genome_settings: Mapping[str, Any] | None = None,
        unit: Unit = "R-C-B",
        third_pass: ThirdPass = "perturbed",
        to_scalar: ToScalar = "mean",
        aggregation: Aggregation = "sum",
        rounding: Rounding = "accepted",
        weights: Weights = "fresh",
        random_state: int = 0,
        warm_start: bool = False,
        callbacks: Sequence[Callback] = (),
        device: str = "cpu",
        threads: int | None = None,
        memory: str = "2GB",
    ) -> None:
        """Take the arguments as they are; `fit` checks them.

        Args:
            genome: how evolution represents a program: `tree`, `sequential` or `feature-tree`.
            generations: rounds of offspring after the initial population.
            population: programs in the initial population.
            mu: that survive a generation.
            lambda_: offspring of each generation.
            genome_settings: settings of the genome by name; `eznas genome list` shows them.
            unit: the layers of a unit.
            third_pass: its statistics as they are, or minus those of the data pass.
            to_scalar: from a program's output to one number per unit.
            aggregation: from the units' numbers to the score.
            rounding: what becomes of a program that would be among the best and is partly rounding.
            weights: `fresh` ones from `random_state`, or the models' `own`.
            random_state: the number that all random choices follow from.
            warm_start: whether a further `fit` with the same models goes on, up to `generations` in all.
            callbacks: called after every generation, see `eznas.api.callbacks`; one that returns True ends the search.
            device: where models run: `cpu`, `cuda` or `cuda:N`.
            threads: None for one per core.
            memory: for statistics, such as `6GB`.
        """
        self.genome = genome
        self.generations = generations
        self.population = population
        self.mu = mu
        self.lambda_ = lambda_
        self.genome_settings = genome_settings
        self.unit = unit
        self.third_pass = third_pass
        self.to_scalar = to_scalar
        self.aggregation = aggregation
        self.rounding = rounding
        self.weights = weights
        self.random_state = random_state
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.device = device
        self.threads = threads
        self.memory = memory

    def fit(self, models: Models, accuracies: ArrayLike, inputs: Batch) -> Self:
        """Evolve; after an interruption, the attributes are those of the last whole generation.

        Args:
            models: networks, or functions or classes that make them: a list, or a dictionary with their names.
            accuracies: one number for each, higher for a better network, in the order of the models.
            inputs: the batch that all models see, its shape, or a function that returns it; see `eznas.score`.

        Raises:
            EznasError: an argument is out of its range, the accuracies do not fit the models, or no model can be
                scored.
        """
        self._check_arguments("genome_settings")
        if not isinstance(self.genome, str):
            raise EznasError(f"genome is {shown(self.genome)}: give its name, such as tree.")
        genome_settings = genome_settings_of(self.genome, self.genome_settings or {})
        settings = EvolutionSettings(
            generations=self.generations, population=self.population, mu=self.mu, lambda_=self.lambda_
        )
        collection = CollectionSettings(self.unit, self.third_pass, self.device)
        memory_bytes, threads = parse_memory(self.memory), checked_threads(self.threads)
        if self.to_scalar not in get_args(ToScalar):
            raise EznasError(f"to_scalar is {shown(self.to_scalar)}: choose {' or '.join(get_args(ToScalar))}.")
        with untouched_random_states():
            candidates = candidates_of(models, self.random_state)
            ranked = RankedNetworks.of(checked_accuracies(accuracies, len(candidates)))
            passes = passes_of(inputs, self.random_state)
            networks = TrainingNetworks(candidates, passes, collection, checked_weights(self.weights))
            depends_on = (
                self.genome,
                genome_settings,
                replace(settings, generations=0),
                collection,
                self.to_scalar,
                self.aggregation,
                self.rounding,
                self.weights,
                self.random_state,
                tuple(one.name for one in candidates),
                ranked.accuracies.tobytes(),
                digest_of(passes.data),
            )
            evolution = self._evolution(settings, genome_settings, depends_on)
            load_kernels()
            with networks.store(memory_bytes, threads) as store:
                evaluator = evaluator_on(self.device, store, self.to_scalar, self.aggregation, threads)
                fitness = Fitness(evaluator, [ranked], rounding=self.rounding)
                self._inputs = inputs
                with self._callbacks_closed_at_the_end():
                    while not evolution.finished:
                        told = fitness.of(evolution.ask(), evolution.hall_of_fame, settings.hall_of_fame)
                        networks.check()
                        record = evolution.tell(told).to_dict()
                        self._take(evolution, told, record, depends_on)
                        if self._call(record):
                            break
        if not self.hall_of_fame_:
            raise EznasError("No program ranks these models: give evolution more generations, or more models.")
        return self

    def _evolution(
        self, settings: EvolutionSettings, genome_settings: Any, depends_on: tuple[object, ...]
    ) -> Evolution:
        fitted: _Fitted | None = self.__dict__.get("_fitted")
        if self.warm_start and fitted is not None:
            if fitted.depends_on != depends_on:
                raise EznasError(
                    "With warm_start, fit goes on with the same models, accuracies, inputs and arguments, and one of "
                    "them is another than before: fit without warm_start."
                )
            return Evolution.decode(fitted.evolution.encode(), settings, genome_settings)
        self.history_: list[dict[str, Any]] = []
        self.hall_of_fame_: list[FoundProxy] = []
        self.pareto_front_: list[FoundProxy] = []
        return Evolution(settings, genome_settings, seeds.generator(self.random_state, "evolution"))

    def _take(
        self,
        evolution: Evolution,
        told: Sequence[Evaluated],
        record: dict[str, Any],
        depends_on: tuple[object, ...],
    ) -> None:
        """Bring the attributes of the fit to the generation that was just told."""
        self.history_.append(record)
        self.pareto_front_ = pareto_front([*self.pareto_front_, *(self._found(one) for one in told if one.is_valid)])
        self.hall_of_fame_ = [self._found(one) for one in evolution.hall_of_fame]
        if self.hall_of_fame_:
            self.best_proxy_ = self.hall_of_fame_[0].proxy
        self._fitted = _Fitted(evolution, depends_on)

    def _found(self, one: Evaluated) -> FoundProxy:
        proxy = Proxy(
            name=f"{self.genome}-{self.random_state}-{one.program.digest[:8]}",
            program=one.program,
            orientation=1 if one.orientation > 0 else -1,
            unit=self.unit,
            to_scalar=self.to_scalar,
            aggregation=self.aggregation,
            third_pass=self.third_pass,
            source=f"eznas.ProxySearch, seed {self.random_state}",
        )
        return FoundProxy(proxy, one.fitness, one.program.size)

    def _call(self, record: dict[str, Any]) -> bool:
        best = self.hall_of_fame_[0] if self.hall_of_fame_ else None
        return self._told_to_end(Generation(record["generation"], self.generations, best, record))
