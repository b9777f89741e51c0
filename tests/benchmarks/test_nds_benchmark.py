import json
import zipfile

import numpy as np
import pytest
import torch

from eznas import benchmarks, spaces
from eznas.data.nds_files import read_sweep
from eznas.data.nds_sweeps import SWEEPS
from eznas.errors import EznasError


def records(sweep, errors, seed=0):
    """Return records in the official form, of random small networks."""
    rng = np.random.default_rng(seed)
    small = {"widths": (4,), "depths": (3,)} if "genotype" in spaces.get(sweep.space).random(rng) else {}
    space = spaces.get(sweep.space, **sweep.settings, **small)
    return [{"net": json.loads(space.random(rng)), "test_ep_top1": [90.0, error]} for error in errors]


@pytest.fixture
def data(monkeypatch, tmp_path):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    for folder in ("nds", "images"):
        (tmp_path / folder).mkdir()
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "images" / "cifar10_1280.npz", x_train=rng.integers(256, size=(4, 32, 32, 3), dtype=np.uint8))
    np.savez(tmp_path / "images" / "imagenet_224.npz", x=rng.integers(256, size=(2, 224, 224, 3), dtype=np.uint8))
    return tmp_path


def put(data, name, errors=(6.73, 12.5)):
    sweep = SWEEPS[name]
    path = data / "nds" / f"{sweep.stem}.json"
    path.write_text(json.dumps(records(sweep, errors)))
    return path


@pytest.mark.parametrize("name", SWEEPS)
def test_every_sweep_gives_networks_that_run_on_its_images(data, name):
    put(data, name)
    benchmark = benchmarks.load(name)
    np.testing.assert_array_equal(benchmark.accuracies, [93.27, 87.5])
    assert (benchmark.accuracy_split, benchmark.epochs) == ("test", 2)
    assert "2 networks, test accuracy after the last of 2 epochs." in benchmark.description
    is_imagenet = name.endswith("-in")
    assert benchmark.dataset == ("ImageNet" if is_imagenet else "CIFAR-10")
    batch = torch.from_numpy(benchmark.image_batch(1, np.random.default_rng(0)))
    assert batch.shape[2] == (224 if is_imagenet else 32)
    if SWEEPS[name].space in ("nds-resnet", "nds-resnext-a", "nds-resnext-b", "nds-vanilla"):
        return  # random ones of these are too large to run here
    with torch.no_grad():
        assert benchmark.build(0)(batch).shape == (1, 1000 if is_imagenet else 10)


def test_the_compact_file_gives_the_same_and_comes_first(data):
    path = put(data, "nds-pnas", (6.73, 12.5, 20.0))
    official = benchmarks.load("nds-pnas")
    (data / "nds" / "PNAS.msgpack").write_bytes(read_sweep(SWEEPS["nds-pnas"], path).to_bytes())
    path.write_text("damaged")
    compact = benchmarks.load("nds-pnas")
    assert compact.architectures == official.architectures
    np.testing.assert_array_equal(compact.accuracies, official.accuracies)


def test_the_official_archive_and_its_folder_work_in_the_data_folder(data):
    path = put(data, "nds-enas")
    (data / "nds" / "nds_data").mkdir()
    path.rename(data / "nds" / "nds_data" / path.name)
    assert len(benchmarks.load("nds-enas")) == 2
    with zipfile.ZipFile(data / "nds" / "data.zip", "w") as archive:
        archive.writestr("nds_data/DARTS.json", json.dumps(records(SWEEPS["nds-darts"], (6.73,))))
    assert len(benchmarks.load("nds-darts")) == 1


def test_repeated_trainings_are_told(data):
    sweep = SWEEPS["nds-amoeba"]
    (data / "nds" / "Amoeba.json").write_text(json.dumps([*records(sweep, (6.0, 7.0)), *records(sweep, (8.0,))]))
    benchmark = benchmarks.load("nds-amoeba")
    np.testing.assert_array_equal(benchmark.accuracies, [93.0, 93.0])
    assert "the mean where one was trained repeatedly (1 further trainings)" in benchmark.description


def test_a_missing_table_is_told_with_the_command_that_fetches_it(data):
    with pytest.raises(EznasError, match=r"nds/NASNet\.msgpack is missing .*`eznas data fetch nds` gets it"):
        benchmarks.load("nds-nasnet")


def test_missing_images_are_told_when_they_are_needed(data):
    put(data, "nds-darts-in")
    (data / "images" / "imagenet_224.npz").unlink()
    benchmark = benchmarks.load("nds-darts-in")
    with pytest.raises(EznasError, match=r"imagenet_224\.npz is missing .*save an array x"):
        _ = benchmark.images


def test_another_split_is_refused(data):
    put(data, "nds-darts")
    assert benchmarks.load("nds-darts", "test").accuracy_split == "test"
    with pytest.raises(EznasError, match="nds-darts has no split 'validation'"):
        benchmarks.load("nds-darts", "validation")


def test_a_bad_record_is_named(data):
    path = put(data, "nds-darts")
    content = json.loads(path.read_text())
    content[1]["net"]["genotype"]["normal"][3] = ["conv_9x9", 0]
    path.write_text(json.dumps(content))
    with pytest.raises(EznasError, match=r"DARTS\.json, record 1, has a network that cannot be built: .*'conv_9x9'"):
        benchmarks.load("nds-darts")
