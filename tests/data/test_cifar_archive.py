import io
import tarfile

import numpy as np
import pytest
from official_archives import Touch, cifar10_archive, cifar_batch

from eznas.data.cifar_archive import CIFAR10, CIFAR100, balanced_choice, npz_bytes, read_images, which_archive
from eznas.errors import EznasError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(256, size=(30, 32, 32, 3), dtype=np.uint8)
LABELS = RNG.permutation(np.repeat(np.arange(10), 3))


@pytest.fixture
def archive(tmp_path):
    return cifar10_archive(tmp_path / "cifar-10-python.tar.gz", IMAGES, LABELS)


def test_images_are_chosen_in_rounds_of_the_classes():
    labels = np.array([2, 0, 0, 1, 0, 1, 2, 2, 1, 0])
    np.testing.assert_array_equal(balanced_choice(labels, 3, 3), [1, 3, 0])
    np.testing.assert_array_equal(balanced_choice(labels, 3, 7), [1, 3, 0, 2, 5, 6, 4])
    # Class 0 has a fourth image, the others have not.
    np.testing.assert_array_equal(balanced_choice(labels, 3, 10), [1, 3, 0, 2, 5, 6, 4, 8, 7])
    assert len(balanced_choice(labels, 4, 10)) == 0


def test_reads_the_images_of_an_archive(archive):
    assert which_archive(archive) is CIFAR10
    arrays = read_images(CIFAR10, archive, 40, 20)
    assert arrays["x_train"].shape == (40, 32, 32, 3)
    assert arrays["x_test"].shape == (20, 32, 32, 3)
    np.testing.assert_array_equal(arrays["y_train"], np.tile(np.arange(10), 4))
    # The five training batches are the same here, so the first three rounds take the first batch's images.
    first = [np.flatnonzero(label == LABELS)[0] for label in range(10)]
    np.testing.assert_array_equal(arrays["x_train"][:10], IMAGES[first])
    np.testing.assert_array_equal(arrays["x_test"][:10], IMAGES[first])
    np.testing.assert_array_equal(np.load(io.BytesIO(npz_bytes(arrays)))["x_train"], arrays["x_train"])


def test_reads_cifar100(tmp_path):
    path = tmp_path / "cifar-100-python.tar.gz"
    labels = np.arange(100)
    content = cifar_batch(RNG.integers(256, size=(100, 32, 32, 3), dtype=np.uint8), labels, b"fine_labels")
    with tarfile.open(path, "w:gz") as tar:
        for name in ("meta", "train", "test"):
            member = tarfile.TarInfo(f"cifar-100-python/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    assert which_archive(path) is CIFAR100
    np.testing.assert_array_equal(read_images(CIFAR100, path, 100, 50)["y_test"], labels[:50])


def test_too_few_images_are_told(archive):
    with pytest.raises(EznasError, match="has not 200 training images in equal parts of 10 classes"):
        read_images(CIFAR10, archive, 200, 20)


def test_a_missing_member_is_told(tmp_path):
    path = cifar10_archive(tmp_path / "a.tar.gz", IMAGES, LABELS, members=["data_batch_1", "test_batch"])
    with pytest.raises(EznasError, match="has no cifar-10-batches-py/data_batch_2: give the official archive"):
        read_images(CIFAR10, path, 10, 10)


def test_an_archive_that_is_cut_off_or_changed_is_refused(archive):
    content = archive.read_bytes()
    for length in (0, 100, len(content) // 2, len(content) - 1):
        archive.write_bytes(content[:length])
        with pytest.raises(EznasError, match="is cut off or damaged"):
            which_archive(archive)
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(EznasError, match="is cut off or damaged"):
        read_images(CIFAR10, archive, 10, 10)
    archive.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
    with pytest.raises(EznasError, match="is cut off or damaged"):
        which_archive(archive)


def test_nothing_is_executed(tmp_path, monkeypatch):
    marker = tmp_path / "executed"
    monkeypatch.setattr("official_archives.cifar_batch", lambda *_: __import__("pickle").dumps(Touch(marker)))
    path = cifar10_archive(tmp_path / "a.tar.gz", IMAGES, LABELS)
    with pytest.raises(EznasError, match=r"a\.tar\.gz was refused: reading it would use \w+\.open"):
        read_images(CIFAR10, path, 10, 10)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("images", "labels", "key", "message"),
    [
        (IMAGES[:, :16], LABELS, b"labels", "has no images under 'data'"),
        (IMAGES.astype(np.int16), LABELS, b"labels", "has no images under 'data'"),
        (IMAGES, LABELS[:-1], b"labels", "has no class for each image under 'labels'"),
        (IMAGES, LABELS + 1, b"labels", "has no class for each image"),
        (IMAGES, LABELS, b"coarse_labels", "has no class for each image"),
    ],
)
def test_a_batch_of_another_form_is_told(tmp_path, monkeypatch, images, labels, key, message):
    monkeypatch.setattr("official_archives.cifar_batch", lambda *_: cifar_batch(images, labels, key))
    path = cifar10_archive(tmp_path / "a.tar.gz", IMAGES, LABELS)
    with pytest.raises(EznasError, match=message):
        read_images(CIFAR10, path, 10, 10)


def test_other_archives_are_told_apart(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("other/file"))
    with pytest.raises(EznasError, match="is no official CIFAR archive"):
        which_archive(tmp_path / "a.tar.gz")
    (tmp_path / "b.tar.gz").write_bytes(b"no archive")
    with pytest.raises(EznasError, match=r"no \.tar\.gz archive"):
        which_archive(tmp_path / "b.tar.gz")
