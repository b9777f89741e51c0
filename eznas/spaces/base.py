"""The interface of a search space: how the text of an architecture becomes a PyTorch network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from eznas.errors import EznasError, in_users_code

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Size:
    """How large a network is.

    Attributes:
        params: trainable parameters.
        flops: FLOPs of one image, a multiplication with its addition being one, see `eznas.spaces.complexity`.
    """

    params: int
    flops: int


class Space(ABC):
    """A set of networks, each named by a text: everything else in eznas handles architectures as plain `str`.

    `build` is all that a space needs. One that eznas is to draw networks from has `random`, too; one that it is to
    search step by step has `neighbours`; one whose texts can be written in several ways, or wrongly, has `check`; one
    whose texts say how large a network is has `network_size`. The name is that of the class if none is given.
    """

    name: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not hasattr(cls, "name"):
            cls.name = cls.__name__

    @abstractmethod
    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network that `architecture` names, freshly initialised by PyTorch's defaults.

        May be called in several threads at once.

        Args:
            architecture: a text that `check` returned.
            num_classes: length of the logits.
            image_size: height and width of the square RGB images, in pixels.

        Returns:
            A module from (batch, 3, image_size, image_size) to logits (batch, num_classes).

        Raises:
            EznasError: the text names no architecture of this space.
        """

    def random(self, rng: np.random.Generator) -> str:  # noqa: ARG002
        """Return the canonical text of one architecture drawn from the space.

        Raises:
            EznasError: the space cannot draw networks.
        """
        raise EznasError(
            f"The space {self.name} cannot draw networks: give it a method `random(self, rng)` that returns the text "
            "of one."
        )

    def neighbours(self, architecture: str) -> list[str]:  # noqa: ARG002
        """Return the canonical texts of all architectures that differ in one choice, always in the same order.

        Args:
            architecture: a text that `check` returned.

        Raises:
            EznasError: the space cannot vary networks.
        """
        raise EznasError(
            f"The space {self.name} cannot vary networks: give it a method `neighbours(self, architecture)` that "
            "returns the texts of those that differ in one choice."
        )

    def mutate(self, architecture: str, rng: np.random.Generator) -> str:
        """Return one of the neighbours, each equally likely.

        Raises:
            EznasError: the space cannot vary networks, or this one has no neighbour.
        """
        neighbours = self.neighbours(architecture)
        if not neighbours:
            raise EznasError(f"{architecture!r:.120} has no neighbour in the space {self.name}: allow more choices.")
        return neighbours[rng.integers(len(neighbours))]

    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`, or raise an `EznasError` that names the text."""
        return architecture.strip()

    def network_size(self, architecture: str, num_classes: int, image_size: int) -> Size | None:  # noqa: ARG002
        """Return how large a network is if its text tells it; None for one that has to be built and counted.

        Args:
            architecture: a text that `check` returned.
            num_classes: as `build` takes it.
            image_size: as `build` takes it.
        """
        return None

    def settings(self) -> dict[str, object]:
        """Return what distinguishes this instance from others of its class, as plain data for records."""
        plain = (str, int, float, bool, type(None))
        return {key: value if isinstance(value, plain) else repr(value) for key, value in vars(self).items()}


def known_size(space: Space, architecture: str, num_classes: int, image_size: int) -> Size | None:
    """Return what `space.network_size` returns, and turn whatever else a user's own does into a sentence.

    Raises:
        EznasError: it raises, or returns something else.
    """
    with in_users_code(
        f"The space {space.name} could not tell the size of {architecture!r:.120}",
        "correct its `network_size`, or leave that out",
    ):
        size: object = space.network_size(architecture, num_classes, image_size)
    if size is not None and not isinstance(size, Size):
        raise EznasError(
            f"`network_size` of the space {space.name} returned {size!r:.80} for {architecture!r:.120}: let it return "
            "an eznas.spaces.base.Size, or None."
        )
    return size


def canonical_text(space: Space, architecture: str) -> str:
    """Return what `space.check` returns, and turn whatever else a user's own `check` does into a sentence.

    Raises:
        EznasError: the text names no architecture, or `check` raises something else or returns no text.
    """
    with in_users_code(
        f"The space {space.name} could not check the architecture {architecture!r:.120}", "correct the text, or `check`"
    ):
        checked: object = space.check(architecture)
    if not isinstance(checked, str):
        raise EznasError(
            f"`check` of the space {space.name} returned {checked!r:.80} for the architecture {architecture!r:.120}: "
            "let it return the text of the architecture, or leave `check` out."
        )
    return checked
