"""Small networks' statistics drawn at random, for tests that need no PyTorch network."""

from __future__ import annotations

import numpy as np

from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics
from eznas.terminals import TERMINAL_COUNT, TERMINALS

SHAPES = {"wt": (4, 4, 3, 3), "inp": (1, 4, 5, 5), "pre": (1, 4, 5, 5), "act": (1, 4, 5, 5)}


def statistics(network: int) -> NetworkStatistics:
    """Statistics of a made-up network with one to four units; the number of the network is the seed."""
    rng = np.random.default_rng(network)
    units = 1 + network % 4
    offsets = np.empty((units, TERMINAL_COUNT), dtype=np.int64)
    shapes = np.ones((units, TERMINAL_COUNT, 4), dtype=np.int64)
    parts = []
    used = 0
    for unit in range(units):
        for terminal in TERMINALS:
            shape = SHAPES[terminal.shape_of]
            tensor = rng.normal(network % 7 - 3, 1 + network % 3, shape).astype(np.float32)
            offsets[unit, terminal.address] = used
            shapes[unit, terminal.address] = shape
            parts.append(tensor.ravel())
            used += tensor.size
    axes = np.full((units, TERMINAL_COUNT), 4, dtype=np.int64)
    return NetworkStatistics(f"network {network}", np.concatenate(parts), offsets, shapes, axes)


def store(networks: int, memory_bytes: int = 2**30, workers: int = 2) -> StatisticsStore:
    """A store over made-up networks."""
    return StatisticsStore(networks, statistics, memory_bytes, workers)
