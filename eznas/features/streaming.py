"""One pass over many networks for a batch of features: each network's numbers go to a file of their own.

A network that has its file is not run again, so a pass that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.files import write_atomically
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.plan import Plan
from eznas.ops.program import Program
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics

SHAKEN_NETWORKS: Final = 16
"""How many networks, spread over all, are computed a second time with shaken statistics."""

_SHAKE: Final = 2.0**-22  # of a value: four times what rounding to float32 may do to it


@dataclass(frozen=True, eq=False)
class NetworkNumbers:
    """The features of one network.

    Attributes:
        values: float32 (units, features); 0 where invalid.
        valid: bool, same shape.
        changes: float32 (units, features): how far each value moves when the statistics are shaken; without rows
            where the network is not one of those that are.
    """

    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    changes: NDArray[np.float32]


def stream(
    features: Sequence[Program],
    collect: Callable[[int], NetworkStatistics],
    count: int,
    folder: Path,
    threads: int,
    memory_bytes: int,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Compute features for all networks that have no file in `folder` yet.

    Args:
        features: programs that give one number per unit.
        collect: gives the statistics of network 0 to `count` - 1; called in several threads at once.
        count: number of networks.
        folder: for one file for each network; it must be there.
        threads: each with a network of its own.
        memory_bytes: that statistics may take; one network is worked on in any case.
        progress: called with the number of networks done, and of all networks.
    """
    plan = Plan.of(features)
    shaken = set(np.linspace(0, count - 1, min(count, SHAKEN_NETWORKS)).astype(int).tolist())
    waiting = [network for network in range(count) if not _file(folder, network).exists()]
    done = count - len(waiting)

    def compute(position: int, statistics: NetworkStatistics) -> None:
        network = waiting[position]
        values, valid = _evaluate(plan, statistics, statistics.values)
        changes = np.empty((0, len(features)), np.float32)
        if network in shaken:
            rng = np.random.default_rng(network)
            noise = rng.uniform(-_SHAKE, _SHAKE, statistics.values.size).astype(np.float32)
            changes = _distances(values, _evaluate(plan, statistics, statistics.values * (1 + noise))[0])
        content = io.BytesIO()
        np.savez(content, values=values, valid=valid, changes=changes)
        write_atomically(_file(folder, network), content.getvalue())

    def report(finished: int, _count: int) -> None:
        if progress is not None:
            progress(done + finished, count)

    with StatisticsStore(
        len(waiting), lambda position: collect(waiting[position]), memory_bytes, threads, reuse=False
    ) as store:
        store.for_each(compute, report)


def read_numbers(folder: Path, network: int) -> NetworkNumbers:
    """Return what `stream` wrote of a network."""
    with np.load(_file(folder, network)) as content:
        return NetworkNumbers(content["values"], content["valid"], content["changes"])


def _file(folder: Path, network: int) -> Path:
    return folder / f"{network:06d}.npz"


def _evaluate(
    plan: Plan, statistics: NetworkStatistics, tensors: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    nothing = np.empty((statistics.units, 0), np.float32)
    values, valid = evaluate_plan(
        plan, tensors, statistics.offsets, statistics.shapes, statistics.axes, nothing, nothing.astype(np.bool_), "mean"
    )
    return values[:, plan.root_columns], valid[:, plan.root_columns]


def _distances(values: NDArray[np.float32], shaken: NDArray[np.float32]) -> NDArray[np.float32]:
    """|values - shaken|: infinite where one of them is not finite and the other is not the very same."""
    same = (values == shaken) | (np.isnan(values) & np.isnan(shaken))
    with np.errstate(invalid="ignore", over="ignore"):
        distances = np.where(same, np.float32(0), np.abs(values - shaken))
    return np.where(np.isnan(distances), np.float32(np.inf), distances)
