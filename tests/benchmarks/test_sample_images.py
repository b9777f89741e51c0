import sys

import numpy as np
import pytest
import torch

from eznas.benchmarks.sample_images import sample_images
from eznas.errors import EznasError

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(256, size=(6, 8, 8, 3), dtype=np.uint8)


def archive(tmp_path, **arrays):
    np.savez(tmp_path / "i.npz", **arrays)
    return tmp_path / "i.npz"


@pytest.mark.parametrize(
    "array",
    [
        COLOUR,
        COLOUR.astype(np.int64),
        COLOUR.astype(float),
        COLOUR / 255,
        (COLOUR / 255).astype(np.float32),
        COLOUR.transpose(0, 3, 1, 2),
        np.asfortranarray(COLOUR),
    ],
    ids=["bytes", "integers", "whole floats", "floats", "float32", "channels first", "Fortran order"],
)
def test_every_form_of_the_same_images_is_read_alike(tmp_path, array):
    for images in (archive(tmp_path, x_train=array), str(archive(tmp_path, any_name=array)), array):
        sample = sample_images(images)
        assert sample.pixels.dtype == np.uint8
        np.testing.assert_array_equal(sample.pixels, COLOUR)
    assert sample.size == 8
    np.testing.assert_allclose(sample.normalisation.mean, COLOUR.mean(axis=(0, 1, 2)), atol=1e-4)


@pytest.mark.parametrize("axes", [(..., 0), (..., slice(0, 1))])
def test_grey_images_get_three_channels(axes):
    pixels = sample_images(COLOUR[axes]).pixels
    np.testing.assert_array_equal(pixels, np.repeat(COLOUR[..., :1], 3, axis=-1))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ({"y_train": np.arange(6) % 4}, 4),
        ({"y": np.arange(6).reshape(6, 1)}, 6),
        ({"labels": np.arange(6, dtype=np.uint8), "y_test": np.array([9])}, 10),
        ({"y": np.eye(6)}, None),
        ({}, None),
    ],
)
def test_classes_are_counted_by_the_labels(tmp_path, labels, classes):
    assert sample_images(archive(tmp_path, x_train=COLOUR, **labels)).num_classes == classes


def test_a_sample_is_spread_over_all_images_and_always_the_same(tmp_path):
    images = np.broadcast_to(np.arange(200, dtype=np.uint8)[:, None, None, None], (200, 4, 4, 3))
    path = archive(tmp_path, x_train=images, y_train=np.arange(200))
    sample = sample_images(path, count=20)
    chosen = sample.pixels[:, 0, 0, 0]
    assert (np.diff(chosen.astype(int)) > 0).all()
    assert chosen.min() < 50 < 150 < chosen.max()
    assert (sample.source, sample.num_classes) == (f"20 of the 200 images in {path}", 200)
    np.testing.assert_array_equal(sample_images(path, count=20).pixels, sample.pixels)


def test_images_are_cropped_to_their_middle_and_resized():
    wide = np.zeros((1, 4, 12, 3), np.uint8)
    wide[:, :, 4:8] = 200
    assert (sample_images(wide, 4).pixels == 200).all()
    assert (sample_images(wide, 2).pixels == 200).all()
    assert sample_images(wide, 9).pixels.shape == (1, 9, 9, 3)
    # Shrinking averages: of a pattern in which every fourth column is white, none is lost.
    stripes = np.broadcast_to((np.arange(16) % 4 == 0) * np.uint8(255), (1, 3, 16, 16))
    assert (abs(sample_images(stripes, 4).pixels.astype(int) - 64) < 20).all()


