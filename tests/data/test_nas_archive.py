import bz2
import pickle

import numpy as np
import pytest
import torch
from official_archives import (
    SIZES,
    Touch,
    cells_content,
    nats_file,
    nats_folder,
    nats_networks,
    write_bz2,
)

from eznas.data.nas_archive import DATASETS, Archive, final_accuracies
from eznas.errors import EznasError
from eznas.spaces.nasbench201 import all_architectures

CELLS = tuple(all_architectures())[:4]


def check_size_archive(archive):
    assert archive.is_size_space
    assert archive.architectures == SIZES
    tables = final_accuracies(archive, "90", DATASETS)
    # 50 + index + seed number, mean over seed numbers 0 and 1; the second and third set of images have 1 and 2 more.
    expected = np.arange(4) + 50.5
    for dataset in tables.values():
        np.testing.assert_array_equal(dataset["validation"], expected)
        np.testing.assert_array_equal(dataset["test"], expected + 1)
        np.testing.assert_array_equal(dataset["train"], 100.0)
    assert set(tables) == {"cifar10", "cifar100", "imagenet16-120"}


def test_a_folder_of_small_files(tmp_path):
    check_size_archive(Archive.open(nats_folder(tmp_path / "NATS-sss-v1_0-50262-simple")))


def test_one_file(tmp_path):
    check_size_archive(Archive.open(nats_file(tmp_path / "NATS-sss-v1_0-50262.pickle.pbz2")))


@pytest.mark.parametrize("is_zip", [True, False])
def test_the_file_of_torch(tmp_path, is_zip):
    path = tmp_path / "NAS-Bench-201-v1_1-096897.pth"
    torch.save(cells_content(CELLS), path, _use_new_zipfile_serialization=is_zip)
    archive = Archive.open(path)
    assert not archive.is_size_space
    tables = final_accuracies(archive, "200", DATASETS)
    # One, two, three and again one seed.
    np.testing.assert_array_equal(tables["cifar10"]["validation"], [50.0, 51.5, 53.0, 53.0])
    np.testing.assert_array_equal(tables["cifar100"]["test"], [51.0, 52.5, 54.0, 54.0])


def test_progress_is_told(tmp_path):
    networks = nats_networks()
    archive = Archive(tmp_path, SIZES * 250, lambda index: networks[index % 4])
    told = []
    final_accuracies(archive, "90", DATASETS[:1], told.append)
    assert told == ["500 of 1,000 networks", "1,000 of 1,000 networks"]


def test_nothing_is_executed(tmp_path):
    folder = nats_folder(tmp_path / "simple")
    write_bz2(folder / "000001.pickle.pbz2", {"90": Touch(tmp_path / "executed")})
    with pytest.raises(EznasError, match=r"000001\.pickle\.pbz2 was refused: reading it would use \w+\.open"):
        final_accuracies(Archive.open(folder), "90", DATASETS)
    path = write_bz2(tmp_path / "a.pickle.pbz2", {"meta_archs": SIZES, "arch2infos": Touch(tmp_path / "executed")})
    with pytest.raises(EznasError, match=r"a\.pickle\.pbz2 was refused"):
        Archive.open(path)
    assert not (tmp_path / "executed").exists()


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    path = nats_file(tmp_path / "a.pickle.pbz2")
    content = path.read_bytes()
    for length in (0, 20, len(content) // 2, len(content) - 5):
        path.write_bytes(content[:length])
        with pytest.raises(EznasError, match=r"a\.pickle\.pbz2 is cut off or damaged"):
            Archive.open(path)
    path.write_bytes(b"nothing compressed")
    with pytest.raises(EznasError, match=r"cut off or damaged \(Invalid data stream\)"):
        Archive.open(path)
    path.write_bytes(bz2.compress(pickle.dumps({"a": [1]})[:-3]))
    with pytest.raises(EznasError, match="cut off or damaged"):
        Archive.open(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], "is no dictionary"),
        ({"arch2infos": {}}, "has no 'meta_archs'"),
        ({"meta_archs": SIZES}, "has no 'arch2infos'"),
        ({"meta_archs": SIZES, "arch2infos": [1]}, "arch2infos, is no dictionary"),
        ({"meta_archs": [1, 2], "arch2infos": {}}, "no list of texts meta_archs"),
        ({"meta_archs": [], "arch2infos": {}}, "no list of texts meta_archs"),
    ],
)
def test_what_an_archive_lacks_is_told(tmp_path, content, message):
    with pytest.raises(EznasError, match=message):
        Archive.open(write_bz2(tmp_path / "a.pickle.pbz2", content))


def last_state(networks):
    return networks[3]["90"]


def cifar100(networks):
    return last_state(networks)["all_results"]["cifar100", 888]


def doubled(times):
    """A list that is twice in a list, and so on: small as a pickle, and endless as a text."""
    value = []
    for _ in range(times):
        value = [value, value]
    return value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda networks: networks.pop(3), "arch2infos, has no 3"),
        (lambda networks: networks[3].pop("90"), "network 3, schedules, has no '90'"),
        (lambda networks: last_state(networks).pop("dataset_seed"), "network 3, cifar10-valid, has no 'dataset_seed'"),
        (lambda networks: last_state(networks)["dataset_seed"].pop("cifar100"), "dataset_seed, has no 'cifar100'"),
        (lambda networks: last_state(networks)["dataset_seed"].update(cifar100=[]), "cifar100, has no seeds"),
        (lambda networks: last_state(networks)["all_results"].pop(("cifar100", 888)), r"has no \('cifar100', 888\)"),
        (lambda networks: cifar100(networks).pop("epochs"), "has no 'epochs'"),
        (lambda networks: cifar100(networks).update(epochs=91), r"seed 888, train_acc1es, has no 90"),
        (lambda networks: cifar100(networks)["eval_acc1es"].pop("x-test@89"), "eval_acc1es, has no 'x-test@89'"),
        (lambda networks: cifar100(networks)["eval_acc1es"].update({"x-valid@89": "70"}), "'70': it must be a number"),
        (lambda networks: cifar100(networks)["eval_acc1es"].update({"x-valid@89": 170.0}), "must be a percentage"),
        (lambda networks: cifar100(networks)["eval_acc1es"].update({"x-valid@89": 10**5000}), "number of 16610 bits"),
        (lambda networks: cifar100(networks)["eval_acc1es"].update({"x-valid@89": doubled(60)}), r"\[\.\.\.\]"),
        (lambda networks: cifar100(networks).update(epochs=float("nan")), "'epochs' nan: it must be a number"),
        (lambda networks: last_state(networks)["dataset_seed"].update(cifar100=[[1]]), "cifar100, has no seeds"),
        (lambda networks: networks.update({3: {10**5000: {}}}), "network 3, schedules, has no '90'"),
    ],
)
def test_what_a_network_lacks_is_told(tmp_path, change, message):
    networks = nats_networks()
    change(networks)
    path = write_bz2(tmp_path / "a.pickle.pbz2", {"meta_archs": SIZES, "arch2infos": networks})
    with pytest.raises(EznasError, match=message) as caught:
        final_accuracies(Archive.open(path), "90", DATASETS)
    assert str(path) in str(caught.value)


def test_a_missing_small_file_is_told(tmp_path):
    folder = nats_folder(tmp_path / "simple")
    (folder / "000002.pickle.pbz2").unlink()
    with pytest.raises(EznasError, match=r"000002\.pickle\.pbz2 is missing: the folder is not whole"):
        final_accuracies(Archive.open(folder), "90", DATASETS)
