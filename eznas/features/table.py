"""The feature table: the values of many features on all units of many networks, computed once and kept on disk.

Networks are run one after the other. While a network's statistics are in memory, all features that are asked for are
computed as one plan; then the statistics are let go of. So neither the number nor the size of the networks is bounded
by memory.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.base import Benchmark
from eznas.features.block import Block, name_of, read_blocks, write_block
from eznas.features.folder import ABOUT, DEFAULT_MAXIMUM_BYTES, locked, prune, tables_folder
from eznas.features.key import describe, digest_of
from eznas.features.streaming import read_numbers, stream
from eznas.files import write_atomically
from eznas.ops.program import Program
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.workers import available_cores

DEFAULT_MEMORY_BYTES: Final = 2**30

_DEFAULT_COLLECTION: Final = CollectionSettings()
_UNFINISHED: Final = ".unfinished"


@dataclass(frozen=True, eq=False)
class FeatureValues:
    """Features on the units of all networks, one network after the other.

    Attributes:
        features: what was computed; the rows of the arrays.
        units: int64 (networks,): how many units each network has.
        values: float32 (features, units of all networks); 0 where invalid.
        valid: bool, same shape: whether the operations could take the shapes of that unit.
        roundoff: float32 (features,): how far a value moves, in the root of the mean square over units, when every
            statistic moves by a rounding error of float32; measured on a few networks spread over all.
    """

    features: tuple[Program, ...]
    units: NDArray[np.int64]
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    roundoff: NDArray[np.float32]


class FeatureTable:
    """The features of one list of networks under one seed; `compute` extends it, `read` reads it.

    The values depend on the networks, the images, the seed, the settings and the code alone: not on the number of
    threads, on which features are computed together, or on interruptions.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        indices: NDArray[np.int64],
        batch_size: int = 1,
        seed: int = 0,
        collection: CollectionSettings = _DEFAULT_COLLECTION,
        folder: Path | None = None,
    ) -> None:
        """Open the table of these networks, or make an empty one.

        Args:
            benchmark: where the networks are from.
            indices: int64 (networks,), which of them, in the order of the table.
            batch_size: images that every network sees.
            seed: of the images and the weights.
            collection: the kind of unit, the third pass and the device; its `terminals` are not used.
            folder: of all tables; None for the user's cache folder.

        Raises:
            EznasError: the benchmark has fewer images than `batch_size`, or the cache folder cannot be written.
        """
        self._benchmark = benchmark
        self._indices = np.ascontiguousarray(indices, np.int64)
        self._batch_size = batch_size
        self._seed = seed
        self._collection = collection
        self._all_tables = folder or tables_folder()
        about = describe(benchmark, self._indices, batch_size, seed, collection)
        self._about = json.dumps(about, indent=1)
        self.path = self._all_tables / digest_of(about)
        self._announce()
        self._place_of: dict[str, tuple[Block, int]] = {}
        self._reread()

    def __len__(self) -> int:
        return len(self._place_of)

    def missing(self, features: Sequence[Program]) -> list[Program]:
        """Return those of these features that the table does not have, each once."""
        return [feature for feature in dict.fromkeys(features) if feature.digest not in self._place_of]

    def compute(
        self,
        features: Sequence[Program],
        progress: Callable[[int, int], None] | None = None,
        threads: int | None = None,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
        maximum_bytes: int = DEFAULT_MAXIMUM_BYTES,
    ) -> None:
        """Compute the features that are missing and write them to disk; waits for another process that does so.

        Args:
            features: programs that give one number per unit, see `as_feature`.
            progress: called with the number of networks done, and of all networks.
            threads: each with a network of its own; None for one per core.
            memory_bytes: that the statistics of networks in work may take; one network is worked on in any case.
            maximum_bytes: that all tables together may take on disk; those used longest ago go first, this one stays.

        Raises:
            EznasError: a network has no unit, raises, or lacks a gradient; or the disk is full.
            ValueError: a program does not give one number per unit.
        """
        if not all(feature.gives_scalar and feature.is_well_formed for feature in features):
            raise ValueError("a feature gives one number per unit; see `as_feature`")
        if not self.missing(features):
            return
        with locked(self.path, wait=True):
            self._announce()
            self._reread()
            missing = self.missing(features)
            if missing:
                self._compute(missing, progress, threads or available_cores(), memory_bytes)
                self._reread()
        prune(maximum_bytes, self._all_tables, keep=self.path)

    def read(self, features: Sequence[Program]) -> FeatureValues:
        """Return the values of features that the table has, in this order.

        Raises:
            KeyError: the table lacks one.
        """
        places = [self._place_of[feature.digest] for feature in features]
        units = places[0][0].units if places else np.empty(0, np.int64)
        shape = (len(places), int(units.sum()))
        values, valid = np.empty(shape, np.float32), np.empty(shape, np.bool_)
        for row, (block, place) in enumerate(places):
            values[row], valid[row] = block.values[place], block.valid[place]
        roundoff = np.array([block.roundoff[place] for block, place in places], np.float32)
        return FeatureValues(tuple(features), units, values, valid, roundoff)

    def _announce(self) -> None:
        """Write what the table depends on; the time of that file is when the table was last used."""
        write_atomically(self.path / ABOUT, self._about)

    def _reread(self) -> None:
        self._place_of = {
            digest: (block, place) for block in read_blocks(self.path) for place, digest in enumerate(block.digests)
        }

    def _compute(
        self,
        features: Sequence[Program],
        progress: Callable[[int, int], None] | None,
        threads: int,
        memory_bytes: int,
    ) -> None:
        unfinished = self.path / f"{name_of(features)}{_UNFINISHED}"
        for other in self.path.glob(f"*{_UNFINISHED}"):
            if other != unfinished:  # of a pass that was given up for another one
                shutil.rmtree(other)
        unfinished.mkdir(exist_ok=True)
        # All 22 statistics, whatever the features read: which ones are shaken together is part of `roundoff`.
        collection = replace(self._collection, terminals=None)
        source = BenchmarkStatistics(self._benchmark, self._batch_size, self._seed, collection)
        count = len(self._indices)
        stream(
            features,
            lambda network: source.collect(int(self._indices[network])),
            count,
            unfinished,
            threads,
            memory_bytes,
            progress,
        )
        units = [len(read_numbers(unfinished, network).values) for network in range(count)]
        write_block(self.path, features, units, (read_numbers(unfinished, network) for network in range(count)))
        shutil.rmtree(unfinished)
