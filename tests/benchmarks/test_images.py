import os

import numpy as np
import pytest
from official_archives import encrypted

from eznas.benchmarks.images import Normalisation, read_arrays, read_images
from eznas.errors import EznasError

IMAGES = np.random.default_rng(0).integers(256, size=(5, 8, 8, 3), dtype=np.uint8)


def test_normalisation_standardises_each_channel_in_pixel_units():
    normalised = Normalisation((10.0, 20.0, 30.0), (2.0, 4.0, 5.0), "test").apply(IMAGES)
    assert normalised.dtype == np.float32
    assert normalised.shape == (5, 3, 8, 8)
    assert normalised.flags.c_contiguous
    for channel, (mean, deviation) in enumerate([(10, 2), (20, 4), (30, 5)]):
        np.testing.assert_allclose(
            normalised[:, channel], (IMAGES[..., channel].astype(float) - mean) / deviation, rtol=1e-6
        )


def test_images_are_standardised_by_their_own_statistics():
    images = IMAGES.copy()
    images[..., 1] = 7  # a channel that never varies
    normalisation = Normalisation.of(images, "test")
    assert (normalisation.mean[1], normalisation.deviation[1]) == (7.0, 1.0)
    standardised = normalisation.apply(images)
    np.testing.assert_allclose(standardised.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(standardised.std(axis=(0, 2, 3)), [1, 0, 1], atol=1e-5)


def test_reads_what_was_written(tmp_path):
    np.savez_compressed(tmp_path / "i.npz", x_train=IMAGES, y_train=np.arange(5))
    np.testing.assert_array_equal(read_images(tmp_path / "i.npz", "x_train", 8), IMAGES)
    assert sorted(read_arrays(tmp_path / "i.npz", ["x_train", "y_train"])) == ["x_train", "y_train"]


def test_a_missing_array_is_named_beside_the_ones_there_are(tmp_path):
    np.savez(tmp_path / "i.npz", x=IMAGES)
    with pytest.raises(EznasError, match=r"i\.npz has no array 'x_train', only x"):
        read_images(tmp_path / "i.npz", "x_train", 8)


@pytest.mark.parametrize(
    "array",
    [IMAGES.astype(np.float32), IMAGES[0], IMAGES.transpose(0, 3, 1, 2), IMAGES[:0], IMAGES[:, :4], np.uint8(3)],
    ids=["float32", "three axes", "channels first", "no image", "not square", "one number"],
)
def test_an_array_of_another_type_or_shape_is_refused(tmp_path, array):
    np.savez(tmp_path / "i.npz", x_train=array)
    with pytest.raises(EznasError, match="'x_train'") as caught:
        read_images(tmp_path / "i.npz", "x_train", 8)
    assert str(np.shape(array)) in str(caught.value)


def test_an_archive_that_is_encrypted_never_ends_or_would_be_unpickled_is_refused(tmp_path):
    np.savez(tmp_path / "i.npz", x_train=IMAGES)
    with pytest.raises(EznasError, match=r"i\.npz could not be read .*is encrypted"):
        read_arrays(encrypted(tmp_path / "i.npz"), ["x_train"])
    np.savez(tmp_path / "i.npz", x_train=np.array([{}], dtype=object))
    with pytest.raises(EznasError, match=r"i\.npz could not be read .*Object arrays cannot be loaded"):
        read_arrays(tmp_path / "i.npz", ["x_train"])
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(EznasError, match=r"pipe\.npz is a device, a pipe or a socket"):
        read_arrays(tmp_path / "pipe.npz", ["x_train"])


@pytest.mark.parametrize("compressed", [True, False])
def test_a_damaged_archive_is_refused(tmp_path, compressed):
    path = tmp_path / "i.npz"
    (np.savez_compressed if compressed else np.savez)(path, x_train=IMAGES)
    content = path.read_bytes()
    middle = len(content) // 2
    damaged = {
        "cut": content[:middle],
        "empty": b"",
        "another file": b"architecture,accuracy\n",
        "a flipped byte": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
    }
    for kind, bytes_written in damaged.items():
        path.write_bytes(bytes_written)
        with pytest.raises(EznasError, match=r"i\.npz could not be read"):
            pytest.fail(f"{kind}: {read_images(path, 'x_train', 8).shape}")


def test_pickled_objects_are_never_loaded(tmp_path):
    np.savez(tmp_path / "i.npz", x_train=np.array([{"a": 1}], dtype=object))
    with pytest.raises(EznasError, match="could not be read"):
        read_images(tmp_path / "i.npz", "x_train", 8)


def test_a_single_array_is_no_archive(tmp_path):
    np.save(tmp_path / "i.npy", IMAGES)
    (tmp_path / "i.npy").rename(tmp_path / "i.npz")
    with pytest.raises(EznasError, match="single array"):
        read_images(tmp_path / "i.npz", "x_train", 8)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(EznasError, match=r"i\.npz could not be read"):
        read_images(tmp_path / "i.npz", "x_train", 8)
