"""What a discovery reports: the front of size against fitness, the chosen formula, and how both do elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from eznas.correlation.bootstrap import INTERVAL
from eznas.discovery.archive import Codes, Found
from eznas.discovery.choice import Choice, choose, validation_judgements
from eznas.discovery.codes import to_terms
from eznas.discovery.discovery import Discovery
from eznas.discovery.fitness import Judgement, judge, workspace_for
from eznas.discovery.joining import with_joins
from eznas.discovery.problem import Arrays
from eznas.discovery.sample import BenchmarkSample
from eznas.observer import RunObserver
from eznas.options import Orientation
from eznas.proxies import AnyProxy, Proxy, reference_and_baselines
from eznas.runs.beside import each_once, proxies_beside, seen_beside
from eznas.runs.seen import remembered
from eznas.scoring.detail_format import BEST
from eznas.scoring.network_detail import ranked_networks, scored_networks, unit_contributions
from eznas.scoring.ranking import (
    RANKING_RULE,
    SECOND_DRAW_RULE,
    Estimate,
    Ranking,
    leads,
    rank_networks,
)
from eznas.scoring.rounding import ROUNDING_RULE

Rankings = Mapping[str, Ranking]
"""How a proxy ranks the held-out networks of every benchmark, by its name."""

Leads = Mapping[str, Mapping[str, Estimate]]
"""Held-out tau of a formula minus that of a baseline, with its paired interval: by benchmark, then by baseline."""


@dataclass(frozen=True)
class ReportedFormula:
    """A formula of the front, or the chosen one.

    Attributes:
        proxy: the formula as a proxy, turned so that a higher score is a better network.
        size: its nodes, a feature counting as one.
        training: on the networks that it evolved on.
        validation: on the networks that the choice is made by.
        extremes: its fitness by tau alone and by the top-weighted tau alone, where both were the objective; else ().
        held_out: on networks that took no part.
        leads: over what it is compared with there.
    """

    proxy: Proxy
    size: int
    training: Judgement
    validation: Judgement
    extremes: tuple[float, ...]
    held_out: Rankings
    leads: Leads

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        taus = zip(
            self.held_out,
            _by_benchmark(self.training, list(self.held_out)),
            _by_benchmark(self.validation, list(self.held_out)),
            strict=True,
        )
        return {
            "formula": self.proxy.formula,
            "extensions": list(self.proxy.extensions),
            "orientation": self.proxy.orientation,
            "size": self.size,
            "fitness": self.training.fitness,
            "validation_fitness": self.validation.fitness,
            **({"fitness_by_tau_and_top": list(self.extremes)} if self.extremes else {}),
            "benchmarks": {
                name: {
                    "tau_training": self.training.orientation * training,
                    "tau_validation": self.training.orientation * validation,
                    "held_out": self.held_out[name].figures(),
                    "lead": {other: lead.figures() for other, lead in self.leads[name].items()},
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
        choice: with seeds, how it was chosen, as plain data; else empty.
        other: the formula that it was preferred to, of what evolved and the seeds; None without seeds.
        front: the best formula of every size that is better than all smaller ones.
        beside: what they are compared with on the held-out networks.
        networks: scores of single networks by the chosen formula and what units contribute, the content of
            `networks.json`.
        architectures: what tells the networks of the search again where they are of a table of one's own, see
            `eznas.runs.seen.remembered`.
    """

    chosen: ReportedFormula
    choice: Mapping[str, Any]
    other: ReportedFormula | None
    front: list[ReportedFormula]
    beside: Sequence[tuple[AnyProxy, Rankings]]
    networks: dict[str, Any]
    architectures: Mapping[str, list[str]]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return {
            "chosen": self.chosen.to_dict(),
            **({"choice": dict(self.choice)} if self.choice else {}),
            **({"other": self.other.to_dict()} if self.other else {}),
            "front": [formula.to_dict() for formula in self.front],
            **({"architectures": dict(self.architectures)} if self.architectures else {}),
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


class Turned(NamedTuple):
    """A formula with what the training networks say of it, and as a proxy that is turned accordingly."""

    found: Found
    training: Judgement
    proxy: Proxy


@dataclass(frozen=True)
class Outcome:
    """What a discovery comes to.

    Attributes:
        choice: how the reported formula was chosen.
        chosen: the reported formula.
        other: the one that it was preferred to, of what evolved and the seeds; None without seeds.
        front: the best formula of every size that is better than all smaller ones.
    """

    choice: Choice
    chosen: Turned
    other: Turned | None
    front: list[Turned]


def outcome(discovery: Discovery[Any], *, final: bool = True) -> Outcome:
    """Return the formula that training and validation networks speak for, and the front.

    Args:
        discovery: at any moment.
        final: whether formulas are joined first, and compared with the seeds then, which takes as long as some epochs:
            for the end of a search. Else the best of what evolved is chosen.
    """
    settings, archive = discovery.settings, discovery.archive
    if final:
        archive = with_joins(
            archive,
            settings.joined_terms,
            discovery.training_problem,
            settings.criterion.archive_shares,
            discovery.machine.workers,
        )
    choice = choose(discovery, archive, among_seeds=final)
    others = [] if choice.other is None else [choice.other]
    formulas = [choice.reported, *others, *archive.front]
    chosen, *further = (
        Turned(formula, judgement, proxy_of(formula.codes, judgement.orientation, discovery))
        for formula, judgement in zip(formulas, _judgements(formulas, discovery.training_problem), strict=True)
    )
    return Outcome(choice, chosen, further[0] if others else None, further[len(others) :])


def report(discovery: Discovery[BenchmarkSample], observer: RunObserver | None = None) -> Report:
    """Judge the chosen formula and the front; this is the only place where held-out networks are run.

    Args:
        discovery: which is at its end, or is stopped.
        observer: is told of the networks that are scored.

    Raises:
        EznasError: there are fewer images than a batch, or the device is not there.
    """
    settings = discovery.settings
    if observer is not None and settings.joined_terms > 1:
        observer.phase("joining formulas")
    found = outcome(discovery)
    others = [] if found.other is None else [found.other]
    reported, training, proxies = zip(found.chosen, *others, *found.front, strict=True)
    validation = validation_judgements(reported, discovery)
    compared_with = _compared_with(discovery)
    beside = each_once([*compared_with, *proxies_beside(settings.beside)])
    by_benchmark = {
        sample.benchmark.name: rank_networks(
            [*proxies, *beside],
            sample.benchmark,
            sample.networks.held_out,
            discovery.machine.scoring(settings),
            observer,
            score=discovery.machine.score,
        )
        for sample in discovery.samples
    }
    rankings = [
        {name: of_benchmark[row] for name, of_benchmark in by_benchmark.items()}
        for row in range(len(proxies) + len(beside))
    ]
    ahead = _leads(discovery, by_benchmark, len(proxies), [proxy.name for proxy in compared_with])
    made = [
        ReportedFormula(proxy, one.size, training[row], validation[row], one.extremes, rankings[row], ahead[row])
        for row, (proxy, one) in enumerate(zip(proxies, reported, strict=True))
    ]
    compared = list(zip(beside, rankings[len(proxies) :], strict=True))
    networks = _single_networks(discovery, reported[0], made[0], compared[: len(compared_with)])
    chosen, *further = made
    architectures = remembered((one.benchmark, one.networks.in_search) for one in discovery.samples)
    choice = choice_record(found.choice, discovery)
    seen = {one.benchmark.name: one.validation_seen for one in discovery.samples if one.validation_seen}
    if choice and seen:
        choice["validation_seen_by_seeds"] = seen
    other, front = further[0] if others else None, further[len(others) :]
    return Report(chosen, choice, other, front, compared, networks, architectures)


def choice_record(choice: Choice, discovery: Discovery[Any]) -> dict[str, Any]:
    """Return how the reported formula was chosen, as plain data; empty where no seed was a candidate."""
    settings = discovery.settings
    if choice.seed is None and not choice.too_large:
        return {}
    lead, error = (value if math.isfinite(value) else None for value in (choice.lead, choice.standard_error))
    place = None if choice.seed is None else discovery.seed_codes.index(choice.seed.codes)
    return {
        "reported": "seed" if choice.keeps_seed else "evolved",
        "best_seed": None if place is None else settings.seed_names[place],
        "lead": lead,
        "standard_error": error,
        "margin": settings.seed_margin,
        "validation": settings.validation,
        **({"seeds_too_large": choice.too_large} if choice.too_large else {}),
    }


def protocol(discovery: Discovery[BenchmarkSample]) -> dict[str, Any]:
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
        "objective": settings.objective,
        "given": settings.given,
        "over": list(settings.over),
        "lead_cap": settings.lead_cap,
        "least_share": settings.least_share,
        "draws": settings.draws,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "evolution": settings.evolution,
        "unit": settings.unit,
        "third_pass": settings.third_pass,
        "aggregation": settings.aggregation,
        "operations": settings.operations,
        "terms": settings.terms,
        "joined_terms": settings.joined_terms,
        "nodes": settings.nodes,
        "ranking": RANKING_RULE,
        "interval": INTERVAL,
        "second_draw": SECOND_DRAW_RULE,
        "rounding": ROUNDING_RULE,
        **({"never_held_out": passed_over} if (passed_over := _passed_over(discovery)) else {}),
        **({"beside": " ".join(flattered)} if (flattered := _flattered(discovery)) else {}),
        "device": discovery.machine.device,
    }


