"""The feature table: the values of many features on all units of many networks, computed once and kept on disk.

Networks are run one after the other. While a network's statistics are in memory, all features that are asked for and
that it lacks are computed as one plan; then the statistics are let go of. So neither the number nor the size of the
networks is bounded by memory. What was computed is kept by network: whatever networks and features are asked for
later, only what is new is computed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.errors import EznasError
from eznas.features.computation import OpenComputation, OwnComputation
from eznas.features.folder import ABOUT, DEFAULT_MAXIMUM_BYTES, locked, prune, tables_folder
from eznas.features.key import digest_of
from eznas.features.record_file import Digests, Records, digests_of, lacks, layout_of, read_records, rows_of
from eznas.features.source import NetworkSource
from eznas.features.streaming import Pass, TableNetwork
from eznas.files import write_atomically
from eznas.ops.program import Program
from eznas.statistics.workers import checked_threads

DEFAULT_MEMORY_BYTES: Final = 2**30
SHAKEN_NETWORKS: Final = 16
"""How many of the networks that are asked for are computed again with shaken statistics."""


@dataclass(frozen=True, eq=False)
class FeatureValues:
    """Features on the units of some networks, one network after the other.

    Attributes:
        features: what was computed; the rows of the arrays.
        units: int64 (networks,): how many units each network has.
        values: float32 (features, units of all networks); 0 where invalid.
        valid: bool, same shape: whether the operations could take the shapes of that unit.
        roundoff: float32 (features,): how far a value moves, in the root of the mean square over units, when every
            statistic moves by a rounding error of float32; measured on `SHAKEN_NETWORKS` of the networks.
    """

    features: tuple[Program, ...]
    units: NDArray[np.int64]
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    roundoff: NDArray[np.float32]


class FeatureTable:
    """The features of some networks under one seed; `compute` computes what is missing on disk, `read` reads it.

    What is read depends on the networks, the features, the images, the seed, the settings and the code alone: not on
    the number of threads, on what was computed before or together with it, or on interruptions.
    """

    def __init__(self, source: NetworkSource, indices: NDArray[np.int64], folder: Path | None = None) -> None:
        """Open the table of a source of networks for some of them, or make an empty one.

        Args:
            source: where the networks are from, and what they see.
            indices: int64 (networks,), which of them, in the order of what is read.
            folder: of all tables; None for the user's cache folder.

        Raises:
            EznasError: the networks cannot be run as the source says, or the cache folder cannot be written.
        """
        self._source = source
        self._all_tables = folder or tables_folder()
        about = source.about()
        self._about = json.dumps(about, indent=1)
        self.path = self._all_tables / digest_of(about)
        self._networks = [TableNetwork(index, source.digest(index), self.path) for index in map(int, indices)]
        # A function of the set of networks: in the same order whatever theirs is, since sums depend on it.
        self._shaken = sorted(set(self._networks), key=lambda network: network.digest)[:SHAKEN_NETWORKS]
        self._announce()

    def unfinished(self, features: Sequence[Program]) -> list[int]:
        """Return the indices of the networks for which something of these features is to be computed, each once."""
        return [network.index for network in self._unfinished(features)]

    def compute(
        self,
        features: Sequence[Program],
        progress: Callable[[int, int], None] | None = None,
        threads: int | None = None,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
        maximum_bytes: int = DEFAULT_MAXIMUM_BYTES,
        open_computation: OpenComputation = OwnComputation,
    ) -> None:
        """Compute what is missing and write it to disk; another process that does so at the same time shares the work.

        Args:
            features: programs that give one number per unit, see `as_feature`.
            progress: called with the number of networks done, and of all networks.
            threads: each with a network of its own; None for one per core.
            memory_bytes: that the statistics of networks in work may take; one network is worked on in any case.
            maximum_bytes: that all tables together may take on disk; those used longest ago go first, this one stays.
            open_computation: gives what computes the features.

        Raises:
            EznasError: a network has no unit, raises, or lacks a gradient; or the disk is full.
            ValueError: a program does not give one number per unit.
        """
        if not all(feature.gives_scalar and feature.is_well_formed for feature in features):
            raise ValueError("a feature gives one number per unit; see `as_feature`")
        unfinished = self._unfinished(features)
        if not unfinished:
            return
        count = len(self._networks)

        def report(finished: int, waiting: int) -> None:
            if progress is not None:
                progress(count - waiting + finished, count)

        with locked(self.path, wait=True, shared=True):  # others may compute in the table too, but not remove it
            self._announce()
            distinct = tuple(dict.fromkeys(features))
            compute = open_computation(self._source, distinct)
            work = Pass(distinct, compute, frozenset(self._shaken))
            work.run(unfinished, checked_threads(threads), memory_bytes, report)
        prune(maximum_bytes, self._all_tables, keep=self.path)

    def read(self, features: Sequence[Program]) -> FeatureValues:
        """Return the values of features, in this order; memory beyond theirs is needed for one network only.

        Raises:
            EznasError: the table lacks some of them.
        """
        digests = digests_of(features)
        units = np.array([self._units_of(network) for network in self._networks], np.int64)
        shape = (len(features), int(units.sum()))
        values, valid = np.empty(shape, np.float32), np.empty(shape, np.bool_)
        end = 0
        for network, count in zip(self._networks, units, strict=True):
            start, end = end, end + count
            records, rows = self._find(network.values, digests)
            values[:, start:end] = records["values"][rows]
            valid[:, start:end] = records["valid"][rows]
        return FeatureValues(tuple(features), units, values, valid, self._roundoff(digests))

    def _roundoff(self, digests: Digests) -> NDArray[np.float32]:
        squares, units = np.zeros(len(digests)), 0
        for network in self._shaken:
            records, rows = self._find(network.moves, digests)
            squares += records["square"][rows]
            units += self._units_of(network)
        return np.sqrt(squares / max(units, 1)).astype(np.float32)

    def _find(self, path: Path, digests: Digests) -> tuple[Records, NDArray[np.int64]]:
        """The records of a network, and in which rows of them the features are."""
        records = read_records(path)
        rows = rows_of(digests, records)
        if records is None or (rows < 0).any():
            raise self._lack(path)
        return records, rows

    def _units_of(self, network: TableNetwork) -> int:
        layout = layout_of(network.values)
        if layout is None:
            raise self._lack(network.values)
        return int(layout["values"].shape[0])

    def _lack(self, path: Path) -> EznasError:
        return EznasError(
            f"The feature table lacks features in {path}, which was removed or damaged meanwhile: run the command "
            "again."
        )

    def _unfinished(self, features: Sequence[Program]) -> list[TableNetwork]:
        digests = digests_of(features)
        shaken = set(self._shaken)
        return [
            network
            for network in dict.fromkeys(self._networks)
            if lacks(network.values, digests) or (network in shaken and lacks(network.moves, digests))
        ]

    def _announce(self) -> None:
        """Write what the table depends on; the time of that file is when the table was last used."""
        write_atomically(self.path / ABOUT, self._about)
