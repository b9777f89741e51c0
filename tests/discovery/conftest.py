import pytest
from tiny_benchmark import write_tiny_benchmark


@pytest.fixture(scope="session")
def tiny_table(tmp_path_factory):
    """The path of a benchmark of 24 tiny networks."""
    return str(write_tiny_benchmark(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="session")
def other_table(tmp_path_factory):
    """The path of a benchmark of 20 other networks."""
    return str(write_tiny_benchmark(tmp_path_factory.mktemp("other"), networks=20, seed=8))


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    """A folder of feature tables that all tests of a session share."""
    return tmp_path_factory.mktemp("tables")
