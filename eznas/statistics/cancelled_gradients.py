"""Units whose gradient is nothing but rounding, because the output does not depend on what is before them.

A normalisation over places subtracts the mean of what it is given. Where its output is only averaged afterwards, the
sum of the network's outputs is the same whatever goes in, and every gradient before it is zero but for rounding. With
every operation rounded up, no digit of such a gradient stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from eznas.options import Unit as UnitKind
from eznas.statistics.collect import collect
from eznas.statistics.inputs import Inputs
from eznas.statistics.passes import Loss
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.tensors import NetworkStatistics
from eznas.system.rounding import rounding_up
from eznas.terminals import BY_NAME, TERMINALS

_WEIGHT_GRADIENT: Final = BY_NAME["wt_grad.data"].address


def is_rounding(gradient: NDArray[np.float32], rounded_up: NDArray[np.float32]) -> bool:
    """Return whether rounding moves a gradient by more than half of its norm; not where it is zero.

    Args:
        gradient: as ever.
        rounded_up: the same with every operation rounded up.
    """
    exactly = gradient.astype(np.float64)
    norm = np.linalg.norm(exactly)
    return bool(norm > 0 and np.linalg.norm(exactly - rounded_up) > norm / 2)


def cancelled_units(
    network: nn.Module, inputs: Inputs, unit: UnitKind, name: str = "unnamed", *, loss: Loss | None = None
) -> tuple[int, ...]:
    """Return the units whose gradient of the weight is rounding, on a system that can round up.

    Args:
        network: as `collect` takes it; it stays as it is.
        inputs: those of the data pass are read.
        unit: their kind.
        name: the network, as messages call it.
        loss: as `collect` takes it.

    Raises:
        EznasError: as `collect` raises it.
    """
    settings = CollectionSettings(unit, terminals=frozenset({_WEIGHT_GRADIENT}))
    as_ever = collect(network, inputs, settings, name=name, loss=loss)
    with rounding_up():
        upward = collect(network, inputs, settings, name=name, loss=loss)
    return tuple(np.flatnonzero(_are_rounding(as_ever, upward, _WEIGHT_GRADIENT)).tolist())


def rounding_shares(
    as_ever: NetworkStatistics, rounded_up: NetworkStatistics, terminals: Sequence[Set[int]]
) -> list[float]:
    """Return for each set of terminals the share of the units of which one of the gradients among them is rounding.

    Args:
        as_ever: statistics of a network that have all of these gradients.
        rounded_up: the same with every operation rounded up.
        terminals: their addresses; NaN is returned for a set without gradients.
    """
    gradients = [{address for address in some if TERMINALS[address].is_gradient} for some in terminals]
    rounding = {address: _are_rounding(as_ever, rounded_up, address) for address in frozenset().union(*gradients)}
    return [
        float(np.any([rounding[address] for address in some], axis=0).mean()) if some else np.nan for some in gradients
    ]


def _are_rounding(as_ever: NetworkStatistics, rounded_up: NetworkStatistics, address: int) -> NDArray[np.bool_]:
    return np.array(
        [
            is_rounding(as_ever.tensor(number, address), rounded_up.tensor(number, address))
            for number in range(as_ever.units)
        ],
        np.bool_,
    )
