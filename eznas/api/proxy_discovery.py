"""`eznas.ProxyDiscovery`: the two-level search of `eznas discover` on one's own networks, as an estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from numbers import Real
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from eznas import seeds
from eznas.api.batch import Batch, passes_of
from eznas.api.callbacks import Callback, Generation
from eznas.api.estimator import ProxyEstimator
from eznas.api.found import FoundProxy
from eznas.api.model_scores import checked_weights
from eznas.api.model_source import ModelSource
from eznas.api.models import Models, candidates_of
from eznas.api.random_states import untouched_random_states
from eznas.api.seed_proxies import SeedProxies, seed_texts
from eznas.api.training_networks import checked_accuracies
from eznas.discovery.discovery import Discovery
from eznas.discovery.machine import Machine
from eznas.discovery.result import choice_record, outcome
from eznas.discovery.sample import Sample
from eznas.discovery.search_settings import SearchSettings
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError, shown
from eznas.features.table import FeatureTable
from eznas.options import Aggregation, Objective, Operations, ThirdPass, Unit, Weights
from eznas.runs.settings import parse_memory
from eznas.scoring.kernel_loading import load_kernels
from eznas.setting import did_you_mean
from eznas.statistics.settings import CollectionSettings

_NAME = "models"
_LEAST_PART = 2  # models to evolve on, and models to choose by


class ProxyDiscovery(ProxyEstimator):
    """Searches formulas of a thousand precomputed features for one that ranks networks as their known accuracies do.

    >>> search = eznas.ProxyDiscovery(random_state=0).fit(models, accuracies, inputs=batch)
    >>> search.best_proxy_.formula, search.predict(other_models)

    It computes the standard bank of features for every model once and then tries hundreds of thousands of formulas of
    them, where `ProxySearch` evolves programs of tensor operations. A part of the models is kept for the choice
    among the formulas. The result follows from the models, the accuracies, the inputs and the arguments alone; not
    from threads or memory. Models and global random states stay exactly as they are.

    Attributes:
        best_proxy_: the formula that all models speak for, which `eznas.score` and `eznas.rank` take.
        pareto_front_: of each size the best formula, where it is better than all smaller ones.
        history_: one mapping for each epoch.
        choice_: with `seed_proxies`, whether what evolved or a seed is `best_proxy_`, and by which figures; else empty.
    """

    fitted_names = ("best_proxy_", "pareto_front_", "history_", "choice_")

    def __init__(
        self,
        *,
        epochs: int = DiscoverySettings.epochs,
        rounds: int = DiscoverySettings.rounds,
        terms: int = DiscoverySettings.terms,
        joined_terms: int = DiscoverySettings.joined_terms,
        validation: float = 0.25,
        objective: Objective = "tau",
        operations: Operations = "extended",
        seed_proxies: SeedProxies = (),
        seed_margin: float = DiscoverySettings.seed_margin,
        search_settings: Mapping[str, int | float] | None = None,
        unit: Unit = "R-C-B",
        third_pass: ThirdPass = "perturbed",
        aggregation: Aggregation = "sum",
        weights: Weights = "fresh",
        random_state: int = 0,
        callbacks: Sequence[Callback] = (),
        device: str = "cpu",
        threads: int | None = None,
        memory: str = "1GB",
    ) -> None:
        """Take the arguments as they are; `fit` checks them.

        Args:
            epochs: of the search for formulas in each round.
            rounds: how often formulas are searched; between two rounds new features are tried.
            terms: of a formula that evolves, at most.
            joined_terms: of a formula that joins evolved ones of one term, at most; 1 for none.
            validation: share of the models that the formula is chosen by, and not evolved on.
            objective: `tau` over all models, `top` for tau weighted to the best ones, or `both`.
            operations: `extended`, or those of the `paper` alone.
            seed_proxies: names, files, formulas or loaded proxies that the search starts from. The best of them stays
                the proxy unless what evolved is ahead of it on the models of `validation`, ten or more.
            seed_margin: by more than how many standard errors, see `eznas.discovery.choice`; 0 for any lead.
            search_settings: how formulas evolve, by the names that `SearchSettings` has, such as `islands`.
            unit: the layers of a unit.
            third_pass: its statistics as they are, or minus those of the data pass.
            aggregation: from the units' numbers to the score.
            weights: `fresh` ones from `random_state`, or the models' `own`.
            random_state: the number that all random choices follow from.
            callbacks: called after every epoch, see `eznas.api.callbacks`; one that returns True ends the search.
            device: where models run: `cpu`, `cuda` or `cuda:N`.
            threads: None for one per core.
            memory: for the statistics of models in work, such as `6GB`.
        """
        self.epochs = epochs
        self.rounds = rounds
        self.terms = terms
        self.joined_terms = joined_terms
        self.validation = validation
        self.objective = objective
        self.operations = operations
        self.seed_proxies = seed_proxies
        self.seed_margin = seed_margin
        self.search_settings = search_settings
        self.unit = unit
        self.third_pass = third_pass
        self.aggregation = aggregation
        self.weights = weights
        self.random_state = random_state
        self.callbacks = callbacks
        self.device = device
        self.threads = threads
        self.memory = memory

    def fit(self, models: Models, accuracies: ArrayLike, inputs: Batch) -> Self:
        """Search; after an interruption, the attributes are those of the last whole epoch, before formulas are joined.

        Args:
            models: networks, or functions or classes that make them: a list, or a dictionary with their names.
            accuracies: one number for each, higher for a better network, in the order of the models.
            inputs: the batch that all models see, its shape, or a function that returns it; see `eznas.score`.

        Raises:
            EznasError: an argument is out of its range, the accuracies do not fit the models, or one of the models
                cannot be run.
        """
        self._check_arguments("search_settings")
        weights, memory_bytes = checked_weights(self.weights), parse_memory(self.memory)
        collection = CollectionSettings(self.unit, self.third_pass, self.device)
        with untouched_random_states(), TemporaryDirectory(prefix="eznas-") as folder:
            candidates = candidates_of(models, self.random_state)
            known = checked_accuracies(accuracies, len(candidates))
            settings = self._settings(len(candidates))
            source = ModelSource(candidates, passes_of(inputs, self.random_state), collection, weights)
            order = seeds.generator(self.random_state, "networks").permutation(len(candidates))
            table = FeatureTable(source, order, Path(folder))
            nothing = np.empty((0, len(order)))
            sample = Sample(_NAME, known[order], settings.networks, (table,), (nothing,))
            load_kernels()
            machine = Machine(self.threads, memory_bytes, self.device)
            discovery = Discovery(settings, [sample], machine=machine)
            self.history_: list[dict[str, Any]] = []
            self.choice_: dict[str, Any] = {}
            self.pareto_front_: list[FoundProxy] = []
            self._inputs = inputs
            with self._callbacks_closed_at_the_end():
                while not discovery.is_finished:
                    epoch = discovery.epochs
                    discovery.advance()
                    if discovery.epochs > epoch and self._ends(discovery):
                        break
                self._take_over(discovery, final=True)
        if not self.pareto_front_:
            raise EznasError("No formula ranks these models: give more epochs, or more models.")
        return self

    def _settings(self, models: int) -> DiscoverySettings:
        if not isinstance(self.validation, Real) or not 0 < self.validation < 1:
            raise EznasError(f"validation is {shown(self.validation)}: give a share between 0 and 1, such as 0.25.")
        validation = max(_LEAST_PART, round(self.validation * models))
        if models - validation < _LEAST_PART:
            raise EznasError(
                f"Of {models} models, {validation} are for the choice and {models - validation} to evolve on: give at "
                f"least {2 * _LEAST_PART} models, or a smaller validation."
            )
        return DiscoverySettings(
            benchmarks=(_NAME,),
            networks=models - validation,
            validation=validation,
            held_out=0,
            seed=self.random_state,
            unit=self.unit,
            third_pass=self.third_pass,
            aggregation=self.aggregation,
            objective=self.objective,
            operations=self.operations,
            terms=self.terms,
            joined_terms=self.joined_terms,
            rounds=self.rounds,
            epochs=self.epochs,
            seed_proxies=seed_texts(self.seed_proxies, self.unit, self.third_pass),
            seed_margin=self.seed_margin,
            search=self._search_settings(),
        )

    def _search_settings(self) -> SearchSettings:
        given, names = dict(self.search_settings or {}), [one.name for one in fields(SearchSettings)]
        for name in given:
            if name not in names:
                raise EznasError(f"There is no search setting {name!r}{did_you_mean(name, names)}.")
        return SearchSettings(**given)  # type: ignore[arg-type]  # it checks them itself

    def _ends(self, discovery: Discovery[Sample]) -> bool:
        """Bring the attributes of the fit to the epoch that was done; return whether a callback ends the search."""
        record: dict[str, Any] = {"epoch": discovery.epochs, "formulas_evaluated": discovery.formulas_evaluated}
        best = self._take_over(discovery, final=False)
        if discovery.archive.best is not None:
            record |= {"best": discovery.archive.best.fitness}
        self.history_.append(record)
        return self._told_to_end(Generation(discovery.epochs, self.rounds * self.epochs, best, record))

    def _take_over(self, discovery: Discovery[Sample], *, final: bool) -> FoundProxy | None:
        """Bring the formulas of the fit to what the discovery has found; return the chosen one, None without any."""
        if discovery.archive.best is None:
            return None
        source = f"eznas.ProxyDiscovery, seed {self.random_state}"
        found = outcome(discovery, final=final)
        best, *self.pareto_front_ = [
            FoundProxy(replace(one.proxy, source=source), one.found.fitness, one.found.size)
            for one in (found.chosen, *found.front)
        ]
        self.choice_ = choice_record(found.choice, discovery)
        self.best_proxy_ = best.proxy
        if self.choice_.get("reported") == "seed":
            self.best_proxy_ = replace(best.proxy, source=f"a seed of {source}: {self.choice_['best_seed']}")
        return best
