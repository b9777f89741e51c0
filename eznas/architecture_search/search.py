"""One search: from candidates, a strategy and a proxy to the architectures that the proxy likes best."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from eznas import seeds
from eznas.architecture_search.candidates import Candidates
from eznas.architecture_search.scorer import Scorer
from eznas.architecture_search.strategies import STRATEGIES
from eznas.errors import EznasError
from eznas.observer import RunObserver, SilentObserver
from eznas.options import Strategy
from eznas.spaces.base import Size

_PROPOSALS_WITHOUT_NEWS: Final = 2_000
"""So many proposals in a row that are known already, or not allowed, end a search."""


@dataclass(frozen=True)
class Limits:
    """How large a network may be.

    Attributes:
        max_params: trainable parameters; None for any number.
        max_flops: FLOPs of one image; None for any number.
    """

    max_params: int | None = None
    max_flops: int | None = None

    @property
    def are_none(self) -> bool:
        """Whether every size is allowed."""
        return self.max_params is None and self.max_flops is None

    def allow(self, size: Size | None) -> bool:
        """Return whether a network of this size may be taken; None is one that cannot be built."""
        return size is not None and (
            (self.max_params is None or size.params <= self.max_params)
            and (self.max_flops is None or size.flops <= self.max_flops)
        )

    def __str__(self) -> str:
        """Return the limits in words."""
        parts = [
            f"{number:,} {name}"
            for number, name in ((self.max_params, "parameters"), (self.max_flops, "FLOPs"))
            if number is not None
        ]
        return f"at most {' and '.join(parts)}" if parts else "any size"


@dataclass(frozen=True)
class SearchSettings:
    """What a search is to do.

    Attributes:
        strategy: how it goes on.
        networks: how many different networks it may score.
        seconds: after which it ends, if it did not before; None for no limit. With one, the result depends on the
            machine.
        limits: how large a network may be.
        seed: of the search; that of weights and images is the scorer's.
    """

    strategy: Strategy = "evolution"
    networks: int = 100
    seconds: float | None = None
    limits: Limits = Limits()
    seed: int = 0

    def record(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {
            "strategy": self.strategy,
            "networks": self.networks,
            "seconds": self.seconds,
            "max_params": self.limits.max_params,
            "max_flops": self.limits.max_flops,
            "search_seed": self.seed,
        }


@dataclass(frozen=True)
class Found:
    """What a search scored.

    Attributes:
        architectures: in the order in which they were met.
        scores: of each, higher for a better one; minus infinity where it has none.
    """

    architectures: tuple[str, ...]
    scores: tuple[float, ...]

    def best(self, count: int) -> list[int]:
        """Return the positions of the best, the best first; of equal ones the first that was met."""
        order = np.argsort(-np.array(self.scores), kind="stable")
        return [int(position) for position in order[:count] if np.isfinite(self.scores[position])]

    def picks(self) -> list[int]:
        """Return, after each network, the position of the best so far."""
        best = 0
        picks: list[int] = []
        for position, score in enumerate(self.scores):
            best = position if score > self.scores[best] else best
            picks.append(best)
        return picks


def search(
    candidates: Candidates,
    scorer: Scorer,
    settings: SearchSettings,
    observer: RunObserver | None = None,
) -> Found:
    """Search until the budget is used up.

    What the scorer knows already counts as scored anew, so that a search that is run again is the same search.

    Args:
        candidates: where architectures are from.
        scorer: of the proxy that decides.
        settings: what to do.
        observer: is told of every network that is scored.

    Raises:
        EznasError: the space lacks what the strategy needs, or no network keeps the limits.
    """
    rng = seeds.generator(settings.seed, "architectures")
    if settings.strategy != "random":
        candidates.check_neighbours(rng)
    observer = observer or SilentObserver()
    observer.phase("searching", settings.networks)
    known: dict[str, float] = {}
    end = np.inf if settings.seconds is None else time.monotonic() + settings.seconds
    steps = STRATEGIES[settings.strategy](candidates, rng)
    architecture, without_news = next(steps), 0
    while len(known) < settings.networks and time.monotonic() < end and without_news < _PROPOSALS_WITHOUT_NEWS:
        answer = known.get(architecture)
        without_news += 1
        if answer is None and (settings.limits.are_none or settings.limits.allow(scorer.size(architecture))):
            answer = known[architecture] = scorer.score(architecture)
            observer.advance()
            without_news = 0
        architecture = steps.send(answer)
    scorer.write()
    if not any(np.isfinite(score) for score in known.values()):
        reason = f" {scorer.reason}" if scorer.reason else ""
        raise EznasError(
            f"The search found no network of {settings.limits} with a score among {max(len(known), without_news):,} "
            f"proposals: raise the limits, the budget, or take another proxy.{reason}"
        )
    return Found(tuple(known), tuple(known.values()))
