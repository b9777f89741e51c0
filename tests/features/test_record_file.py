import numpy as np
import pytest

from eznas.features.record_file import digests_of, lacks, layout_of, make_records, read_records, rows_of, write_records
from eznas.ops.notation import parse_program

DIGESTS = digests_of([parse_program(text) for text in ("numel(wt)", "l1_norm(wt)", "l1_norm(act.data)")])
VALUES = np.arange(6, dtype=np.float32).reshape(3, 2)


def records_of(rows):
    return make_records(DIGESTS[rows], values=VALUES[rows], valid=VALUES[rows] > 1)


def test_what_is_written_is_read_by_feature(tmp_path):
    path = tmp_path / "file.npy"
    old = write_records(path, None, records_of([2]))
    both = write_records(path, old, records_of([0, 1]))
    read = read_records(path)
    assert (read == both).all()
    rows = rows_of(DIGESTS, read)
    assert rows.tolist() == [1, 2, 0]
    np.testing.assert_array_equal(read["values"][rows], VALUES)
    np.testing.assert_array_equal(read["valid"][rows], VALUES > 1)
    assert layout_of(path)["values"].shape == (2,)


def test_a_feature_that_is_not_there_has_no_row(tmp_path):
    path = tmp_path / "file.npy"
    assert lacks(path, DIGESTS)
    write_records(path, None, records_of([1]))
    assert rows_of(DIGESTS, read_records(path)).tolist() == [-1, 0, -1]
    assert lacks(path, DIGESTS)
    assert not lacks(path, DIGESTS[[1]])


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"something else"])
def test_what_is_no_such_file_has_no_records(tmp_path, content):
    path = tmp_path / "file.npy"
    assert read_records(path) is None
    assert layout_of(path) is None
    path.write_bytes(content)
    assert read_records(path) is None
    assert layout_of(path) is None


def test_a_plain_array_has_no_records(tmp_path):
    np.save(tmp_path / "file.npy", VALUES)
    assert read_records(tmp_path / "file.npy") is None
    assert layout_of(tmp_path / "file.npy") is None
