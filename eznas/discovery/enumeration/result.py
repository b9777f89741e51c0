"""What an enumeration reports: the best formula of each size and aggregation, and how it does on other networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.codes import to_terms
from eznas.discovery.enumeration.enumeration import Enumeration
from eznas.discovery.enumeration.formulas import AGGREGATIONS, KEPT, MAXIMUM_SIZE
from eznas.observer import RunObserver
from eznas.ops.notation import format_program
from eznas.options import Aggregation
from eznas.proxies import AnyProxy, reference_and_baselines
from eznas.proxies.provenance import MeasuredTau, Provenance
from eznas.proxies.proxy import Proxy
from eznas.runs.seen import remembered
from eznas.scoring.detail_format import BEST
from eznas.scoring.network_detail import ranked_networks, scored_networks, unit_contributions
from eznas.scoring.ranking import Estimate, Ranking, leads, rank_networks


@dataclass(frozen=True)
class BestFormula:
    """The best formula of a size and an aggregation; of several that rank alike the first.

    Attributes:
        proxy: the formula, turned so that a higher score is a better network.
        size: its nodes, a feature counting as one.
        tau: on the networks that all formulas were compared on.
        equals: how many formulas of this size have the very same |tau|.
        is_on_front: whether no formula of this size or smaller, with either aggregation, is better.
        next_best: the |tau| that follow.
    """

    proxy: Proxy
    size: int
    tau: float
    equals: int
    is_on_front: bool
    next_best: tuple[float, ...]

    @property
    def name(self) -> str:
        """What its file is called."""
        return f"size-{self.size}-{self.proxy.aggregation}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "name": self.name,
            "formula": self.proxy.formula,
            "orientation": self.proxy.orientation,
            "aggregation": self.proxy.aggregation,
            "size": self.size,
            "training": self.tau,
            "formulas_of_this_tau": self.equals,
            "next_best": list(self.next_best),
            "on_front": self.is_on_front,
        }


def best_formulas(enumeration: Enumeration) -> list[BestFormula]:
    """Return the best formula of each size and aggregation so far, small ones first."""
    leaders = enumeration.leaders
    best: list[BestFormula] = []
    highest = 0.0
    for size in range(1, MAXIMUM_SIZE + 1):
        of_size = leaders.taus[size - 1, :, 0]
        for place, aggregation in enumerate(AGGREGATIONS):
            if of_size[place] == 0.0:
                continue
            best.append(
                BestFormula(
                    proxy=_proxy(enumeration, size, place, aggregation),
                    size=size,
                    tau=float(of_size[place]),
                    equals=int(leaders.equals[size - 1, place, 0]),
                    is_on_front=bool(place == np.argmax(of_size) and of_size[place] > highest),
                    next_best=tuple(tau for tau in leaders.taus[size - 1, place, 1:KEPT].tolist() if tau > 0),
                )
            )
        highest = max(highest, float(of_size.max()))
    return best


@dataclass(frozen=True)
class Judged:
    """What the networks that formulas were not compared on say of the best ones.

    Attributes:
        validation: how each ranks the validation networks.
        held_out: how each ranks the held-out ones.
        leads: over each baseline there.
        beside: the baselines, with how they rank the held-out networks.
    """

    validation: list[Ranking]
    held_out: list[Ranking]
    leads: list[dict[str, Estimate]]
    beside: list[tuple[AnyProxy, Ranking]]

    def figures(self, place: int) -> dict[str, Any]:
        """Return the figures of the formula at this place as plain data."""
        return {
            "validation": self.validation[place].figures(),
            "held_out": self.held_out[place].figures(),
            "lead": {name: lead.figures() for name, lead in self.leads[place].items()},
        }

    def baselines(self, benchmark: str) -> list[dict[str, Any]]:
        """Return the baselines as plain data."""
        return [
            {"name": proxy.name, **proxy.describe(), "benchmarks": {benchmark: {"held_out": ranking.figures()}}}
            for proxy, ranking in self.beside
        ]


def judge(enumeration: Enumeration, best: Sequence[BestFormula], observer: RunObserver | None = None) -> Judged:
    """Rank the validation networks and the held-out ones, which are run here and nowhere else."""
    settings, benchmark, networks = enumeration.settings, enumeration.benchmark, enumeration.networks
    scoring = enumeration.machine.scoring(settings)
    proxies = [one.proxy for one in best]
    beside = reference_and_baselines()
    validation = rank_networks(proxies, benchmark, networks.validation, scoring, observer, second_draw=False)
    rankings = rank_networks([*proxies, *beside], benchmark, networks.held_out, scoring, observer)
    held_out, compared = rankings[: len(best)], rankings[len(best) :]
    ahead = leads(held_out, compared, benchmark.accuracies[networks.held_out], settings.seed)
    names = [proxy.name for proxy in beside]
    return Judged(
        validation,
        held_out,
        [dict(zip(names, estimates, strict=True)) for estimates in ahead],
        list(zip(beside, compared, strict=True)),
    )


def single_networks(enumeration: Enumeration, best: Sequence[BestFormula], judged: Judged) -> dict[str, Any]:
    """Return scores of single networks by the best formula of the front, the content of `networks.json`."""
    on_front = [place for place, one in enumerate(best) if one.is_on_front]
    if not on_front:
        return {"benchmarks": {}}
    place, benchmark, networks = on_front[-1], enumeration.benchmark, enumeration.networks
    ranking = judged.held_out[place]
    scoring = enumeration.machine.scoring(enumeration.settings)
    rankings = {BEST: ranking, **{proxy.name: of_proxy for proxy, of_proxy in judged.beside}}
    content = {
        "validation": scored_networks(benchmark.accuracies[networks.validation], judged.validation[place].scores),
        "held_out": ranked_networks(benchmark.accuracies[networks.held_out], rankings),
        "units": unit_contributions(best[place].proxy, benchmark, networks.held_out, ranking, scoring),
    }
    return {"benchmarks": {benchmark.name: content}}


def with_figures(proxy: Proxy, enumeration: Enumeration, held_out: Ranking) -> Proxy:
    """Return a proxy whose provenance says how it ranks the held-out networks."""
    if proxy.provenance is None or math.isnan(held_out.tau.value):
        return proxy
    measured = MeasuredTau.of(
        enumeration.benchmark.name,
        len(enumeration.networks.held_out),
        asdict(enumeration.settings),
        held_out.figures(),
    )
    return replace(proxy, provenance=replace(proxy.provenance, taus=(measured,)))


def coverage(enumeration: Enumeration) -> list[str]:
    """Return in sentences what was enumerated, and what was left out."""
    settings, enumerated = enumeration.settings, enumeration.enumerated
    sentences = []
    if enumerated is not None:
        over = f"{len(settings.terminals)} statistics and {len(settings.operations)} operations"
        if enumerated.left_out:
            sentences.append(
                f"Not exhaustive over features: the enumeration was cut at {settings.maximum_features:,} features "
                f"(--maximum-features). It has all programs of depth up to {enumerated.complete_depth} over {over}; "
                f"of depth {enumerated.complete_depth + 1}, {enumerated.left_out:,} programs were not looked at."
            )
        else:
            sentences.append(
                f"All {enumerated.made:,} programs of depth up to {settings.depth} over {over} were looked at; those "
                f"that agree on all units of {settings.sample_networks} networks were taken for one."
            )
    if settings.features != "enumerated":
        sentences.append("The features of the standard bank were taken in.")
    scope = f"of 1 to {MAXIMUM_SIZE} nodes over {len(enumeration.features):,} features"
    if enumeration.is_finished:
        sentences.append(f"All {enumeration.formulas:,} formulas {scope} were compared, by sum and by mean over units.")
    else:
        sentences.append(
            f"Not exhaustive over formulas: stopped after {enumeration.formulas_made:,} of the "
            f"{enumeration.formulas:,} formulas {scope}; the same command goes on."
        )
    return sentences


def content_of(enumeration: Enumeration) -> dict[str, Any]:
    """Return as plain data what is known so far, without validation and held-out networks."""
    networks, enumerated = enumeration.networks, enumeration.enumerated
    leaders = enumeration.leaders
    return {
        "benchmark": enumeration.benchmark.name,
        "description": enumeration.benchmark.description,
        "accuracy": enumeration.benchmark.accuracy_label,
        "seed": enumeration.settings.seed,
        "command": enumeration.settings.command,
        "settings": asdict(enumeration.settings),
        "networks": len(networks.training),
        "validation_networks": len(networks.validation),
        "held_out_networks": len(networks.held_out),
        "finished": enumeration.is_finished,
        "coverage": coverage(enumeration),
        "programs_made": enumerated.made if enumerated else 0,
        "programs_left_out": enumerated.left_out if enumerated else 0,
        "programs_no_feature": enumerated.dropped if enumerated else {},
        "features_dropped": enumeration.dropped,
        "features": len(enumeration.features),
        "formulas": enumeration.formulas,
        "formulas_made": _by_size(leaders.made),
        "formulas_unscored": _by_size(leaders.unscored),
        "best": [one.to_dict() for one in best_formulas(enumeration)],
    }


def _by_size(counts: NDArray[np.int64]) -> dict[str, int]:
    return {str(size): count for size, count in enumerate(counts.tolist(), 1) if count}


def _proxy(enumeration: Enumeration, size: int, place: int, aggregation: Aggregation) -> Proxy:
    settings, leaders = enumeration.settings, enumeration.leaders
    codes = leaders.codes[size - 1, place, 0, :size].tolist()
    program = to_terms(codes, enumeration.features)[0].program
    return Proxy(
        name=format_program(program),
        program=program,
        orientation=-1 if leaders.signs[size - 1, place, 0] < 0 else 1,
        unit=settings.unit,
        aggregation=aggregation,
        third_pass=settings.third_pass,
        source="eznas enumerate",
        note=f"the best formula of {size} nodes by the {aggregation} over units",
        provenance=Provenance(
            command=settings.command,
            seed=settings.seed,
            networks={enumeration.benchmark.name: {"training": settings.networks, "validation": settings.validation}},
            settings=asdict(settings),
            architectures=remembered([(enumeration.benchmark, enumeration.networks.in_search)]),
        ),
    )
