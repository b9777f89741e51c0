"""The scores of programs on networks that are divided among the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from eznas.cluster.cluster import Cluster
from eznas.cluster.shard import Shard, ShardScores
from eznas.cluster.worker import check_device
from eznas.errors import EznasError
from eznas.ops.program import Program
from eznas.runs.inputs import RunInputs
from eznas.runs.settings import RunSettings
from eznas.scoring.evaluator import Race


class ShardedEvaluator:
    """Gives the scores that an `Evaluator` of all training networks of a run would give, bit for bit.

    A worker keeps the statistics of its networks. Programs go to all of them, and scores come back. A worker that was
    lost collects its statistics again.
    """

    def __init__(self, cluster: Cluster, settings: RunSettings, inputs: RunInputs) -> None:
        """Start the workers; nothing is computed yet.

        Args:
            cluster: whose workers, all of them unless there are fewer networks.
            settings: of the run; the memory is for the statistics on each machine.
            inputs: of the run, whose `failures` become known with the first scores.

        Raises:
            EznasError: the device is not the processor, or the settings have options that only one process has.
        """
        check_device(settings.collection.device)
        if settings.samples_units or settings.race_networks:
            raise EznasError(
                "Workers of a cluster neither sample units nor race programs: leave out --ray, or --units-per-shape "
                "and --race-networks."
            )
        self._cluster = cluster
        self._inputs = inputs
        count = min(cluster.workers, inputs.training_count)
        # Every count-th: neighbours in a table may be alike in size.
        self._positions = [np.arange(first, inputs.training_count, count) for first in range(count)]
        self._unscorable = np.zeros(inputs.training_count, dtype=np.bool_)
        self._processes: dict[int, tuple[str, int]] = {}
        self._shards = [
            cluster.actor(
                worker,
                Shard,
                settings,
                inputs.fingerprints,
                self._positions[worker].tolist(),
                int(settings.memory_bytes * share),
            )
            for worker, share in enumerate(cluster.shares(count))
        ]

    def close(self) -> None:
        """End the workers, and with them what they keep."""
        for shard in self._shards:
            self._cluster.end(shard)

    @property
    def unscorable(self) -> NDArray[np.bool_]:
        """As `Evaluator.unscorable`."""
        return self._unscorable

    def scores(
        self,
        programs: Sequence[Program],
        progress: Callable[[int, int], None] | None = None,
        *,
        only_complete: bool = False,
        races: Sequence[Race] = (),
    ) -> NDArray[np.float64]:
        """As `Evaluator.scores`, but for races; progress is told when a worker is done with all its networks.

        Raises:
            EznasError: what a worker raises, or one cannot be what this process is.
        """
        assert not races
        count = self._inputs.training_count
        scores = np.full((len(programs), count), np.nan)
        if not programs:
            return scores
        sent = self._cluster.put([(program.nodes, program.output) for program in programs])
        done = 0
        part: ShardScores
        for worker, part in self._cluster.answers([shard.scores.remote(sent, only_complete) for shard in self._shards]):
            positions = self._positions[worker]
            scores[:, positions] = part.scores
            self._unscorable[positions] = part.unscorable
            self._inputs.failures.update(part.failures)
            self._notice(worker, part)
            for _ in positions:
                done += 1
                if progress is not None:
                    progress(done, count)
        if only_complete:
            # A worker knows of its own networks only.
            scores[(np.isnan(scores) & ~self._unscorable).any(axis=1)] = np.nan
        return scores

    def rounded_up(self, programs: Sequence[Program], networks: Sequence[int]) -> NDArray[np.float64]:
        """As `Evaluator.rounded_up`."""
        scores = np.full((len(programs), self._inputs.training_count), np.nan)
        sent = self._cluster.put([(program.nodes, program.output) for program in programs])
        places = [np.flatnonzero(np.isin(positions, networks)) for positions in self._positions]
        asked = [shard.rounded_up.remote(sent, own.tolist()) for shard, own in zip(self._shards, places, strict=True)]
        for worker, part in self._cluster.answers(asked):
            scores[:, self._positions[worker][places[worker]]] = part
        return scores[:, networks]

    def _notice(self, worker: int, part: ShardScores) -> None:
        """Tell where another process than before has answered."""
        before = self._processes.setdefault(worker, part.process)
        if before != part.process:
            self._processes[worker] = part.process
            self._cluster.observer.message(
                f"A worker on {before[0]} was lost: one on {part.process[0]} has collected the statistics of its "
                f"{len(self._positions[worker])} networks again."
            )


@contextmanager
def sharded_evaluator(cluster: Cluster, settings: RunSettings, inputs: RunInputs) -> Iterator[ShardedEvaluator]:
    """Open an evaluator whose workers end with the block."""
    evaluator = ShardedEvaluator(cluster, settings, inputs)
    try:
        yield evaluator
    finally:
        evaluator.close()
