"""Scores of many programs on many networks by batched PyTorch operations, for a GPU.

Units of equal shapes are stacked over all networks, and every node of a plan is one operation on all of them. What
comes back are the numbers of units, and all that follows from them is the host's: aggregates, what is remembered, what
is given up. On a GPU results are those of the CPU within the error of float32, not bit for bit; the same programs on
the same device give the same bits again, whatever is evaluated with them or remembered, since no operation here adds
in an order that is left open, and batches depend on the networks alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eznas.errors import EznasError
from eznas.ops.batched_plan import BatchedPlan
from eznas.ops.interpreter import PlanResults
from eznas.ops.plan import Plan
from eznas.ops.unit_tensors import UnitTensors
from eznas.options import Aggregation, ToScalar
from eznas.scoring.contenders import Contenders
from eznas.scoring.evaluator import (
    DEFAULT_CACHE_BYTES,
    Evaluator,
    NetworkResults,
    Race,
    Result,
    aggregated,
    choose,
)
from eznas.scoring.plan_evaluation import PlanParts
from eznas.scoring.remembered import Recalled
from eznas.scoring.unit_blocks import UnitBlock, UnitBlocks
from eznas.statistics.isolation import reproducible_kernels
from eznas.statistics.settings import ALL
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics

_SHARE_OF_DEVICE: Final = 0.6
"""Of a GPU's free memory, for statistics; the rest is for what is computed from them."""

_UNBOUNDED: Final = 2**62


