"""Which files of the official NDS archive become benchmarks.

The archive holds more sweeps than these: those that vary the learning rate (`_lr-wd`), repeat the training (`_reruns`,
`_rng1` ...) or train the standard families on ImageNet give no benchmark of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Sweep:
    """One official file.

    Attributes:
        stem: its name without `.json`.
        space: the search space of its networks.
        settings: of the space.
    """

    stem: str
    space: str
    settings: dict[str, object] = field(default_factory=dict)

    @property
    def benchmark(self) -> str:
        """The name of the benchmark that the file becomes."""
        return f"nds-{self.stem.lower().replace('_', '-')}"

    @property
    def compact(self) -> str:
        """The compact file, below the data folder."""
        return f"nds/{self.stem}.msgpack"

    @property
    def is_imagenet(self) -> bool:
        """Whether the networks were trained on ImageNet, not on CIFAR-10."""
        return self.stem.endswith("_in")


_CELL_SPACES: Final = {stem: f"nds-{stem.lower()}" for stem in ("DARTS", "ENAS", "PNAS", "NASNet", "Amoeba")}
_STANDARD: Final = {stem: f"nds-{stem.lower()}" for stem in ("ResNet", "ResNeXt-A", "ResNeXt-B", "Vanilla")}

SWEEPS: Final[dict[str, Sweep]] = {
    sweep.benchmark: sweep
    for sweep in (
        *(Sweep(stem, space) for stem, space in _CELL_SPACES.items()),
        *(Sweep(f"{stem}_in", space, {"stem": "imagenet"}) for stem, space in _CELL_SPACES.items()),
        *(Sweep(f"{stem}_fix-w-d", _CELL_SPACES[stem]) for stem in ("DARTS", "ENAS", "PNAS")),
        *(Sweep(stem, space) for stem, space in _STANDARD.items()),
    )
}
"""The official files that are read, by the name of their benchmark."""
