"""What a hand-made proxy is: a network, its inputs and targets, and a random generator give one number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from eznas.proxies.hand_made.probe import Inputs, Probe
    from eznas.spaces.base import Size


class HandMadeProxy(ABC):
    """A published score of an untrained network that is no program. Instances are used by many threads at once.

    A score is taken with the weights that the network has: whoever wants fresh ones initialises it before.

    Attributes:
        name: as given to `eznas evaluate`.
        meaning: what the score is, in one line.
        orientation: +1 where a higher score means a better network, -1 where a lower one does.
        source: where it was published.
        is_baseline: whether it stands in reports and tables that did not ask for it.
        reads_weights: whether the score depends on the numbers in the weights, and not on their shapes alone.
        images: how many images it sees, by its paper unless another number was given.
    """

    name: ClassVar[str]
    meaning: ClassVar[str]
    orientation: ClassVar[int] = 1
    source: ClassVar[str]
    is_baseline: ClassVar[bool] = False
    reads_weights: ClassVar[bool] = True
    images: int = 1

    def __init__(self, images: int | None = None) -> None:
        """Take the paper's number of images, or another one."""
        if images is not None:
            self.images = images

    def score(
        self, network: nn.Module, inputs: Inputs, rng: np.random.Generator, targets: Tensor | None = None
    ) -> float:
        """Return the score of a network, which is left as it was; NaN or an infinity where it has none.

        The network keeps its weights, buffers, gradients, mode and hooks, and the global random states stay as they
        are. The result depends on the network, the inputs, the targets and the state of `rng` alone.

        Args:
            network: any module.
            inputs: what it is called with: a tensor, a sequence of positional arguments, or a mapping of named ones;
                on the device of the network. Images are float32 (batch, 3, height, width), normalised as for training.
            rng: of the noise, the targets that are not given, and layers such as dropout.
            targets: classes, int64 (batch,), or one more axis of tokens; None to draw them.

        Raises:
            EznasError: the network cannot be run so, or has nothing that the proxy measures.
        """
        # Here, because the proxies are listed without loading PyTorch.
        from eznas.proxies.hand_made.probe import Probe

        with Probe.of(network, inputs, rng, targets) as probe:
            return self.measure(probe)

    @abstractmethod
    def measure(self, probe: Probe) -> float:
        """Return the score of the network in a probe; NaN or an infinity where it has none."""

    def of_size(self, size: Size) -> float | None:  # noqa: ARG002
        """Return the score of a network of this size, for 3 x side x side images; None where more decides it."""
        return None

    def describe(self) -> dict[str, Any]:
        """Return what the score depends on, as plain data."""
        return {
            "score": self.meaning,
            "orientation": self.orientation,
            "source": self.source,
            "images": self.images,
        }
