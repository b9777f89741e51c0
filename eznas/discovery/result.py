"""What a discovery reports: the front of size against fitness, the chosen formula, and how both do elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.archive import Found, fitness_on
from eznas.discovery.codes import to_terms
from eznas.discovery.discovery import Discovery
from eznas.discovery.fitness import fitness_of, workspace_for
from eznas.proxies.proxy import Proxy
from eznas.scoring.ranking import Ranking


@dataclass(frozen=True)
class ReportedFormula:
    """A formula of the front, or the chosen one.

    Attributes:
        proxy: the formula as a proxy, turned so that a higher score is a better network.
        size: its nodes, a feature counting as one.
        training: tau on the networks that it evolved on.
        validation: tau on the networks that the choice is made by.
        held_out: tau on networks that took no part; NaN where there are none or one has no score.
        held_out_interval: its 95 % bootstrap interval.
        held_out_top: tau among the most accurate tenth of them.
    """

    proxy: Proxy
    size: int
    training: float
    validation: float
    held_out: float
    held_out_interval: tuple[float, float]
    held_out_top: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "formula": self.proxy.formula,
            "orientation": self.proxy.orientation,
            "size": self.size,
            "training": self.training,
            "validation": self.validation,
            "held_out": self.held_out,
            "held_out_interval": list(self.held_out_interval),
            "held_out_top": self.held_out_top,
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


def report(discovery: Discovery) -> tuple[ReportedFormula, list[ReportedFormula]]:
    """Return the chosen formula and the front; this is the only place where held-out networks are run."""
    settings = discovery.settings
    formulas = discovery.archive.formulas
    on_validation = fitness_on([formula.codes for formula in formulas], discovery.validation_problem)
    chosen = formulas[choose(formulas, on_validation, settings.networks / settings.validation)]
    reported = [chosen, *discovery.archive.front]
    rows = _held_out_scores(discovery, reported)
    made = [
        _reported(discovery, formula, scores, on_validation[formulas.index(formula)])
        for formula, scores in zip(reported, rows, strict=True)
    ]
    return made[0], made[1:]


def _held_out_scores(discovery: Discovery, formulas: Sequence[Found]) -> list[NDArray[np.float64]]:
    """The scores of the held-out networks by each formula; NaN where one of them has none."""
    held_out = discovery.networks.held_out
    if len(held_out) == 0:
        return [np.empty(0)] * len(formulas)
    used = sorted({code for formula in formulas for code in formula.codes if code >= 0})
    row_of = {row: place for place, row in enumerate(used)}
    problem = discovery.problem_of(held_out, [discovery.features[row] for row in used])
    work = workspace_for(problem)
    scores = []
    for formula in formulas:
        codes = np.array([row_of.get(code, code) for code in formula.codes], np.int32)
        works = fitness_of(codes, len(codes), problem, work) > -1.0
        scores.append(work.scores.copy() if works else np.full(len(held_out), np.nan))
    return scores


def _reported(discovery: Discovery, formula: Found, scores: NDArray[np.float64], validation: float) -> ReportedFormula:
    settings = discovery.settings
    accuracies = discovery.benchmark.accuracies[discovery.networks.held_out]
    orientation = discovery.orientation_of(formula)
    ranking = Ranking.of(scores, accuracies, orientation, settings.seed)
    first, *further = to_terms(formula.codes, discovery.features)
    return ReportedFormula(
        proxy=Proxy(
            name=f"{settings.benchmark}-{settings.seed}-{formula.size}",
            program=first.program,
            further_terms=tuple(further),
            orientation=orientation,
            unit=settings.unit,
            aggregation=settings.aggregation,
            third_pass=settings.third_pass,
            source=f"eznas discover --benchmark {settings.benchmark} --seed {settings.seed}",
        ),
        size=formula.size,
        training=formula.fitness,
        validation=validation,
        held_out=ranking.tau.value,
        held_out_interval=(ranking.tau.low, ranking.tau.high),
        held_out_top=ranking.top_decile_tau.value,
    )
