"""The settings with which every network of a benchmark is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass

from eznas.errors import EznasError


@dataclass(frozen=True)
class TrainingSettings:
    """How every network of a benchmark is trained: SGD with Nesterov momentum, a linear warm-up, then a cosine.

    Attributes:
        epochs: passes over the training images.
        batch_size: images per step; a last, smaller batch of an epoch is left out.
        learning_rate: highest learning rate, reached at the end of the warm-up.
        warmup: share of all steps in which the learning rate rises from near zero.
        momentum: of SGD.
        weight_decay: of SGD, on all parameters.
        label_smoothing: share of the target's probability spread over all classes.
    """

    epochs: int = 9
    batch_size: int = 25
    learning_rate: float = 0.05
    warmup: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 5e-4
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 2)):
            if getattr(self, name) < least:
                raise EznasError(f"{name} is {getattr(self, name)}: give {least} or more.")
        if not (self.learning_rate > 0 and math.isfinite(self.learning_rate)):
            raise EznasError(f"learning_rate is {self.learning_rate}: give a positive number.")
        if not 0 <= self.warmup < 1:
            raise EznasError(f"warmup is {self.warmup}: give a share of all steps, from 0 to less than 1.")
