"""The interface of a search space: how the text of an architecture becomes a PyTorch network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from torch import nn


class Space(ABC):
    """A set of networks, each named by a text: everything else in eznas handles architectures as plain `str`.

    A space of your own subclasses this, in a module that can be imported, and is given to the command line as
    `module:attribute`. Instances are sent to worker processes, so they must pickle.
    """

    name: ClassVar[str]

    @abstractmethod
    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return the network that `architecture` names, freshly initialised by PyTorch's defaults.

        Args:
            architecture: a text that `check` accepts.
            num_classes: length of the logits.
            image_size: height and width of the square RGB images, in pixels.

        Returns:
            A module from (batch, 3, image_size, image_size) to logits (batch, num_classes).

        Raises:
            EznasError: the text names no architecture of this space.
        """

    @abstractmethod
    def random(self, rng: np.random.Generator) -> str:
        """Return the canonical text of one architecture drawn from the space."""

    @abstractmethod
    def check(self, architecture: str) -> str:
        """Return the canonical text of `architecture`, or raise an `EznasError` that names the text."""

    def settings(self) -> dict[str, object]:
        """Return what distinguishes this instance from others of its class, as plain data for records."""
        plain = (str, int, float, bool, type(None))
        return {key: value if isinstance(value, plain) else repr(value) for key, value in vars(self).items()}