def _passed_over(discovery: Discovery[BenchmarkSample]) -> dict[str, int]:
    """Return by benchmark how many networks seed proxies evolved on."""
    return {sample.benchmark.name: sample.passed_over for sample in discovery.samples if sample.passed_over}


def _flattered(discovery: Discovery[BenchmarkSample]) -> list[str]:
    networks = [(sample.benchmark, sample.networks.held_out) for sample in discovery.samples]
    return seen_beside(discovery.settings.beside, networks)


def worst(rankings: Rankings) -> dict[str, Any] | None:
    """Return the benchmark with the least tau, and that tau; None where no tau is defined."""
    taus = {name: ranking.tau.value for name, ranking in rankings.items() if not math.isnan(ranking.tau.value)}
    if not taus:
        return None
    name = min(taus, key=lambda one: taus[one])
    return {"benchmark": name, "tau": taus[name]}


def _by_benchmark(judgement: Judgement, names: Sequence[str]) -> list[float]:
    """Return the tau of each benchmark, the mean over its draws."""
    draws = len(judgement.taus) // len(names)
    return [fmean(judgement.taus[start : start + draws]) for start in range(0, len(judgement.taus), draws)]


def _compared_with(discovery: Discovery[BenchmarkSample]) -> list[AnyProxy]:
    """Return the baselines of every report, and what the formulas were compared with while they evolved."""
    return each_once([*reference_and_baselines(), *discovery.references])


