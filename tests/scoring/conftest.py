from __future__ import annotations

import os
import time

import pytest

from eznas.scoring import helping
from eznas.system.helpers import Helpers
from eznas.system.processes import allow_processes


@pytest.fixture(scope="module")
def one_helper():
    """Helpers with one process that waits for requests."""
    if os.name != "posix":
        pytest.skip("helpers need POSIX descriptors")
    made = Helpers("eznas.scoring.helping:answer")
    allow_processes()
    made._start()
    end = time.monotonic() + 60
    while not made._helpers[0].connection.poll(1):
        assert time.monotonic() < end
    yield made
    made.close()
    allow_processes(False)


@pytest.fixture
def helper(one_helper, monkeypatch):
    """The same, as those of this process."""
    monkeypatch.setattr(helping, "HELPERS", one_helper)
    return one_helper
