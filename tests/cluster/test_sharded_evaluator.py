from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from inline_cluster import InlineCluster
from tiny_benchmark import write_tiny_benchmark

from eznas import genomes
from eznas.cluster import shard
from eznas.cluster.sharded_evaluator import sharded_evaluator
from eznas.cluster.worker import Preparation
from eznas.errors import EznasError
from eznas.ops.notation import parse_program
from eznas.runs.backend import own_evaluators
from eznas.runs.inputs import RunInputs
from eznas.runs.settings import RunSettings


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    table = write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=12)
    return RunSettings.from_mapping({"benchmark": str(table), "networks": 7, "threads": 1})


def programs(count=40):
    kind = genomes.get("tree")
    rng = np.random.default_rng(3)
    drawn = [kind.genome.random(rng, kind.settings()).compile() for _ in range(count)]
    # One that is finite on some networks alone: the logarithm of the determinant of what may be singular.
    return [program for program in [*drawn, parse_program("log_determinant(wt)")] if program.is_well_formed]


@pytest.mark.parametrize("only_complete", [False, True])
@pytest.mark.parametrize("workers", [1, 3, 20])
def test_scores_are_those_of_one_process(settings, workers, only_complete):
    inputs = RunInputs.of(settings)
    with own_evaluators(settings, inputs) as alone:
        expected = [alone.exact.scores(part, only_complete=only_complete) for part in (programs(), programs(60))]
    cluster = InlineCluster(workers)
    with sharded_evaluator(cluster, settings, RunInputs.of(settings)) as divided:
        for part, scores in zip((programs(), programs(60)), expected, strict=True):
            np.testing.assert_array_equal(divided.scores(part, only_complete=only_complete), scores)
    assert len(cluster.actors) == min(workers, 7)
    assert np.isnan(expected[1]).any()


@pytest.mark.parametrize("workers", [1, 3, 20])
def test_rounded_up_scores_are_those_of_one_process(settings, workers):
    inputs = RunInputs.of(settings)
    with own_evaluators(settings, inputs) as alone:
        expected = alone.exact.rounded_up(programs(10), [5, 0, 2])
    with sharded_evaluator(InlineCluster(workers), settings, RunInputs.of(settings)) as divided:
        np.testing.assert_array_equal(divided.rounded_up(programs(10), [5, 0, 2]), expected)


def test_a_program_without_a_score_on_one_network_has_none_on_those_of_other_workers(settings, monkeypatch):
    class Part:
        def __init__(self, _preparation, _settings, _fingerprints, positions, _memory_bytes):
            self.positions = np.array(positions)

        def scores(self, _programs, _only_complete):
            rows = np.ones((2, len(self.positions)))
            rows[0, self.positions == 4] = np.nan
            return shard.ShardScores(rows, self.positions == 5, {5: "no unit"}, ("here", 1))

    monkeypatch.setattr("eznas.cluster.sharded_evaluator.Shard", Part)
    inputs = RunInputs.of(settings)
    with sharded_evaluator(InlineCluster(3), settings, inputs) as divided:
        two = [parse_program("wt"), parse_program("abs(wt)")]
        assert np.isnan(divided.scores(two)).sum() == 1
        np.testing.assert_array_equal(np.isnan(divided.scores(two, only_complete=True)), [[True] * 7, [False] * 7])
        np.testing.assert_array_equal(divided.unscorable, np.arange(7) == 5)
    assert inputs.failures == {5: "no unit"}


def test_every_network_counts_as_progress(settings):
    told = []
    with sharded_evaluator(InlineCluster(3), settings, RunInputs.of(settings)) as divided:
        divided.scores([parse_program("wt")], lambda done, count: told.append((done, count)))
        assert divided.scores([]).shape == (0, 7)
    assert told == [(done, 7) for done in range(1, 8)]


def test_a_worker_that_was_replaced_is_told_of_once(settings, monkeypatch):
    cluster = InlineCluster(2)
    with sharded_evaluator(cluster, settings, RunInputs.of(settings)) as divided:
        divided.scores([parse_program("wt")])
        assert cluster.observer.messages == []
        monkeypatch.setattr(shard.os, "getpid", lambda: -1)
        for _ in range(2):
            divided.scores([parse_program("wt")])
    again = sorted(text.rpartition("of its ")[2] for text in cluster.observer.messages)
    assert again == ["3 networks again.", "4 networks again."]


def test_a_worker_refuses_other_data_and_other_versions(settings):
    inputs = RunInputs.of(settings)
    another = shard.Shard(Preparation.like_here(), settings, dict.fromkeys(inputs.fingerprints, "other"), [0], 0)
    with pytest.raises(EznasError, match=r"has other networks, accuracies or images on .*: bring the same files"):
        another.scores([], False)
    here = Preparation.like_here()
    older = replace(here, versions=(*here.versions[:-1], ("scipy", "0.1")))
    with pytest.raises(EznasError, match=r"has scipy .*, and this process 0\.1: install the same versions"):
        shard.Shard(older, settings, inputs.fingerprints, [0], 0).scores([], False)


@pytest.mark.parametrize("option", [{"units_per_shape": 1}, {"race_networks": 3, "race_share": 0.5}])
def test_options_that_one_process_alone_has_are_refused(settings, option):
    with (
        pytest.raises(EznasError, match="leave out --ray, or --units-per-shape and --race-networks"),
        sharded_evaluator(InlineCluster(2), replace(settings, **option), RunInputs.of(settings)),
    ):
        pass
