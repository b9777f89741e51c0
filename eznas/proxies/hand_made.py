"""Hand-made scores: the baselines that a program is held against, such as the number of parameters.

A score is one class in one file and one line in `HAND_MADE`; it is imported when it is asked for. From then on
`eznas evaluate` takes it, and it stands beside the programs in every report and table.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final

from eznas.errors import EznasError

if TYPE_CHECKING:
    from torch import Tensor, nn

HAND_MADE: Final[dict[str, str]] = {
    "flops": "eznas.proxies.complexity:Flops",
    "params": "eznas.proxies.complexity:Params",
}


class HandMadeProxy(ABC):
    """A score of an untrained network that is no program. Instances are used by many threads at once.

    Attributes:
        name: as given to `eznas evaluate`.
        meaning: what the score is, in one line.
        orientation: +1 where a higher score means a better network, -1 where a lower one does.
        source: where it was published.
        is_baseline: whether it stands in reports and tables that did not ask for it: not if it takes long.
        changes_network: whether it may leave the network otherwise than it found it; then it gets one of its own.
    """

    name: ClassVar[str]
    meaning: ClassVar[str]
    orientation: ClassVar[int] = 1
    source: ClassVar[str]
    is_baseline: ClassVar[bool] = True
    changes_network: ClassVar[bool] = True

    @abstractmethod
    def score(self, network: nn.Module, images: Tensor) -> float:
        """Return the score of one network; NaN where it has none.

        Args:
            network: with fresh weights, in training mode, on the device of the images.
            images: float32 (batch, 3, height, width), normalised as for training.
        """

    def describe(self) -> dict[str, Any]:
        """Return what the score depends on, as plain data."""
        return {"score": self.meaning, "orientation": self.orientation, "source": self.source}


def names() -> tuple[str, ...]:
    """Return the names of all hand-made scores, in alphabetical order."""
    return tuple(sorted(HAND_MADE))


def load(name: str) -> HandMadeProxy:
    """Return a hand-made score.

    Raises:
        EznasError: there is none of this name.
    """
    if name not in HAND_MADE:
        raise EznasError(f"There is no hand-made score called {name!r}: choose one of {', '.join(names())}.")
    module, _, attribute = HAND_MADE[name].partition(":")
    score: HandMadeProxy = getattr(importlib.import_module(module), attribute)()
    return score
