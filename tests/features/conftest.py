import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A benchmark of 24 tiny networks."""
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("tiny"))))
