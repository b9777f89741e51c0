"""A tiny benchmark, and settings under which an evolution on it takes part of a second."""

from __future__ import annotations

import pytest
from tiny_benchmark import write_tiny_benchmark


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """The path of a table of 16 tiny networks."""
    return str(write_tiny_benchmark(tmp_path_factory.mktemp("first"), networks=16))


@pytest.fixture(scope="session")
def other_table(tmp_path_factory):
    """The path of a table of 14 of the same networks, under another name."""
    path = write_tiny_benchmark(tmp_path_factory.mktemp("second"), networks=14)
    for file in (path, path.with_suffix(".json")):
        file.rename(file.with_stem("other"))
    return str(path.with_stem("other"))


@pytest.fixture(scope="session")
def quick():
    """Settings of runs, by key."""
    return {"networks": 8, "generations": 2, "population": 8, "mu": 5, "lambda": 8, "hall_of_fame": 2, "threads": 1}


@pytest.fixture
def lines():
    """A list that serves as a report of progress by its `append`."""
    return []
