"""The connection to Ray: a cluster of this machine that ends with the command, or one that is there already."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from eznas.cluster.cluster import Cluster, Host
from eznas.cluster.worker import Preparation
from eznas.errors import EznasError, first_line, shown
from eznas.observer import RunObserver

LOCAL: Final = "local"

_PROBE_SECONDS: Final = 3.0
_STATUS_SECONDS: Final = 20.0
_OBJECT_BYTES: Final = 256 * 2**20
"""Memory that a cluster of one machine has for what travels: programs, scores and images."""

_ENVIRONMENT: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",  # else Ray tells its makers of every cluster
    "RAY_worker_niceness": "0",  # else 15 below this process: on a machine that others use, workers hardly run
}
"""What a cluster of one machine is started with, unless the user says otherwise."""


@contextmanager
def connected(where: str, workers: int, observer: RunObserver) -> Iterator[Cluster]:
    """Connect to a Ray cluster, and leave it at the end.

    Args:
        where: `local` for one of this machine, which ends with the block; or `HOST:PORT` of the head of another.
        workers: of a local cluster; another one gives a worker for each of its cores.
        observer: is told that the cluster is joined, and of workers that were lost.

    Raises:
        EznasError: Ray is not installed, or there is no cluster at the address.
    """
    observer.phase(f"joining the Ray cluster {where}")
    ray = _ray()
    if where == LOCAL:
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        options: dict[str, Any] = {
            "address": LOCAL,
            "num_cpus": workers,
            "object_store_memory": _OBJECT_BYTES,
            "include_dashboard": False,
        }
    else:
        _check_address(where)
        options = {"address": where}
    try:
        try:
            ray.init(logging_level="ERROR", log_to_driver=False, **options)
        except Exception as error:  # of many kinds, for an address of a cluster that this process cannot join
            raise EznasError(f"The Ray cluster {where} cannot be joined ({first_line(error)}).") from error
        # Ray has no other switch for its messages on stdout of every worker that was lost; what it means is told by us.
        ray._private.worker._worker_logs_enabled = False
        alive = [node for node in ray.nodes() if node["Alive"]]
        machines = [Host(node["NodeID"], int(node["Resources"].get("CPU", 0))) for node in alive]
        if not any(machine.workers for machine in machines):
            raise EznasError(f"The Ray cluster {where} has no processor core: start machines with `ray start`.")
        yield Cluster(ray, machines, Preparation.like_here(), observer)
    finally:
        ray.shutdown()


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise EznasError("--ray needs Ray: install it with `pip install 'eznas[ray]'`.") from None
    return ray


def _check_address(address: str) -> None:
    """Raise an `EznasError` unless the head of a Ray cluster listens there: Ray itself would end this process."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise EznasError(
            f"--ray is {shown(address)}: give local, or HOST:PORT of the head of a cluster, as `ray start` prints it."
        )
    there = f"There is no Ray cluster at {address}"
    way_out = "start its head with `ray start --head`, or give --ray local."
    try:
        socket.create_connection((host, int(port)), timeout=_PROBE_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise EznasError(f"{there} ({first_line(error)}): {way_out}") from None
    status = [sys.executable, "-m", "ray.scripts.scripts", "status", "--address", address]
    try:
        answer = subprocess.run(status, capture_output=True, timeout=_STATUS_SECONDS, check=False).returncode
    except subprocess.TimeoutExpired:
        answer = None
    if answer != 0:
        raise EznasError(f"{there}, though something listens: {way_out}")
