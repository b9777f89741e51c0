"""How formulas evolve, as settings; apart from the search, so that help texts need no compiled code."""

from __future__ import annotations

from dataclasses import dataclass

from eznas.setting import check_settings, setting


@dataclass(frozen=True)
class SearchSettings:
    """How formulas evolve.

    Attributes:
        islands: populations.
        members: formulas of a population.
        tournament: members that a tournament draws.
        parsimony: what a node costs in fitness when members are selected.
        crossover: share of children of two parents.
        children: that an island makes in an epoch, between two exchanges.
        random_share: share of fresh formulas among the children.
        migrants: formulas that an island takes from another one after an epoch.
        restart_after: epochs without a better formula after which an island starts anew; what it found stays in the
            archive.
    """

    islands: int = setting(8, "populations", minimum=1, maximum=1000)
    members: int = setting(400, "formulas of a population", minimum=1)
    tournament: int = setting(5, "members that a tournament draws", minimum=1)
    parsimony: float = setting(0.002, "what a node costs in fitness when members are selected", maximum=1)
    crossover: float = setting(0.4, "share of children of two parents", maximum=1)
    children: int = setting(4000, "children that an island makes in an epoch", minimum=1)
    random_share: float = setting(0.0, "share of fresh formulas among the children", maximum=1)
    migrants: int = setting(4, "formulas that an island takes from another one after an epoch")
    restart_after: int = setting(15, "epochs without a better formula after which an island starts anew", minimum=1)

    def __post_init__(self) -> None:
        check_settings(self, "search.")
