"""What runs and discoveries have computed by a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from eznas.cluster.cluster import Cluster
from eznas.cluster.features import ClusterComputation
from eznas.cluster.network_scores import score_on_cluster
from eznas.cluster.sharded_evaluator import sharded_evaluator
from eznas.discovery.machine import Machine
from eznas.runs.backend import Backend, Evaluators
from eznas.runs.inputs import RunInputs
from eznas.runs.settings import RunSettings


def cluster_backend(cluster: Cluster) -> Backend:
    """Return what computes the scores of a run by the workers of a cluster."""
    return Backend(partial(sharded_evaluators, cluster), partial(score_on_cluster, cluster))


@contextmanager
def sharded_evaluators(cluster: Cluster, settings: RunSettings, inputs: RunInputs) -> Iterator[Evaluators]:
    """Open the evaluators of a run, which are one."""
    with sharded_evaluator(cluster, settings, inputs) as evaluator:
        yield Evaluators(evaluator, evaluator)


def with_cluster(machine: Machine, cluster: Cluster) -> Machine:
    """Return a machine that searches formulas itself, and has features and scores computed by a cluster."""
    return replace(
        machine, open_computation=partial(ClusterComputation, cluster), score=partial(score_on_cluster, cluster)
    )
