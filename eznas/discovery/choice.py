"""Which formula a discovery reports: the best of what evolved, or a seed formula that it is not ahead of.

A seed formula was not made for these networks, so that what it gives on them is what it gives on others; what evolved
was the best of millions on the training networks. Few validation networks cannot tell luck from worth, and then what
is known to be good stays. A lead that is asked for is counted in standard errors, as in the rule by which Breiman,
Friedman, Olshen and Stone ("Classification and Regression Trees", 1984, section 3.4.3) prefer the smaller tree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from eznas.discovery.archive import Archive, Found
from eznas.discovery.discovery import Discovery
from eznas.discovery.fitness import INVALID, Judgement, judge, workspace_for
from eznas.discovery.lead import Candidates, best, candidates, lead, standard_error

LEAST_NETWORKS: Final = 10
"""Validation networks without which no halving says who is ahead, so that a seed formula stays."""


@dataclass(frozen=True)
class Choice:
    """The two formulas that a discovery chooses between.

    Attributes:
        evolved: the formula that training and validation networks speak for, among all that evolved.
        seed: the one that they speak for among the seed formulas; None without seeds that rank the networks.
        lead: of what evolved over the seeds in fitness, see `lead.lead`; NaN without a seed, or with fewer validation
            networks than `LEAST_NETWORKS`.
        standard_error: of the difference between `evolved` and `seed` on the validation networks; NaN where `lead` is.
        margin: standard errors by which the lead must be larger than zero.
        too_large: seed formulas of more nodes than are reported, which are no candidates.
    """

    evolved: Found
    seed: Found | None = None
    lead: float = math.nan
    standard_error: float = math.nan
    margin: float = 0.0
    too_large: int = 0

    @property
    def keeps_seed(self) -> bool:
        """Whether the seed formula is reported."""
        if self.seed is None or self.seed.codes == self.evolved.codes:
            return self.seed is not None
        return not self.lead > (self.margin * self.standard_error if self.margin > 0 else 0.0)

    @property
    def reported(self) -> Found:
        """The formula that is chosen."""
        return self.seed if self.seed is not None and self.keeps_seed else self.evolved

    @property
    def other(self) -> Found | None:
        """The formula that is not chosen; None without seeds, or where a seed is what evolution ends with."""
        if self.seed is None or self.seed.codes == self.evolved.codes:
            return None
        return self.evolved if self.keeps_seed else self.seed


def choose(discovery: Discovery[Any], archive: Archive, *, among_seeds: bool = True) -> Choice:
    """Return the choice between what evolved and the seeds of a discovery.

    Args:
        discovery: at any moment.
        archive: what evolved, one formula or more.
        among_seeds: whether the seeds are candidates, too.
    """
    settings, validation = discovery.settings, discovery.validation_problem
    networks = settings.networks / settings.validation
    found = archive.formulas
    fitting = [one for one in found if one.size <= settings.nodes] or found[:1]
    of_evolved = candidates([one.codes for one in fitting], discovery)
    row = best(of_evolved, validation, networks)
    evolved = fitting[row]
    if not (among_seeds and discovery.seed_codes):
        return Choice(evolved)
    codes = [one for one in discovery.seed_codes if len(one) <= settings.nodes]
    too_large = len(discovery.seed_codes) - len(codes)
    of_seeds = candidates(codes, discovery)
    ranking = np.flatnonzero(of_seeds.training > INVALID)
    if not len(ranking):
        return Choice(evolved, too_large=too_large)
    of_seeds = Candidates(of_seeds.training[ranking], of_seeds.scores[ranking])
    seed_row = best(of_seeds, validation, networks)
    seed = Found(codes[ranking[seed_row]], float(of_seeds.training[seed_row]))
    ahead = error = math.nan
    if settings.validation >= LEAST_NETWORKS:
        ahead = lead(of_evolved, of_seeds, discovery)
        error = standard_error(np.stack([of_evolved.scores[row], of_seeds.scores[seed_row]]), discovery)
    return Choice(evolved, seed, ahead, error, settings.seed_margin, too_large)


def validation_judgements(formulas: Sequence[Found], discovery: Discovery[Any]) -> list[Judgement]:
    """Return what the validation networks say of formulas that are turned as the training networks have it."""
    training, validation = discovery.training_problem, discovery.validation_problem
    on_training, on_validation = workspace_for(training), workspace_for(validation)
    codes = [np.array(formula.codes, np.int32) for formula in formulas]
    return [judge(one, validation, on_validation, judge(one, training, on_training).orientation) for one in codes]
