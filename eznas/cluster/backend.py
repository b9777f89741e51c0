"""A run whose scores are computed by a cluster."""

from __future__ import annotations

from functools import partial

from eznas.cluster.cluster import Cluster
from eznas.cluster.network_scores import score_on_cluster
from eznas.cluster.sharded_evaluator import sharded_evaluator
from eznas.runs.backend import Backend


def cluster_backend(cluster: Cluster) -> Backend:
    """Return what computes the scores of a run by the workers of a cluster."""
    return Backend(partial(sharded_evaluator, cluster), partial(score_on_cluster, cluster))
