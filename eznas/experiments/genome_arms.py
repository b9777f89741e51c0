"""The arms of the genome comparison: the ways of selection under which both genomes are evolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

FIRST, SECOND = GENOMES = ("tree", "sequential")


@dataclass(frozen=True)
class Arm:
    """One way of selection.

    Attributes:
        name: for folders and files.
        label: for sentences, after `with`.
        settings: of its runs by key; they win over those of the experiment.
    """

    name: str
    label: str
    settings: Mapping[str, Any]


def _arm(name: str, label: str, selection: str, distinct: str, novelty_retries: int = 0) -> Arm:
    chosen = {"selection": selection, "distinct": distinct, "novelty_retries": novelty_retries}
    return Arm(name, label, chosen)


RETRIES: Final = 20

RANKING: Final = _arm("ranking", "the best of distinct rankings", "parents", "ranking")
NONE: Final = _arm("none", "the best, repeats and all", "parents", "none")
PAPER: Final = _arm("paper", "DEAP's order", "survivors", "none")
"""The selection of the preset `paper`: the arm that curves and figures of effort are shown of."""
RETRYING: Final = _arm("retries", f"DEAP's order and up to {RETRIES} retries", "survivors", "none", RETRIES)
"""As `PAPER`, and a variation is tried again whose program is known already."""

ARMS: Final = (RANKING, NONE, PAPER, RETRYING)
VARIED: Final = tuple(RANKING.settings)
"""The settings that the arms fix."""
