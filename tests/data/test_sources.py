import subprocess
import sys
import urllib.parse

import pytest

from eznas import benchmarks
from eznas.data import sources
from eznas.data.sources import SOURCES, find, how_to_get
from eznas.errors import EznasError


def test_every_source_can_be_had_in_a_way_that_is_told():
    assert len(set(sources.names())) == len(SOURCES)
    for source in SOURCES:
        assert source.downloads or source.by_hand
        assert source.content in source.how_to_get
        assert bool(source.downloads) == (f"`eznas data fetch {source.name}`" in source.how_to_get)
        for download in source.downloads:
            assert urllib.parse.urlparse(download.url).scheme == "https"
            assert download.converted or download.file in source.files
            assert download.sha256 is None or len(bytes.fromhex(download.sha256)) == 32


def test_addresses_of_repositories_name_a_commit():
    for source in SOURCES:
        for download in source.downloads:
            if "githubusercontent" in download.url:
                assert len(bytes.fromhex(urllib.parse.urlparse(download.url).path.split("/")[3])) == 20
                assert download.sha256


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nds", ["nds"]),
        ("darts-1000", ["darts-1000"]),
        ("darts-1000-w36-d20", ["darts-1000", "cifar10"]),
        ("nds-darts", ["nds", "cifar10"]),
        ("nds-nasnet-in", ["nds", "imagenet"]),
        ("nasbench201-cifar100", ["nasbench201", "cifar100"]),
        ("nasbench201-imagenet16-120", ["nasbench201", "imagenet16"]),
        ("natsbench-size-cifar10", ["natsbench-size", "cifar10"]),
    ],
)
def test_a_benchmark_stands_for_all_it_needs(name, expected):
    assert [source.name for source in find(name)] == expected


def test_every_benchmark_without_embedded_data_has_sources():
    for name in benchmarks.names():
        if not name.startswith("digits"):
            assert find(name)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(EznasError, match="no data called 'nasbench-201': did you mean nasbench201"):
        find("nasbench-201")
    with pytest.raises(EznasError, match="choose one of nasbench201, proxies201"):
        find("qqq")


def test_a_missing_file_is_told_with_the_command_that_fetches_it():
    assert "`eznas data fetch nds` gets it" in how_to_get("nds/DARTS.msgpack")
    assert "NATS-sss-v1_0-50262-simple" in how_to_get("natsbench/size_cifar10.msgpack")


def test_sources_load_neither_numpy_nor_torch():
    code = "import sys, eznas.data.sources; sys.exit(any(name in sys.modules for name in ('torch', 'numba', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
