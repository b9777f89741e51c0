from __future__ import annotations

import numpy as np
import pytest
from inline_cluster import InlineCluster, Told
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks
from eznas.cluster.network_scores import score_on_cluster
from eznas.errors import EznasError
from eznas.runs.proxy_argument import resolve_proxy
from eznas.scoring.benchmark_recipe import BenchmarkRecipe
from eznas.scoring.scores import score_networks
from eznas.scoring.settings import ScoringSettings


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=24)))


def test_scores_are_those_of_one_process(benchmark):
    proxies = [resolve_proxy(text) for text in ("eznas-a", "naswot", "rank(params,naswot)", "invert(zeros_like(wt))")]
    indices = np.array([5, 3, 20, 1, 0, 7, 9, 11, 2, 23, 22, 8, 6, 4, 10, 12, 13])
    settings = ScoringSettings(threads=2)
    expected = score_networks(proxies, benchmark, indices, settings)
    observer = Told()
    scores = score_on_cluster(InlineCluster(1), proxies, benchmark, indices, settings, observer)
    np.testing.assert_array_equal(scores.values, expected.values)
    np.testing.assert_array_equal(scores.coverage, expected.coverage)
    assert scores.unscored == expected.unscored
    assert scores.without_units == expected.without_units
    assert len(scores.unscored[3]) == len(indices) == observer.advanced


def test_no_network_has_no_scores(benchmark):
    scores = score_on_cluster(
        InlineCluster(2), [resolve_proxy("params")], benchmark, np.array([], np.int64), ScoringSettings()
    )
    assert scores.values.shape == (1, 0)


def test_a_machine_with_another_table_is_refused(benchmark):
    recipe = BenchmarkRecipe(benchmark.name, benchmark.accuracy_split, "another")
    with pytest.raises(EznasError, match=r"has other networks or images on .*: bring the same files to all machines"):
        recipe.load()
    assert BenchmarkRecipe.of(benchmark).load().architectures == benchmark.architectures
