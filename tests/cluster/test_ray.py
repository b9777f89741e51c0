"""A Ray cluster of three machines, which are processes of this one, and workers of it that are killed."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import dying
import numpy as np
import pytest
from inline_cluster import Told

from eznas import benchmarks
from eznas.benchmarks.digit_images import DigitRecipe, make_digit_images
from eznas.benchmarks.training_run import Campaign, in_processes, train_benchmark
from eznas.benchmarks.training_settings import TrainingSettings
from eznas.cluster.connection import connected
from eznas.cluster.features import ClusterComputation
from eznas.cluster.network_scores import score_on_cluster
from eznas.cluster.sharded_evaluator import sharded_evaluator
from eznas.cluster.training import train_on_cluster
from eznas.errors import EznasError
from eznas.features.computation import OwnComputation
from eznas.features.source import BenchmarkSource
from eznas.features.table import FeatureTable
from eznas.observer import SilentObserver
from eznas.ops.notation import parse_program
from eznas.runs.backend import Backend, Evaluators
from eznas.runs.inputs import RunInputs
from eznas.runs.proxy_argument import resolve_proxy
from eznas.runs.run import Run
from eznas.runs.settings import RunSettings
from eznas.scoring.evaluation import evaluate

pytest.importorskip("ray", reason="Ray is not installed: pip install 'eznas[ray]'")
pytestmark = pytest.mark.slow

OBJECT_BYTES = 80 * 2**20


@pytest.fixture(scope="module")
def machines():
    """Three machines with one core each."""
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  Ray's own spelling
    from ray import cloudpickle
    from ray.cluster_utils import Cluster

    cloudpickle.register_pickle_by_value(dying)  # workers do not have the folder of the tests on their path

    options = {"num_cpus": 1, "object_store_memory": OBJECT_BYTES}
    made = Cluster(initialize_head=True, head_node_args={**options, "include_dashboard": False})
    nodes = [made.add_node(**options) for _ in range(2)]
    yield made, nodes
    made.shutdown()


@pytest.fixture(scope="module")
def cluster(machines):
    with connected(machines[0].address, 1, Told()) as joined:
        yield joined


@pytest.fixture(scope="module")
def settings():
    quick = {"networks": 9, "held_out": 12, "generations": 3, "population": 12, "mu": 6, "lambda": 12, "threads": 1}
    return RunSettings.from_mapping({**quick, "benchmark": "digits"})


class Killer(SilentObserver):
    """Stops a worker before each of three generations, so that it is killed in the midst of answering."""

    def __init__(self, cluster):
        self.cluster, self.evaluator, self.stopped, self.killed = cluster, None, None, 0

    @contextmanager
    def open_evaluators(self, settings, inputs):
        with sharded_evaluator(self.cluster, settings, inputs) as self.evaluator:
            yield Evaluators(self.evaluator, self.evaluator)

    def evaluating(self, generation, total, *, collecting):
        if generation:
            self.stopped = generation - 1
            os.kill(self.evaluator._processes[self.stopped][1], signal.SIGSTOP)

    def answers(self, asked):
        if self.stopped is not None:
            if self.stopped == 0:
                self.cluster._ray.kill(self.evaluator._shards[0], no_restart=False)
            else:
                os.kill(self.evaluator._processes[self.stopped][1], signal.SIGKILL)
            self.stopped = None
            self.killed += 1
        return type(self.cluster).answers(self.cluster, asked)


def test_a_run_is_the_same_though_three_workers_are_killed(cluster, settings, tmp_path, monkeypatch):
    with Run.start(settings, tmp_path / "alone") as run:
        run.execute()
    killer = Killer(cluster)
    monkeypatch.setattr(cluster, "answers", killer.answers)
    with Run.start(replace(settings, memory="100MB"), tmp_path / "divided", killer) as run:
        run.execute(Backend(killer.open_evaluators, partial(score_on_cluster, cluster)))
    for name in ("hall_of_fame.json", "history.jsonl", "networks.json"):
        assert (tmp_path / "divided" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    assert killer.killed == 3
    assert sum("has collected the statistics of its 3 networks again" in one for one in cluster.observer.messages) == 3


def test_proxies_are_evaluated_alike(cluster):
    def figures(**how):
        proxies = [resolve_proxy(text) for text in ("eznas-a", "synflow", "naswot")]
        evaluation = evaluate(proxies, benchmarks.load("digits"), networks=14, threads=1, **how)
        scores = np.array([ranking.scores for ranking in evaluation.rankings])
        return {**evaluation.to_dict(), "seconds": 0}, scores.tobytes()

    assert figures(score=partial(score_on_cluster, cluster)) == figures()


def test_a_table_of_features_is_the_same(cluster, tmp_path):
    features = [parse_program(text) for text in ("numel(wt)", "l1_norm(inp_grad.data)", "frobenius_norm(act.noise)")]
    read = []
    for name, computation in (("alone", OwnComputation), ("cluster", partial(ClusterComputation, cluster))):
        table = FeatureTable(BenchmarkSource(benchmarks.load("digits")), np.arange(6), folder=tmp_path / name)
        table.compute(features, threads=1, open_computation=computation)
        read.append(table.read(features))
    for field in ("units", "values", "valid", "roundoff"):
        np.testing.assert_array_equal(getattr(read[0], field), getattr(read[1], field))


def test_trained_networks_are_the_same(cluster, tmp_path):
    images = make_digit_images(DigitRecipe(train_images=20, test_images=10))
    campaign = Campaign(images, TrainingSettings(epochs=1, batch_size=10), space_settings={"channels": 8, "cells": 1})
    networks = list(benchmarks.load("digits").architectures[:2])
    ours = train_benchmark(campaign, networks, 2, tmp_path / "ours", partial(train_on_cluster, cluster))
    np.testing.assert_array_equal(ours, train_benchmark(campaign, networks, 2, tmp_path / "theirs", in_processes(1)))


def test_what_a_lost_worker_did_is_done_again(cluster, tmp_path):
    assert sorted(cluster.map(dying.die_once, tmp_path, range(5))) == [(item, 2 * item) for item in range(5)]


def test_an_item_that_ends_every_worker_is_given_up(cluster):
    with pytest.raises(EznasError, match=r"was ended 4 times by the same work .*, perhaps because memory ran out"):
        list(cluster.map(dying.die, None, [0]))


def test_the_sentence_of_a_worker_is_that_of_the_command(cluster):
    with pytest.raises(EznasError, match=r"^No item\.$"):
        list(cluster.map(dying.refuse, None, ["item"]))


def test_a_machine_may_be_lost(machines, cluster, settings):
    """The last test, as it leaves the cluster with two machines."""
    made, nodes = machines
    programs = [parse_program(text) for text in ("l1_norm(wt)", "sigmoid(inp_grad.data)")]
    with sharded_evaluator(cluster, settings, RunInputs.of(settings)) as evaluator:
        before = evaluator.scores(programs)
        made.remove_node(nodes[0])
        np.testing.assert_array_equal(evaluator.scores(programs), before)
