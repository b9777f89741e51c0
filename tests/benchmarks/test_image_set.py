import numpy as np
import pytest

from eznas.benchmarks.image_set import load_image_set
from eznas.errors import EznasError


def arrays(**changes):
    rng = np.random.default_rng(0)
    good = {
        "x_train": rng.integers(0, 256, (12, 8, 8, 3), dtype=np.uint8),
        "y_train": np.arange(12) % 3,
        "x_test": rng.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8),
        "y_test": np.arange(6) % 3,
    }
    return good | changes


def test_a_file_is_read_as_it_was_saved(tmp_path):
    saved = arrays(y_train=(np.arange(12) % 4).astype(np.uint8))
    np.savez(tmp_path / "mine.npz", **saved)
    images = load_image_set(tmp_path / "mine.npz")
    assert (images.image_size, images.num_classes) == (8, 4)
    for name, array in saved.items():
        np.testing.assert_array_equal(getattr(images, name), array)
    assert images.recipe == {"source": "mine.npz"}


def test_the_fingerprint_notices_a_single_pixel(tmp_path):
    saved = arrays()
    np.savez(tmp_path / "a.npz", **saved)
    saved["x_test"][3, 2, 1, 0] ^= 1
    np.savez(tmp_path / "b.npz", **saved)
    a, b = (load_image_set(tmp_path / name).fingerprint() for name in ("a.npz", "b.npz"))
    assert a != b


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"x_train": np.zeros((12, 8, 8, 3))}, "float64"),
        ({"x_train": np.zeros((12, 3, 8, 8), np.uint8)}, "(12, 3, 8, 8)"),
        ({"x_test": np.zeros((6, 9, 9, 3), np.uint8)}, "9 for testing"),
        ({"y_train": np.zeros(11, np.int64)}, "(11,)"),
        ({"y_test": np.full(6, -1)}, "the class -1"),
        ({"y_test": np.zeros(6)}, "float64"),
    ],
)
def test_wrong_arrays_are_refused_by_name(tmp_path, changes, named):
    np.savez(tmp_path / "mine.npz", **arrays(**changes))
    with pytest.raises(EznasError) as caught:
        load_image_set(tmp_path / "mine.npz")
    assert named in str(caught.value)
    assert "mine.npz" in str(caught.value)


def test_objects_are_never_unpickled(tmp_path):
    np.savez(tmp_path / "mine.npz", **arrays(y_train=np.array([{}] * 12, dtype=object)))
    with pytest.raises(EznasError, match=r"mine\.npz"):
        load_image_set(tmp_path / "mine.npz")


def test_a_missing_file_and_a_missing_array_are_named(tmp_path):
    with pytest.raises(EznasError, match=r"nothing\.npz"):
        load_image_set(tmp_path / "nothing.npz")
    np.savez(tmp_path / "mine.npz", x_train=arrays()["x_train"])
    with pytest.raises(EznasError, match="y_train"):
        load_image_set(tmp_path / "mine.npz")
