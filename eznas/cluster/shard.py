"""The part of a run's training networks that one worker keeps: their statistics stay where they were made."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from eznas.cluster.worker import Preparation, prepare
from eznas.errors import EznasError
from eznas.ops.program import Node, Program
from eznas.runs.backend import evaluator_of
from eznas.runs.inputs import RunInputs
from eznas.runs.settings import RunSettings
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.kernel_loading import load_kernels
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics

SentProgram = tuple[tuple[Node, ...], int]
"""Nodes and output of a program in canonical form: what of it travels, as all else follows."""


@dataclass(frozen=True)
class ShardScores:
    """What a shard knows of its networks once it has scored them.

    Attributes:
        scores: float64 (programs, networks of the shard), as of `Evaluator.scores`.
        unscorable: bool (networks of the shard,).
        failures: why a network has no statistics, by its position among all training networks.
        process: the name of the machine, and the number of the process that answers.
    """

    scores: NDArray[np.float64]
    unscorable: NDArray[np.bool_]
    failures: dict[int, str]
    process: tuple[str, int]


class Shard:
    """Some of the training networks of a run, in a process of their own.

    Args:
        preparation: of the process.
        settings: of the run; the worker reads the benchmarks itself.
        fingerprints: of the benchmarks, as the process that asks has them.
        positions: of the networks, among all training networks.
        memory_bytes: for their statistics.
    """

    def __init__(
        self,
        preparation: Preparation,
        settings: RunSettings,
        fingerprints: Mapping[str, str],
        positions: Sequence[int],
        memory_bytes: int,
    ) -> None:
        self._preparation = preparation
        self._settings = settings
        self._fingerprints = fingerprints
        self._positions = positions
        self._memory_bytes = memory_bytes

    def scores(self, programs: Sequence[SentProgram], only_complete: bool) -> ShardScores:
        """Score the networks of the shard, as `Evaluator.scores` does.

        Raises:
            EznasError: this process is not what the one that asks is, or has other benchmarks.
        """
        inputs, evaluator = self._opened
        received = [Program(nodes, output) for nodes, output in programs]
        scores = evaluator.scores(received, only_complete=only_complete)
        return ShardScores(scores, evaluator.unscorable, dict(inputs.failures), (platform.node(), os.getpid()))

    def rounded_up(self, programs: Sequence[SentProgram], places: Sequence[int]) -> NDArray[np.float64]:
        """Score some networks of the shard, as `Evaluator.rounded_up` does."""
        _, evaluator = self._opened
        received = [Program(nodes, output) for nodes, output in programs]
        load_kernels()  # here: what is compiled while the processor rounds up has other constants
        return evaluator.rounded_up(received, places)

    @cached_property
    def _opened(self) -> tuple[RunInputs, Evaluator]:
        """The benchmarks, and the evaluator of the networks: made by the first question, which gets what they raise."""
        prepare(self._preparation)
        settings = self._settings
        inputs = RunInputs.of(settings)
        for name, fingerprint in inputs.fingerprints.items():
            if fingerprint != self._fingerprints[name]:
                raise EznasError(
                    f"{name} has other networks, accuracies or images on {platform.node()} than in this process: bring "
                    "the same files to all machines."
                )

        def collect(place: int) -> NetworkStatistics:
            return inputs.collect(self._positions[place])

        store = StatisticsStore(len(self._positions), collect, self._memory_bytes, workers=1)
        return inputs, evaluator_of(store, settings)
