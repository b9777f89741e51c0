"""The networks of a new benchmark trained by the workers of a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from eznas.benchmarks.progress_file import Finished
from eznas.benchmarks.training_run import Campaign, Training, train_one
from eznas.cluster.cluster import Cluster
from eznas.cluster.worker import check_device


def train_on_cluster(cluster: Cluster, campaign: Campaign, todo: Sequence[Training]) -> Iterator[Finished]:
    """Yield every training as it finishes.

    Args:
        cluster: whose workers train, each one network on one thread.
        campaign: how to train; every machine must have the file of a space of the user's own at the same path.
        todo: what to train.

    Raises:
        EznasError: a network cannot be built or trained, or the device is not the processor.
    """
    check_device(campaign.device)
    folder = campaign.space_folder and campaign.space_folder.absolute()
    for _, finished in cluster.map(train_one, replace(campaign, space_folder=folder), todo):
        yield finished