def test_standardised_images_stay_as_they_are():
    batch = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    sample = sample_images(batch)
    assert sample.pixels.dtype == np.float32
    np.testing.assert_array_equal(sample.normalisation.apply(sample.pixels), batch.numpy())


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (COLOUR[0], r"uint8 of shape \(8, 8, 3\)"),
        (COLOUR[:0], r"\(0, 8, 8, 3\)"),
        (np.zeros((2, 8, 8, 4), np.uint8), r"\(2, 8, 8, 4\)"),
        (np.uint8(3), r"shape \(\)"),
        (COLOUR.astype(np.int64) + 1, "int64 from 1 to 256"),
        (COLOUR + 0.5, "float64 from 0.5 to 255.5"),
        (COLOUR / 2, "float64 from 0 to 127.5"),
        (np.full((2, 8, 8, 3), np.nan), "float64 from nan to nan"),
        (COLOUR > 5, "bool"),
        (COLOUR[:, :4], "have 4x8 pixels: give the size"),
    ],
)
def test_other_arrays_are_refused(array, message):
    with pytest.raises(EznasError, match=message):
        sample_images(array)


def test_a_file_that_does_not_say_what_is_what_is_refused(tmp_path):
    with pytest.raises(EznasError, match="has the arrays 'a', 'b': call the one with the images 'x_train'"):
        sample_images(archive(tmp_path, a=COLOUR, b=COLOUR))
    with pytest.raises(EznasError, match="has the arrays 'labels'"):
        sample_images(archive(tmp_path, labels=np.arange(3)))
    with pytest.raises(EznasError, match="from -"):
        sample_images(archive(tmp_path, x=RNG.normal(size=(2, 8, 8, 3))))


@pytest.mark.parametrize("name", ["none.npz", "none", "text.txt"])
def test_a_path_without_images_is_refused(tmp_path, name):
    (tmp_path / "text.txt").write_text("no image")
    with pytest.raises(EznasError, match=name):
        sample_images(tmp_path / name)


def test_a_size_must_be_positive():
    with pytest.raises(EznasError, match="image size is 0"):
        sample_images(COLOUR, 0)


@pytest.fixture
def folder(tmp_path):
    """Three classes with two images of 8x8 pixels each, one of them a level deeper, one grey."""
    image = pytest.importorskip("PIL.Image")
    for number, name in enumerate(("ant", "bee", "cat")):
        (tmp_path / "pictures" / name / "deeper").mkdir(parents=True)
        image.fromarray(COLOUR[2 * number]).save(tmp_path / "pictures" / name / "0.png")
        image.fromarray(COLOUR[2 * number + 1][..., 0]).save(tmp_path / "pictures" / name / "deeper" / "1.PNG")
    (tmp_path / "pictures" / "ant" / "notes.txt").write_text("no image")
    (tmp_path / "pictures" / ".hidden").mkdir()
    return tmp_path / "pictures"


def test_a_folder_has_a_sub_folder_for_each_class(folder):
    sample = sample_images(folder)
    assert (sample.num_classes, sample.dataset) == (3, "pictures")
    assert sample.source == f"all 6 images in {folder}"
    np.testing.assert_array_equal(sample.pixels[0], COLOUR[0])
    np.testing.assert_array_equal(sample.pixels[1], np.repeat(COLOUR[1][..., :1], 3, axis=-1))
    assert len(sample_images(folder, count=2).pixels) == 2
    assert sample_images(folder / "ant").num_classes == 1


def test_images_of_a_folder_may_differ_in_size_if_they_are_resized(folder):
    image = pytest.importorskip("PIL.Image")
    image.fromarray(np.zeros((5, 9, 3), np.uint8)).save(folder / "cat" / "2.jpg")
    with pytest.raises(EznasError, match="2 different sizes: give the size"):
        sample_images(folder)
    assert sample_images(folder, 6).pixels.shape == (7, 6, 6, 3)


def test_folders_that_are_not_meant_are_refused(folder, tmp_path):
    (folder / "bee" / "0.png").write_bytes(b"damaged")
    with pytest.raises(EznasError, match=r"0\.png could not be read \(UnidentifiedImageError"):
        sample_images(folder)
    (tmp_path / "empty" / "ant").mkdir(parents=True)
    with pytest.raises(EznasError, match="has no image files"):
        sample_images(tmp_path / "empty")
    for part in ("train", "val"):
        (tmp_path / "parts" / part / "ant").mkdir(parents=True)
    with pytest.raises(EznasError, match="has the parts train, val: give one of them"):
        sample_images(tmp_path / "parts")


def test_without_pillow_the_way_out_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(EznasError, match="needs Pillow"):
        sample_images(folder)
