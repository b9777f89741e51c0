"""Build one network of a benchmark and run it, so that a mistake in a space is found before a run begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError, described
from eznas.options import Unit

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class NetworkCheck:
    """What one network is like.

    Attributes:
        architecture: its text.
        outputs: length of its logits.
        units: how many units of each kind it has; 0 for a kind that it lacks.
    """

    architecture: str
    outputs: int
    units: dict[Unit, int]


def check_network(benchmark: Benchmark, index: int) -> NetworkCheck:
    """Build the network at `index`, run it forward and backward on one batch, and count its units.

    Raises:
        EznasError: it cannot be built or run, or has no unit of any kind.
    """
    from eznas.statistics.collect import CollectionSettings, collect, make_inputs

    network = benchmark.build(index)
    outputs = output_count(network, benchmark, index)
    inputs = make_inputs(_images(benchmark), seed=0)
    units: dict[Unit, int] = {}
    reasons: list[EznasError] = []
    for kind in get_args(Unit):
        try:
            found = collect(network, inputs, CollectionSettings(unit=kind), name=benchmark.architectures[index])
            units[kind] = len(found.offsets)
        except EznasError as reason:
            units[kind] = 0
            reasons.append(reason)
    if len(reasons) == len(units):
        raise reasons[0]
    return NetworkCheck(benchmark.architectures[index], outputs, units)


def output_count(network: nn.Module, benchmark: Benchmark, index: int) -> int:
    """Return how many numbers the network at `index` gives for an image; the network stays as it is.

    Raises:
        EznasError: it cannot be run on the images, or gives no tensor.
    """
    import torch

    from eznas.statistics.outputs import tensors_of

    called = f"Network {index} of {benchmark.name}, {benchmark.architectures[index]},"
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        with torch.no_grad():
            outputs = list(tensors_of(network(_images(benchmark))))
    except Exception as error:  # a network may be the user's own code
        raise EznasError(
            f"{called} cannot be run on images of {benchmark.image_size}x{benchmark.image_size} pixels "
            f"({described(error)}): correct the network, or choose another image size."
        ) from error
    finally:
        for module, training in modes:
            module.training = training
    if not outputs:
        raise EznasError(f"{called} gives no tensor: let it give logits of shape (images, classes).")
    return int(outputs[0].shape[1]) if outputs[0].dim() > 1 else 1


def _images(benchmark: Benchmark) -> Tensor:
    import torch

    batch = benchmark.image_batch(min(2, len(benchmark.images)), np.random.default_rng(0))
    return torch.from_numpy(batch)
