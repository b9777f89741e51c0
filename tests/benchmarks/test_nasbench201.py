import os

import numpy as np
import pytest

from eznas import benchmarks
from eznas.errors import EznasError
from eznas.spaces.nasbench201 import all_architectures, operation_indices

NAMES = ["nasbench201-cifar10", "nasbench201-cifar100", "nasbench201-imagenet16-120"]
HEADER = "file id,arch str,cfg name,C,N,train accuracy,validation accuracy,test accuracy\n"
ROWS = [
    f"{index},{architecture},infer.tiny,16,5,99.5,{index / 200},{index / 300}\n"
    for index, architecture in enumerate(all_architectures())
]
IMAGES_32 = np.random.default_rng(0).integers(256, size=(4, 32, 32, 3), dtype=np.uint8)
IMAGES_16 = np.random.default_rng(0).integers(256, size=(6, 16, 16, 3), dtype=np.uint8)

real_data = pytest.mark.skipif("EZNAS_DATA" not in os.environ, reason="EZNAS_DATA does not name the data folder")


@pytest.fixture
def data(monkeypatch, tmp_path):
    """A data folder with complete tables and a few images."""
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    for folder in ("nasbench201", "images"):
        (tmp_path / folder).mkdir()
    for dataset in ("cifar10", "cifar100", "ImageNet16-120"):
        (tmp_path / "nasbench201" / f"nasbench201_{dataset}.csv").write_text(HEADER + "".join(ROWS))
    for dataset in ("cifar10", "cifar100"):
        np.savez(tmp_path / "images" / f"{dataset}_1280.npz", x_train=IMAGES_32)
    np.savez(tmp_path / "images" / "imagenet16_like_1000.npz", x=IMAGES_16, label=np.array([1, 500, 120, 121, 7, 0]))
    return tmp_path


@pytest.mark.parametrize(("name", "size", "classes"), list(zip(NAMES, [32, 32, 16], [10, 100, 120], strict=True)))
def test_loads(data, name, size, classes):
    benchmark = benchmarks.load(name)
    assert (benchmark.name, benchmark.image_size, benchmark.num_classes) == (name, size, classes)
    assert (len(benchmark), benchmark.epochs, benchmark.accuracy_split) == (15_625, 200, "validation")
    assert benchmark.accuracies[200] == 1.0
    assert benchmark.image_batch(2, np.random.default_rng(0)).shape == (2, 3, size, size)


def test_the_split_is_an_option(data):
    assert benchmarks.load(NAMES[0], split="test").accuracies[300] == 1.0
    assert benchmarks.load(NAMES[0], split="test").accuracy_split == "test"
    with pytest.raises(EznasError, match="no split 'train': choose validation or test"):
        benchmarks.load(NAMES[0], split="train")


def test_imagenet_images_are_those_of_the_first_120_classes(data):
    np.testing.assert_array_equal(benchmarks.load(NAMES[2]).images, IMAGES_16[[0, 2, 4]])
    assert "stand-in" in benchmarks.load(NAMES[2]).description


def test_images_without_a_fitting_label_are_refused(data):
    path = data / "images" / "imagenet16_like_1000.npz"
    np.savez(path, x=IMAGES_16, label=np.arange(5))
    with pytest.raises(EznasError, match=r"'label' in .*one integer for each of the 6 images"):
        _ = benchmarks.load(NAMES[2]).images
    np.savez(path, x=IMAGES_16, label=np.full(6, 700))
    with pytest.raises(EznasError, match="no image with a label from 1 to 120"):
        _ = benchmarks.load(NAMES[2]).images


@pytest.mark.parametrize("missing", ["nasbench201/nasbench201_cifar10.csv", "images/cifar10_1280.npz"])
def test_a_missing_file_is_named_with_where_to_get_it(data, missing):
    (data / missing).unlink()
    with pytest.raises(EznasError) as caught:
        _ = benchmarks.load(NAMES[0]).images
    for part in (str(data / missing), f"EZNAS_DATA is {data}", "github.com" if "csv" in missing else "cs.toronto.edu"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (ROWS[:-1], "15,624 rows"),
        (ROWS[:1000], "1,000 rows"),
        ([*ROWS[:-1], ROWS[-1][:-3]], "cut off"),
        ([*ROWS[:7], ROWS[8], ROWS[7], *ROWS[9:]], "line 9: the file id is '8'"),
        ([*ROWS, ROWS[0]], "15,626 rows"),
        ([*ROWS[:4], ROWS[4].replace("|none~0|", "|conv~0|", 1), *ROWS[5:]], "line 6, arch str"),
        ([*ROWS[:4], ROWS[4].replace(",0.02,", ",nan,"), *ROWS[5:]], "line 6, validation accuracy: 'nan'"),
        ([*ROWS[:4], f"4,{ROWS[0].split(',', 1)[1]}", *ROWS[5:]], "line 2 and on line 6"),
    ],
)
def test_a_damaged_table_is_refused(data, lines, message):
    (data / "nasbench201" / "nasbench201_cifar10.csv").write_text(HEADER + "".join(lines))
    with pytest.raises(EznasError, match=message):
        benchmarks.load(NAMES[0])


@pytest.mark.parametrize("column", ["arch str", "validation accuracy", "file id"])
def test_a_missing_column_is_named(data, column):
    path = data / "nasbench201" / "nasbench201_cifar10.csv"
    path.write_text(HEADER.replace(column, "other") + "".join(ROWS))
    with pytest.raises(EznasError, match=f"no column '{column}'"):
        benchmarks.load(NAMES[0])


@real_data
@pytest.mark.parametrize(("name", "best"), list(zip(NAMES, [91.607, 73.493, 46.733], strict=True)))
def test_best_validation_accuracy_is_the_published_one(name, best):
    assert benchmarks.load(name).accuracies.max() == pytest.approx(best, abs=5e-4)


@real_data
def test_the_real_tables_list_the_networks_in_the_same_order_and_have_images():
    cifar10, *others = [benchmarks.load(name) for name in NAMES]
    for other in others:
        assert other.architectures == cifar10.architectures
    assert set(cifar10.architectures) == set(all_architectures())
    for index in (0, 7, 15_624):
        architecture = cifar10.architectures[index]
        assert cifar10.find(str(index)) == cifar10.find(architecture) == index
        assert cifar10.find(operation_indices(architecture)) == index
    for benchmark, images in zip([cifar10, *others], [1280, 1280, 120], strict=True):
        batch = benchmark.image_batch(120, np.random.default_rng(0))
        assert len(benchmark.images) == images
        assert abs(batch.mean()) < 0.3
        assert 0.7 < batch.std() < 1.3