def _leads(
    discovery: Discovery[BenchmarkSample],
    by_benchmark: Mapping[str, Sequence[Ranking]],
    formulas: int,
    compared: Sequence[str],
) -> Sequence[Leads]:
    """Return the leads of every formula, given all rankings by benchmark: of the formulas, then of `compared`."""
    by_formula: list[dict[str, dict[str, Estimate]]] = [{} for _ in range(formulas)]
    for sample in discovery.samples:
        name, rankings = sample.benchmark.name, by_benchmark[sample.benchmark.name]
        accuracies = sample.benchmark.accuracies[sample.networks.held_out]
        others = rankings[formulas:][: len(compared)]
        of_all = leads(rankings[:formulas], others, accuracies, discovery.settings.seed)
        for of_formula, estimates in zip(by_formula, of_all, strict=True):
            of_formula[name] = dict(zip(compared, estimates, strict=True))
    return by_formula


def _single_networks(
    discovery: Discovery[BenchmarkSample],
    found: Found,
    chosen: ReportedFormula,
    beside: Sequence[tuple[AnyProxy, Rankings]],
) -> dict[str, Any]:
    """Return how the chosen formula scores the networks of every benchmark, in the first draw of several."""
    training = _scores_by_sample(discovery, found, discovery.training_problem, chosen.proxy.orientation)
    validation = _scores_by_sample(discovery, found, discovery.validation_problem, chosen.proxy.orientation)
    scoring = discovery.machine.scoring(discovery.settings)
    content = {}
    for sample, of_training, of_validation in zip(discovery.samples, training, validation, strict=True):
        name, held_out = sample.benchmark.name, sample.networks.held_out
        rankings = {BEST: chosen.held_out[name], **{proxy.name: of_proxy[name] for proxy, of_proxy in beside}}
        content[name] = {
            "training": of_training,
            "validation": of_validation,
            "held_out": ranked_networks(sample.benchmark.accuracies[held_out], rankings),
            "units": unit_contributions(chosen.proxy, sample.benchmark, held_out, chosen.held_out[name], scoring),
        }
    return {"benchmarks": content}


def _scores_by_sample(
    discovery: Discovery[BenchmarkSample], found: Found, problem: Arrays, orientation: Orientation
) -> list[dict[str, Any]]:
    work = workspace_for(problem)
    judge(np.array(found.codes, np.int32), problem, work)
    # No negative zero: it would print as such.
    scores = orientation * work.scores + 0.0
    draws = discovery.settings.draws
    bounds = [problem.groups[place * draws : place * draws + 2] for place in range(len(discovery.samples))]
    return [scored_networks(problem.accuracies[start:stop], scores[start:stop]) for start, stop in bounds]


def _judgements(formulas: Sequence[Found], problem: Arrays) -> list[Judgement]:
    work = workspace_for(problem)
    return [judge(np.array(formula.codes, np.int32), problem, work) for formula in formulas]


def proxy_of(codes: Codes, orientation: Orientation, discovery: Discovery[Any]) -> Proxy:
    """Return a formula of a discovery as a proxy that is computed as the search computed it."""
    settings = discovery.settings
    names = [sample.name for sample in discovery.samples]
    first, *further = to_terms(codes, discovery.features)
    return Proxy(
        name=f"{'+'.join(names)}-{settings.seed}-{len(codes)}",
        program=first.program,
        further_terms=tuple(further),
        orientation=orientation,
        unit=settings.unit,
        aggregation=settings.aggregation,
        third_pass=settings.third_pass,
        source=settings.command,
    )
