"""What a discovery reports: the front of size against fitness, the chosen formula, and how both do elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eznas.discovery.archive import Codes, Found, fitness_on
from eznas.discovery.codes import to_terms
from eznas.discovery.discovery import Discovery
from eznas.discovery.fitness import Judgement, judge, workspace_for
from eznas.discovery.problem import Arrays
from eznas.observer import RunObserver
from eznas.options import Orientation
from eznas.proxies import REFERENCE, AnyProxy, Proxy, baselines, load
from eznas.scoring.bootstrap import INTERVAL
from eznas.scoring.ranking import RANKING_RULE, SECOND_DRAW_RULE, Ranking, rank_networks
from eznas.scoring.scores import ScoringSettings

Rankings = Mapping[str, Ranking]
"""How a proxy ranks the held-out networks of every benchmark, by its name."""


@dataclass(frozen=True)
class ReportedFormula:
    """A formula of the front, or the chosen one.

    Attributes:
        proxy: the formula as a proxy, turned so that a higher score is a better network.
        size: its nodes, a feature counting as one.
        training: on the networks that it evolved on.
        validation: on the networks that the choice is made by.
        held_out: on networks that took no part.
    """

    proxy: Proxy
    size: int
    training: Judgement
    validation: Judgement
    held_out: Rankings

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        taus = zip(self.held_out, self.training.taus, self.validation.taus, strict=True)
        return {
            "formula": self.proxy.formula,
            "orientation": self.proxy.orientation,
            "size": self.size,
            "fitness": self.training.fitness,
            "validation_fitness": self.validation.fitness,
            "benchmarks": {
                name: {
                    "tau_training": self.training.orientation * training,
                    "tau_validation": self.training.orientation * validation,
                    "held_out": self.held_out[name].figures(),
                }
                for name, training, validation in taus
            },
            "worst": worst(self.held_out),
        }


@dataclass(frozen=True)
class Report:
    """The end of a discovery.

    Attributes:
        chosen: the formula that training and validation networks speak for.
        front: the best formula of every size that is better than all smaller ones.
        beside: what they are compared with on the held-out networks.
    """

    chosen: ReportedFormula
    front: list[ReportedFormula]
    beside: list[tuple[AnyProxy, Rankings]]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "chosen": self.chosen.to_dict(),
            "front": [formula.to_dict() for formula in self.front],
            "baselines": [
                {
                    "name": proxy.name,
                    **proxy.describe(),
                    "benchmarks": {name: {"held_out": ranking.figures()} for name, ranking in rankings.items()},
                    "worst": worst(rankings),
                }
                for proxy, rankings in self.beside
            ],
        }


def choose(formulas: Sequence[Found], validation: Sequence[float], networks: float) -> int:
    """Return which formula to report: the best one on training and validation networks together.

    Args:
        formulas: candidates.
        validation: their fitness on the validation networks.
        networks: the training networks, for each validation network.
    """
    merits = [networks * formula.fitness + other for formula, other in zip(formulas, validation, strict=True)]
    return int(np.argmax(merits))


def report(discovery: Discovery, observer: RunObserver | None = None) -> Report:
    """Judge the chosen formula and the front; this is the only place where held-out networks are run.

    Args:
        discovery: which is at its end, or is stopped.
        observer: is told of the networks that are scored.

    Raises:
        EznasError: there are fewer images than a batch, or the device is not there.
    """
    settings, machine = discovery.settings, discovery.machine
    formulas = discovery.archive.formulas
    on_validation = fitness_on([formula.codes for formula in formulas], discovery.validation_problem)
    chosen = formulas[choose(formulas, on_validation, settings.networks / settings.validation)]
    reported = [chosen, *discovery.archive.front]
    training = _judgements(reported, discovery.training_problem)
    validation = _judgements(reported, discovery.validation_problem)
    proxies = [
        _proxy_of(formula.codes, judgement.orientation, discovery)
        for formula, judgement in zip(reported, training, strict=True)
    ]
    beside: list[AnyProxy] = [load(REFERENCE), *baselines()]
    scoring = ScoringSettings(
        settings.batch_size, settings.seed, machine.device, discovery.threads, machine.memory_bytes
    )
    by_benchmark = {
        sample.benchmark.name: rank_networks(
            [*proxies, *beside], sample.benchmark, sample.networks.held_out, scoring, observer
        )
        for sample in discovery.samples
    }
    rankings = [
        {name: of_benchmark[row] for name, of_benchmark in by_benchmark.items()}
        for row in range(len(proxies) + len(beside))
    ]
    made = [
        ReportedFormula(proxy, formula.size, on_training, on_validation, of_proxy)
        for proxy, formula, on_training, on_validation, of_proxy in zip(
            proxies, reported, training, validation, rankings[: len(proxies)], strict=True
        )
    ]
    return Report(made[0], made[1:], list(zip(beside, rankings[len(proxies) :], strict=True)))


def protocol(discovery: Discovery) -> dict[str, Any]:
    """Return what the figures of the report depend on, as plain data."""
    settings = discovery.settings
    return {
        "benchmarks": {
            sample.benchmark.name: {
                "description": sample.benchmark.description,
                "accuracy": sample.benchmark.accuracy_label,
                "held_out": len(sample.networks.held_out),
            }
            for sample in discovery.samples
        },
        "networks": settings.networks,
        "validation": settings.validation,
        "combine": settings.combine,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "unit": settings.unit,
        "third_pass": settings.third_pass,
        "aggregation": settings.aggregation,
        "operations": settings.operations,
        "terms": settings.terms,
        "ranking": RANKING_RULE,
        "interval": INTERVAL,
        "second_draw": SECOND_DRAW_RULE,
        "device": discovery.machine.device,
    }


def worst(rankings: Rankings) -> dict[str, Any] | None:
    """Return the benchmark with the least tau, and that tau; None where no tau is defined."""
    taus = {name: ranking.tau.value for name, ranking in rankings.items() if not math.isnan(ranking.tau.value)}
    if not taus:
        return None
    name = min(taus, key=lambda one: taus[one])
    return {"benchmark": name, "tau": taus[name]}


def _judgements(formulas: Sequence[Found], problem: Arrays) -> list[Judgement]:
    work = workspace_for(problem)
    return [judge(np.array(formula.codes, np.int32), problem, work) for formula in formulas]


def _proxy_of(codes: Codes, orientation: Orientation, discovery: Discovery) -> Proxy:
    settings = discovery.settings
    names = [sample.benchmark.name for sample in discovery.samples]
    first, *further = to_terms(codes, discovery.features)
    return Proxy(
        name=f"{'+'.join(names)}-{settings.seed}-{len(codes)}",
        program=first.program,
        further_terms=tuple(further),
        orientation=orientation,
        unit=settings.unit,
        aggregation=settings.aggregation,
        third_pass=settings.third_pass,
        source=f"eznas discover {' '.join(f'--benchmark {name}' for name in names)} --seed {settings.seed}",
    )
