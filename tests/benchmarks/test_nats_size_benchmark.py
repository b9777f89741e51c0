import numpy as np
import pytest

from eznas import benchmarks
from eznas.data.compact_table import CompactTable
from eznas.errors import EznasError
from eznas.spaces.nats_size import all_architectures

NAMES = ["natsbench-size-cifar10", "natsbench-size-cifar100", "natsbench-size-imagenet16-120"]
ARCHITECTURES = tuple(all_architectures())


def table(name, count=32_768, splits=("validation", "test")):
    accuracies = {split: np.arange(count) / 400 + number for number, split in enumerate(splits)}
    return CompactTable(name, 90, count, "made up", ARCHITECTURES[:count], accuracies).to_bytes()


@pytest.fixture
def data(monkeypatch, tmp_path):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    for folder in ("natsbench", "images"):
        (tmp_path / folder).mkdir()
    for dataset in ("cifar10", "cifar100"):
        np.savez(tmp_path / "images" / f"{dataset}_1280.npz", x_train=np.zeros((4, 32, 32, 3), dtype=np.uint8))
    np.savez(
        tmp_path / "images" / "imagenet16_like_1000.npz",
        x=np.zeros((2, 16, 16, 3), dtype=np.uint8),
        label=np.array([1, 500]),
    )
    return tmp_path


@pytest.mark.parametrize(("name", "size", "classes"), list(zip(NAMES, [32, 32, 16], [10, 100, 120], strict=True)))
def test_loads(data, name, size, classes):
    (data / "natsbench" / f"size_{name.removeprefix('natsbench-size-')}.msgpack").write_bytes(table(name))
    benchmark = benchmarks.load(name)
    assert (benchmark.name, benchmark.image_size, benchmark.num_classes) == (name, size, classes)
    assert (len(benchmark), benchmark.epochs, benchmark.accuracy_split) == (32_768, 90, "validation")
    assert benchmark.accuracies[400] == 1.0
    assert benchmarks.load(name, "test").accuracies[400] == 2.0
    assert benchmark.find("8:8:8:8:16") == 1
    assert benchmark.image_batch(1, np.random.default_rng(0)).shape == (1, 3, size, size)
    assert ("stand-in" in benchmark.description) == (size == 16)


def test_what_cannot_be_used_is_told(data):
    path = data / "natsbench" / "size_cifar10.msgpack"
    with pytest.raises(EznasError, match=r"size_cifar10\.msgpack is missing .*NATS-sss-v1_0-50262-simple\.tar"):
        benchmarks.load(NAMES[0])
    path.write_bytes(table(NAMES[0], count=1000))
    with pytest.raises(EznasError, match="has 1,000 of 32,768 networks"):
        benchmarks.load(NAMES[0])
    path.write_bytes(table(NAMES[0], splits=("validation",)))
    with pytest.raises(EznasError, match="the accuracies validation: import the official archive again"):
        benchmarks.load(NAMES[0], "test")
    path.write_bytes(table(NAMES[1]))
    with pytest.raises(EznasError, match="is of 'natsbench-size-cifar100'"):
        benchmarks.load(NAMES[0])
    with pytest.raises(EznasError, match="no split 'train': choose validation or test"):
        benchmarks.load(NAMES[0], "train")
