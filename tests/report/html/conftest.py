import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas.discovery.discovery import Discovery
from eznas.discovery.enumeration.enumeration import Enumeration
from eznas.discovery.enumeration.session import enumerate_in
from eznas.discovery.enumeration.settings import EnumerationSettings
from eznas.discovery.machine import Machine
from eznas.discovery.search_settings import SearchSettings
from eznas.discovery.session import discover
from eznas.discovery.settings import DiscoverySettings
from eznas.runs.run import Run
from eznas.runs.settings import RunSettings


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """The path of a benchmark of 24 tiny networks."""
    return str(write_tiny_benchmark(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory, table):
    """A finished run of part of a second."""
    quick = {"networks": 12, "generations": 3, "population": 8, "mu": 6, "lambda": 8, "hall_of_fame": 3, "threads": 1}
    path = tmp_path_factory.mktemp("runs") / "run-1"
    with Run.start(RunSettings.from_mapping({**quick, "benchmark": table}), path) as run:
        run.execute()
    return path


@pytest.fixture(scope="session")
def discovery_folder(tmp_path_factory, table):
    """A finished discovery of two epochs."""
    settings = DiscoverySettings(
        benchmarks=(table,),
        networks=10,
        validation=6,
        held_out=8,
        rounds=1,
        epochs=2,
        search=SearchSettings(islands=2, members=30, children=150),
    )
    folder = tmp_path_factory.mktemp("runs") / "discovery-1"
    machine = Machine(1, tables=tmp_path_factory.mktemp("tables"))
    discover(lambda: Discovery.on_benchmarks(settings, machine), folder, None, lambda _: None)
    return folder


@pytest.fixture(scope="session")
def enumeration_folder(tmp_path_factory, table):
    """A finished enumeration over few features."""
    settings = EnumerationSettings(
        benchmark=table,
        networks=10,
        validation=6,
        held_out=8,
        terminals=("wt", "act.data"),
        operations=("sum", "abs", "numel"),
        depth=1,
        sample_networks=2,
    )
    folder = tmp_path_factory.mktemp("runs") / "enumeration-1"
    machine = Machine(1, tables=tmp_path_factory.mktemp("tables"))
    enumerate_in(folder, lambda: Enumeration(settings, machine))
    return folder
