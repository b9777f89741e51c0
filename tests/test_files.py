import json
import os
import socket

import pytest

from eznas.errors import EznasError
from eznas.files import check_regular, json_text, read_regular, write_atomically


def test_a_regular_file_is_read_up_to_its_bound(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(EznasError, match=r"file has more than 4 bytes, too many for a file of its kind"):
        read_regular(path, 4)
    (tmp_path / "link").symlink_to(path)
    assert read_regular(tmp_path / "link", 5) == b"12345"


def test_what_is_missing_or_a_folder_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "missing", 1)
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path, 1)
    check_regular(tmp_path / "missing")


def test_what_may_never_end_is_refused_before_it_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "socket", "link", "/dev/zero"):
        with pytest.raises(EznasError, match=f"{name} is a device, a pipe or a socket: give a regular file"):
            read_regular(tmp_path / name, 2**30)
    listener.close()


def test_a_zero_in_a_path_is_told(tmp_path):
    with pytest.raises(EznasError, match="is no path: it has a zero in it"):
        read_regular(tmp_path / "a\0b", 1)


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "folder" / "file"
    write_atomically(path, "é")
    write_atomically(path, b"\xff")
    assert path.read_bytes() == b"\xff"
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_a_text_that_is_no_unicode_is_told_and_nothing_written(tmp_path):
    path = tmp_path / "file"
    with pytest.raises(EznasError, match=r"Could not write .*file: '\\udcff' in it is no character"):
        write_atomically(path, f"benchmark = {os.fsdecode(bytes([255]))}")
    assert list(tmp_path.iterdir()) == []


def test_json_has_null_for_what_it_cannot_hold():
    assert json.loads(json_text({"a": float("nan"), "b": [float("-inf"), 1.5]})) == {"a": None, "b": [None, 1.5]}
    assert json_text({"a": [1, 2]}, indent=None) == '{"a": [1, 2]}\n'