class BatchedEvaluator(Evaluator):
    """Evaluates programs on the networks of a statistics store, on a device; otherwise an `Evaluator`.

    Every network's statistics are taken from the store once, at the first call.
    """

    _keeps_tensors = False

    def __init__(
        self,
        store: StatisticsStore,
        device: str,
        to_scalar: ToScalar = "mean",
        aggregation: Aggregation = "mean",
        cache_bytes: int = DEFAULT_CACHE_BYTES,
        *,
        threads: int = 1,
        device_bytes: int | None = None,
        units_per_shape: int = ALL,
    ) -> None:
        """Set up an evaluator; nothing is computed yet.

        Args:
            store: the statistics of the networks.
            device: where programs run, as PyTorch names it.
            to_scalar: see `Evaluator`.
            aggregation: see `Evaluator`.
            cache_bytes: see `Evaluator`.
            threads: of the host, for eigenvalues.
            device_bytes: how much of the device's memory statistics may take; what does not fit stays with the CPU and
                is copied whenever it is read. None for most of what is free.
            units_per_shape: see `Evaluator`.
        """
        super().__init__(store, to_scalar, aggregation, cache_bytes, units_per_shape)
        self._device = torch.device(device)
        self._threads = threads
        self._device_bytes = device_bytes
        self._blocks: UnitBlocks | None = None
        # By what is remembered and the kind of the units: on how many units at a time it ran, if not on all of a block.
        self._few_units: dict[tuple[bytes, bytes], int] = {}

    def _run(
        self,
        contenders: Contenders,
        recalled: Recalled,
        progress: Callable[[int, int], None] | None,
        races: Sequence[Race],
    ) -> list[NetworkResults]:
        networks = self._run_on_all(contenders, recalled, progress)
        for race in races:  # they save nothing here, where the units of all networks are computed at once
            choose(race, contenders, [networks[network] for network in race.networks.tolist()])
        return networks

    def _for_each_sample(
        self, networks: Sequence[int], function: Callable[[NetworkStatistics], Result]
    ) -> list[Result]:
        blocks = self._blocks or self._collected(None)
        return [
            function(replace(blocks.statistics(network), stands_for=self._samples.stands_for(network)))
            for network in networks
        ]

    def _run_on_all(
        self,
        contenders: Contenders,
        recalled: Recalled,
        progress: Callable[[int, int], None] | None,
    ) -> list[NetworkResults]:
        blocks = self._blocks
        if blocks is None:
            blocks = self._blocks = self._collected(progress)
            progress = None
        results: list[NetworkResults] = []
        starts = np.cumsum([0, *blocks.unit_counts])
        for stage, stage_blocks in (
            (range(blocks.first_networks), blocks.first),
            (range(blocks.first_networks, self._store.count), blocks.others),
        ):
            positions, plan = contenders.plan
            parts = PlanParts(plan)
            first, end = int(starts[stage.start]), int(starts[stage.stop])
            stage_cached = recalled.of_units(first, end) if recalled.columns else UnitTensors.none(end - first)
            values, valid = self._numbers(parts.without_own, stage_blocks, first, stage_cached, contenders.cached)
            for network in stage:
                part = slice(starts[network] - first, starts[network + 1] - first)
                cached = stage_cached.of_units(part)
                own = PlanResults(values[part], valid[part], UnitTensors.none(blocks.unit_counts[network]))
                if parts.uses_own:
                    own = parts.completed(blocks.statistics(network), cached, own, self._to_scalar)
                stands_for = self._samples.stands_for(network)
                scores = aggregated(plan, own.numbers, own.valid, self._to_scalar, self._aggregation, stands_for)
                if blocks.unit_counts[network] > 0:
                    contenders.scored(positions, scores)
                results.append(NetworkResults(positions, plan, own, scores))
                if progress is not None:
                    progress(len(results), self._store.count)
        return results

    def _collected(self, progress: Callable[[int, int], None] | None) -> UnitBlocks:
        """Take all statistics from the store to the device."""
        if self._device_bytes is None:
            self._device_bytes = _UNBOUNDED
            if self._device.type == "cuda":
                free, _ = torch.cuda.mem_get_info(self._device.index)
                self._device_bytes = int(_SHARE_OF_DEVICE * free)
        blocks = UnitBlocks(self._device, self._device_bytes)

        self._store.for_each(
            lambda network, statistics: blocks.add(network, self._samples.of(network, statistics)), progress
        )
        blocks.finish()
        return blocks

    def _numbers(
        self,
        plan: Plan,
        blocks: Sequence[UnitBlock],
        first: int,
        recalled: UnitTensors,
        cached: Mapping[bytes, int],
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Run a plan of operations of the catalogue on the units of blocks.

        Args:
            plan: the plan.
            blocks: with all units of the networks in question.
            first: the place of the first unit of these networks.
            recalled: the numbers that are remembered of their units.
            cached: by digest, the column of these.

        Returns:
            float32 and bool, both (units, recorded).
        """
        cached_values, cached_valid = recalled.numbers, recalled.valid
        values = np.zeros((len(cached_valid), len(plan.recorded)), np.float32)
        valid = np.zeros(values.shape, np.bool_)
        plans: dict[bytes, BatchedPlan] = {}
        results: list[Tensor] = []
        with reproducible_kernels(), torch.no_grad():
            for block in blocks:
                places = np.array(block.places) - first
                if block.kind not in plans:
                    plans[block.kind] = self._plan_for(plan, block, cached_valid[places[0]], cached)
                table = torch.from_numpy(np.ascontiguousarray(cached_values[places].T)).to(self._device)
                results.append(self._on_device(plans[block.kind], block, table))
        for block, numbers in zip(blocks, results, strict=True):  # after all are begun, since this waits for the device
            places = np.array(block.places) - first
            values[places] = numbers.T.cpu().numpy()
            valid[places] = plans[block.kind].valid
        return values, valid

    def _plan_for(
        self, plan: Plan, block: UnitBlock, cached_valid: NDArray[np.bool_], cached: Mapping[bytes, int]
    ) -> BatchedPlan:
        """Make a plan ready for the units of a block and all others of its kind.

        Args:
            plan: the plan.
            block: with any units of the kind.
            cached_valid: bool (k,), whether the remembered numbers of its first unit are valid: that follows from the
                shapes, which all units of the kind share.
            cached: by digest, the column of these.
        """
        cached_units = np.full(len(cached_valid), block.most)
        for digest, column in cached.items():
            cached_units[column] = self._few_units.get((digest, block.kind), block.most)
        made = BatchedPlan(
            plan,
            block.shapes,
            block.axes,
            cached_valid,
            self._to_scalar,
            cached_units=cached_units,
            threads=self._threads,
        )
        for recorded, units in zip(plan.recorded_digests, made.units.tolist(), strict=True):
            if recorded is not None and units < block.most:
                self._few_units[recorded, block.kind] = units
        return made

    def _on_device(self, plan: BatchedPlan, block: UnitBlock, cached: Tensor) -> Tensor:
        try:
            return plan.run(block.tensors(self._device), cached)
        except torch.cuda.OutOfMemoryError as error:
            raise EznasError(
                f"The memory of {str(self._device)!r} is not enough for programs on {len(block.places)} units of "
                f"{block.rows.shape[1]} numbers at once: give --device cpu, or smaller batches of images."
            ) from error


def evaluator_on(
    device: str,
    store: StatisticsStore,
    to_scalar: ToScalar,
    aggregation: Aggregation,
    threads: int,
    units_per_shape: int = ALL,
) -> Evaluator:
    """Return the evaluator for a device: the compiled one for `cpu`, the batched one for any other.

    Args:
        device: `cpu`, `cuda` or `cuda:N`.
        store: the statistics of the networks.
        to_scalar: see `Evaluator`.
        aggregation: see `Evaluator`.
        threads: of the host, for what a GPU leaves to it.
        units_per_shape: see `Evaluator`.
    """
    if device == "cpu":
        return Evaluator(store, to_scalar, aggregation, units_per_shape=units_per_shape)
    return BatchedEvaluator(store, device, to_scalar, aggregation, threads=threads, units_per_shape=units_per_shape)
