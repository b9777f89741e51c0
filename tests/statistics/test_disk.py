import errno
import os
import shutil
import threading
from mmap import ALLOCATIONGRANULARITY
from pathlib import Path

import numpy as np
import pytest

from eznas.statistics import disk
from eznas.statistics.disk import DiskArrays


@pytest.fixture
def arrays(tmp_path):
    arrays = DiskArrays(tmp_path)
    yield arrays
    arrays.close()


def numbers(count, seed=0):
    return np.random.default_rng(seed).standard_normal(count, np.float32)


def test_arrays_come_back_bit_for_bit(arrays):
    given = [numbers(count, count) for count in (5, 0, 1, 100_000)]
    given[0][:2] = np.nan, -0.0
    starts = [arrays.write(array) for array in given]
    for start, array in zip(starts, given, strict=True):
        assert arrays.read(start, len(array)).tobytes() == array.tobytes()


def test_speeds_are_measured(arrays):
    assert arrays.seconds_per_byte_written is arrays.seconds_per_byte_read is None
    start = arrays.write(numbers(1000))
    arrays.read(start, 1000)
    assert arrays.seconds_per_byte_written > 0
    assert arrays.seconds_per_byte_read > 0


def test_threads_do_not_overwrite_each_other(arrays):
    starts = {}
    threads = [
        threading.Thread(target=lambda n=n: starts.update({n: arrays.write(numbers(5000 + n, n))})) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(arrays.read(starts[n], 5000 + n), numbers(5000 + n, n)) for n in range(8))


def test_nothing_has_a_name_on_the_disk(arrays, tmp_path):
    arrays.write(numbers(1000))
    assert list(tmp_path.iterdir()) == []


def test_writing_in_pieces(arrays, monkeypatch):
    whole_write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, position: whole_write(file, data[:1000], position))
    array = numbers(2000)
    start = arrays.write(array)
    assert np.array_equal(arrays.read(start, 2000), array)


def test_a_full_disk_gives_the_space_back_and_keeps_what_is_there(arrays, monkeypatch):
    first = numbers(1000)
    start = arrays.write(first)
    whole_write = os.pwrite
    calls = []

    def fill_up(file, data, position):
        calls.append(position)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole_write(file, data[:1000], position)

    monkeypatch.setattr(os, "pwrite", fill_up)
    with pytest.raises(OSError, match="No space left"):
        arrays.write(numbers(2000, 1))
    assert os.fstat(arrays._file._file.fileno()).st_size == ALLOCATIONGRANULARITY
    monkeypatch.undo()
    assert arrays.write(numbers(10)) == ALLOCATIONGRANULARITY
    assert np.array_equal(arrays.read(start, 1000), first)


def test_a_file_that_ends_too_early_is_an_error(arrays):
    start = arrays.write(numbers(10))
    with pytest.raises(OSError, match="cannot be mapped"):
        arrays.read(start, 11)


def test_room_is_what_leaves_enough_for_others(arrays, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=disk.MINIMUM_FREE_BYTES + 100)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert arrays.has_room(99)
    assert not arrays.has_room(100)


def test_the_default_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert disk._default_folder() == tmp_path
    monkeypatch.delenv("TMPDIR")
    assert disk._default_folder() in (Path("/var/tmp"), Path("/tmp"))
