"""A benchmark of networks that are there already, as PyTorch modules or as functions that make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.network_check import output_count
from eznas.benchmarks.sample_images import sample_images
from eznas.errors import EznasError
from eznas.spaces.foreign import ModuleSpace

if TYPE_CHECKING:
    from torch import nn


def module_benchmark(
    modules: Sequence[nn.Module | Callable[[], nn.Module]] | Mapping[str, nn.Module | Callable[[], nn.Module]],
    accuracies: ArrayLike,
    images: object,
    lower_is_better: bool,
    image_size: int | None,
    name: str,
) -> Benchmark:
    """Return the benchmark of `modules`; see `Benchmark.from_modules`."""
    if not isinstance(modules, Mapping):
        modules = {f"network {number}": module for number, module in enumerate(modules)}
    values = np.asarray(accuracies, dtype=np.float64)
    if values.shape != (len(modules),) or len(modules) == 0:
        raise EznasError(
            f"There are {len(modules)} modules and accuracies of shape {values.shape}: give one number for each module."
        )
    if np.isinf(values).any():
        raise EznasError(
            f"The accuracy of {[*modules][int(np.isinf(values).argmax())]!r} is infinite: give a finite number, or NaN "
            "where it is missing."
        )
    measured = ~np.isnan(values)
    if not measured.any():
        raise EznasError(f"None of the {len(modules)} modules has an accuracy: give at least one.")
    sample = sample_images(images, image_size)
    missing = f"; {(~measured).sum():,} more have no accuracy and are left out" if not measured.all() else ""
    benchmark = Benchmark(
        name=name,
        space=ModuleSpace(modules),
        dataset=sample.dataset,
        architectures=tuple(text for text, has_value in zip(modules, measured, strict=True) if has_value),
        accuracies=-values[measured] if lower_is_better else values[measured],
        accuracy_split="given",
        epochs=None,
        num_classes=1,
        image_size=sample.size,
        read_images=lambda: sample.pixels,
        normalisation=sample.normalisation,
        description=(
            f"{measured.sum():,} modules with accuracies as given"
            f"{', of which lower is better' if lower_is_better else ''}{missing}; images: {sample.source}."
        ),
        source="modules of this Python process",
        lower_is_better=lower_is_better,
    )
    return replace(benchmark, num_classes=output_count(benchmark.build(0), benchmark, 0))
