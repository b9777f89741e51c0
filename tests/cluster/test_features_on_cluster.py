from __future__ import annotations

from functools import partial

import numpy as np
from inline_cluster import InlineCluster
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks
from eznas.cluster.features import ClusterComputation
from eznas.features.computation import OwnComputation
from eznas.features.source import BenchmarkSource
from eznas.features.table import SHAKEN_NETWORKS, FeatureTable
from eznas.ops.notation import parse_program


def test_a_table_is_the_same_whoever_computes(tmp_path):
    benchmark = benchmarks.load(str(write_tiny_benchmark(tmp_path, networks=SHAKEN_NETWORKS + 4)))
    indices = np.arange(len(benchmark))
    some = [parse_program(text) for text in ("numel(wt)", "l1_norm(inp_grad.data)")]
    more = [*some, parse_program("frobenius_norm(act.noise)")]
    read = []
    for name, computation in (
        ("own", OwnComputation),
        ("cluster", partial(ClusterComputation, InlineCluster(3))),
    ):
        table = FeatureTable(BenchmarkSource(benchmark), indices, folder=tmp_path / name)
        for features in (some, more):  # the second time a part is there already
            table.compute(features, open_computation=computation)
        read.append(table.read(more))
    for field in ("units", "values", "valid", "roundoff"):
        np.testing.assert_array_equal(getattr(read[0], field), getattr(read[1], field))
    assert (read[0].roundoff[1:] > 0).all()


def test_as_many_networks_are_computed_at_once_as_there_are_workers(tmp_path):
    benchmark = benchmarks.load(str(write_tiny_benchmark(tmp_path, networks=3)))
    table = FeatureTable(BenchmarkSource(benchmark), np.arange(3), folder=tmp_path / "tables")
    asked = []

    class Watched(ClusterComputation):
        @property
        def at_once(self):
            asked.append(super().at_once)
            return asked[-1]

    features = [parse_program("numel(wt)")]
    table.compute(features, threads=1, open_computation=partial(Watched, InlineCluster(5)))
    assert set(asked) == {5}
