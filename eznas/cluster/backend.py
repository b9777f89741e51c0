"""What runs and discoveries have computed by a cluster."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from eznas.cluster.cluster import Cluster
from eznas.cluster.features import ClusterComputation
from eznas.cluster.network_scores import score_on_cluster
from eznas.cluster.sharded_evaluator import sharded_evaluator
from eznas.discovery.machine import Machine
from eznas.runs.backend import Backend


def cluster_backend(cluster: Cluster) -> Backend:
    """Return what computes the scores of a run by the workers of a cluster."""
    return Backend(partial(sharded_evaluator, cluster), partial(score_on_cluster, cluster))


def with_cluster(machine: Machine, cluster: Cluster) -> Machine:
    """Return a machine that searches formulas itself, and has features and scores computed by a cluster."""
    return replace(
        machine, open_computation=partial(ClusterComputation, cluster), score=partial(score_on_cluster, cluster)
    )
