from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_benchmark import write_tiny_benchmark

from eznas.errors import EznasError
from eznas.runs.inputs import RunInputs
from eznas.runs.settings import RunSettings


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The paths of two tables, one with more networks than the other."""
    return [str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=networks)) for networks in (16, 12)]


def test_every_benchmark_is_as_if_it_were_the_only_one(tables):
    settings = RunSettings(benchmark=tables, networks=5, fitness_samples="2x4", seed=3)
    both = RunInputs.of(settings)
    assert both.training_count == 10
    for which, table in enumerate(tables):
        alone = RunInputs.of(replace(settings, benchmark=table))
        (one,) = alone.benchmarks
        same = both.benchmarks[which]
        assert np.array_equal(same.split.training, one.split.training)
        assert np.array_equal(same.split.held_out, one.split.held_out)
        assert np.array_equal(same.split.subsamples, one.split.subsamples)
        for position in range(5):
            here, there = both.collect(5 * which + position), alone.collect(position)
            assert here.name == there.name == same.benchmark.architectures[same.split.training[position]]
            assert np.array_equal(here.values, there.values)


def test_accuracies_stand_where_the_statistics_are(tables):
    inputs = RunInputs.of(RunSettings(benchmark=tables, networks=5, fitness_samples="2x4"))
    for ranked, one in zip(inputs.ranked_networks(), inputs.benchmarks, strict=True):
        assert ranked.subsamples == one.split.subsamples
        for position, accuracy in zip(ranked.positions, ranked.accuracies, strict=True):
            index = one.benchmark.find(inputs.collect(int(position)).name)
            assert one.benchmark.accuracies[index] == accuracy
    assert [ranked.positions.tolist() for ranked in inputs.ranked_networks()] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_networks_that_are_all_equally_good_are_refused(tables, tmp_path):
    path = write_tiny_benchmark(tmp_path, networks=8)
    header, *rows = path.read_text().splitlines()
    equal = [f"{row.rsplit(',', 1)[0]},50" for row in rows[:-1]]
    path.write_text("\n".join([header, *equal, f"{rows[-1].rsplit(',', 1)[0]},60"]) + "\n")
    settings = RunSettings(benchmark=[tables[0], str(path)], networks=8)
    assert RunInputs.of(settings).training_count == 16
    with pytest.raises(EznasError, match=r"3 networks of .*tiny\.csv .* accuracy 50, .* seed than 0"):
        RunInputs.of(replace(settings, fitness_samples="6x3"))


def test_a_benchmark_with_too_few_networks_is_named(tables):
    with pytest.raises(EznasError, match=r"networks is 14, but .* has 12 networks"):
        RunInputs.of(RunSettings(benchmark=tables, networks=14))


def test_a_network_without_statistics_is_told_and_has_no_unit(tables):
    inputs = RunInputs.of(RunSettings(benchmark=tables, networks=5))
    second = inputs.benchmarks[1]
    broken = int(second.split.training[2])
    build = second.benchmark.build

    def build_or_fail(index):
        return torch.nn.Flatten() if index == broken else build(index)

    object.__setattr__(
        second.statistics,
        "_benchmark",
        SimpleNamespace(build=build_or_fail, architectures=second.benchmark.architectures),
    )
    assert [inputs.collect(position).units == 0 for position in range(10)] == [place == 7 for place in range(10)]
    (sentence,) = inputs.unscored_networks()
    assert re.match(
        r"1 of 5 training networks of .*tiny.* ranked at the bottom. The first one: Network .* no", sentence
    )


def test_a_benchmark_none_of_whose_networks_has_statistics_is_refused(tables):
    inputs = RunInputs.of(RunSettings(benchmark=tables[0], networks=5))
    inputs.failures.update(dict.fromkeys(range(5), "Network 'a' has no unit."))
    with pytest.raises(EznasError, match=r"None of the 5 training networks of .* has statistics\. Network 'a'"):
        inputs.unscored_networks()
