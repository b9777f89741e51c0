from dataclasses import replace

import numpy as np
import pytest
import torch
from official_archives import (
    SIZES,
    Touch,
    cells_content,
    cifar10_archive,
    nats_file,
    nats_folder,
    nds_record,
    nds_zip,
    write_bz2,
)

from eznas import benchmarks
from eznas.benchmarks import nasbench201, nats_size
from eznas.data import importing
from eznas.data.importing import import_path
from eznas.data.official_tables import NASBENCH_201, NATS_SIZE
from eznas.data.sums import recorded_sums
from eznas.errors import EznasError
from eznas.spaces.nasbench201 import all_architectures

RNG = np.random.default_rng(0)
CELLS = tuple(all_architectures())[:5]


@pytest.fixture
def data(monkeypatch, tmp_path):
    """An empty data folder, and benchmarks of four and five networks."""
    folder = tmp_path / "data"
    monkeypatch.setenv("EZNAS_DATA", str(folder))
    _expect_sizes(monkeypatch, len(SIZES))
    expected = replace(NASBENCH_201, networks=len(CELLS))
    for module in (importing, nasbench201):
        monkeypatch.setattr(module, "NASBENCH_201", expected)
    return folder


def _expect_sizes(monkeypatch, count):
    expected = replace(NATS_SIZE, networks=count)
    for module in (importing, nats_size):
        monkeypatch.setattr(module, "NATS_SIZE", expected)


def records(space, count, **settings):
    return [nds_record(space, RNG, 5.0 + index, **settings) for index in range(count)]


@pytest.mark.parametrize("form", [nats_folder, nats_file])
def test_natsbench_becomes_three_benchmarks(data, tmp_path, form):
    imported = import_path(form(tmp_path / "NATS-sss-v1_0-50262.pickle.pbz2"), data)
    assert imported.refused == ()
    assert sorted(recorded_sums(data)) == sorted(imported.files)
    for name in ("cifar10", "cifar100", "imagenet16-120"):
        benchmark = benchmarks.load(f"natsbench-size-{name}")
        assert benchmark.architectures == SIZES
        np.testing.assert_array_equal(benchmark.accuracies, np.arange(4) + 50.5)
        assert (benchmark.epochs, benchmark.accuracy_split) == (90, "validation")
        np.testing.assert_array_equal(benchmarks.load(benchmark.name, "test").accuracies, np.arange(4) + 51.5)


def test_nasbench201_becomes_the_tables_that_are_published(data, tmp_path):
    path = tmp_path / "NAS-Bench-201-v1_1-096897.pth"
    torch.save(cells_content(CELLS), path)
    assert len(import_path(path, data).files) == 3
    benchmark = benchmarks.load("nasbench201-cifar10")
    assert benchmark.architectures == CELLS
    np.testing.assert_array_equal(benchmark.accuracies, [50.0, 51.5, 53.0, 53.0, 54.5])
    table = data / "nasbench201" / "nasbench201_ImageNet16-120.csv"
    header, first, *_ = table.read_text().splitlines()
    assert header == "file id,arch str,cfg name,C,N,train accuracy,validation accuracy,test accuracy"
    assert first == f"0,{CELLS[0]},infer.tiny,16,5,100.0,50.0,51.0"
    # A table is imported as it is.
    content = table.read_bytes()
    again = tmp_path / table.name
    again.write_bytes(content)
    table.unlink()
    assert import_path(again, data).files == ("nasbench201/nasbench201_ImageNet16-120.csv",)
    assert table.read_bytes() == content


def test_the_nds_archive_becomes_a_benchmark_for_each_sweep(data, tmp_path):
    sweeps = {"DARTS": records("nds-darts", 3), "Vanilla": records("nds-vanilla", 2), "ResNet_rng1": [1]}
    imported = import_path(nds_zip(tmp_path / "data.zip", sweeps), data)
    assert imported.files == ("nds/DARTS.msgpack", "nds/Vanilla.msgpack")
    benchmark = benchmarks.load("nds-darts")
    np.testing.assert_array_equal(benchmark.accuracies, [95.0, 94.0, 93.0])
    assert len(benchmarks.load("nds-vanilla")) == 2


def test_a_bad_sweep_does_not_keep_the_others_out(data, tmp_path):
    bad = records("nds-enas", 2)
    del bad[1]["test_ep_top1"]
    path = nds_zip(tmp_path / "data.zip", {"DARTS": records("nds-darts", 2), "ENAS": bad})
    imported = import_path(path, data)
    assert imported.files == ("nds/DARTS.msgpack",)
    assert imported.refused == (
        f"{path}, record 1, has no 'test_ep_top1': the file is not an official one; download it again.",
    )
    with pytest.raises(EznasError, match="record 1, has no 'test_ep_top1'"):
        import_path(nds_zip(tmp_path / "enas.zip", {"ENAS": bad}), data)


def test_the_cifar_archive_becomes_images(data, tmp_path):
    images = np.zeros((2000, 32, 32, 3), dtype=np.uint8)
    path = cifar10_archive(tmp_path / "cifar-10-python.tar.gz", images, np.arange(2000) % 10)
    assert import_path(path, data).files == ("images/cifar10_1280.npz", "images/cifar10_12k.npz")
    with np.load(data / "images" / "cifar10_12k.npz") as large, np.load(data / "images" / "cifar10_1280.npz") as small:
        assert large["x_train"].shape == (10_000, 32, 32, 3)
        np.testing.assert_array_equal(large["x_train"][:1280], small["x_train"])
        np.testing.assert_array_equal(np.bincount(small["y_train"]), [128] * 10)
        np.testing.assert_array_equal(np.bincount(small["y_test"]), [32] * 10)


def test_an_archive_of_another_size_is_refused(data, tmp_path, monkeypatch):
    path = nats_folder(tmp_path / "simple")
    _expect_sizes(monkeypatch, 32_768)
    with pytest.raises(EznasError, match="has 4 networks, and NATS-Bench's size space has 32,768"):
        import_path(path, data)
    assert not data.exists()


def test_nothing_is_executed_and_nothing_written(data, tmp_path):
    path = write_bz2(tmp_path / "NATS-sss-v1_0-50262.pickle.pbz2", {"meta_archs": Touch(tmp_path / "executed")})
    with pytest.raises(EznasError, match="was refused: reading it would use"):
        import_path(path, data)
    assert not (tmp_path / "executed").exists()
    assert not data.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "text", "is of no form that is known"),
        ("a.zip", "text", "holds no NDS file, or a download of one that is cut off"),
        ("a.csv", "file id,arch str\n0,x\n", "does not tell its dataset: call it nasbench201_cifar10.csv"),
        ("nasbench201_cifar10.csv", "file id,arch str\n0,x\n", "line 2, arch str"),
        ("a.csv", '"Genotype(normal=[], reduce=[])",85.0\n', "line 1, genotype"),
        ("a.csv", '"Genotype(normal=[], reduce=[])"\n', "line 1: the row has 1 cells"),
    ],
)
def test_other_files_are_told_apart(data, tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(EznasError, match=message):
        import_path(path, data)
    assert not data.exists()


def test_a_missing_path_is_told(data, tmp_path):
    with pytest.raises(EznasError, match=r"data\.zip does not exist: give a file or folder that you downloaded"):
        import_path(tmp_path / "data.zip", data)
