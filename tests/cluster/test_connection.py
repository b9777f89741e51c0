from __future__ import annotations

import socket
import sys
import time

import pytest

from eznas.cluster.connection import connected
from eznas.errors import EznasError
from eznas.observer import SilentObserver


def refusal(where):
    started = time.monotonic()
    with pytest.raises(EznasError) as caught, connected(where, 1, SilentObserver()):
        pass
    assert time.monotonic() - started < 60
    return str(caught.value)


def test_without_ray_one_sentence_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert refusal("local") == "--ray needs Ray: install it with `pip install 'eznas[ray]'`."


@pytest.mark.parametrize("where", ["locl", "ray://host:10001", "host:", ":6379", "6379", ""])
def test_an_address_is_a_host_and_a_port(where):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'eznas[ray]'")
    assert "give local, or HOST:PORT of the head of a cluster" in refusal(where)


def test_where_nothing_listens_there_is_no_cluster():
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'eznas[ray]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        assert refusal(address).startswith(f"There is no Ray cluster at {address} (")


@pytest.mark.slow
def test_what_listens_may_be_something_else():
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'eznas[ray]'")
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert "though something listens" in refusal(f"127.0.0.1:{server.getsockname()[1]}")
