import hashlib
import subprocess

import pytest

from eznas.data.sums import check_files, record, recorded_sums, sum_of
from eznas.errors import EznasError

TABLE = "nasbench201/nasbench201_cifar10.csv"


@pytest.fixture
def folder(tmp_path):
    for name in ("a.bin", "b.bin"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "nasbench201").mkdir()
    return tmp_path


def states(folder):
    return {one.file: one.state for one in check_files(folder)}


def test_recorded_sums_are_those_of_the_usual_tool(folder):
    record(folder, ["b.bin"])
    record(folder, ["a.bin"])
    assert recorded_sums(folder) == {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.bin", "b.bin")}
    assert sum_of(folder / "a.bin") == recorded_sums(folder)["a.bin"]
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=False).returncode == 0


def test_files_are_told_apart(folder):
    assert states(folder)[TABLE] == "missing"
    (folder / TABLE).write_text("a table of another origin")
    assert states(folder)[TABLE] == "changed"
    record(folder, [TABLE, "a.bin", "b.bin"])
    (folder / "a.bin").write_bytes(b"changed")
    (folder / "b.bin").unlink()
    found = {one.file: one for one in check_files(folder)}
    assert found[TABLE].state == "as recorded"
    assert found["a.bin"].state == "changed"
    assert (found["b.bin"].state, found["b.bin"].recorded) == ("missing", True)
    assert (found["images/cifar10_1280.npz"].state, found["images/cifar10_1280.npz"].recorded) == ("missing", False)


def test_a_file_without_a_sum_is_told_as_that(folder):
    (folder / "nds").mkdir()
    (folder / "nds" / "DARTS.msgpack").write_bytes(b"x")
    assert states(folder)["nds/DARTS.msgpack"] == "not recorded"


def test_a_line_of_another_form_is_told(folder):
    (folder / "SHA256SUMS").write_text("abc  ./a.bin\n")
    with pytest.raises(EznasError, match=r"SHA256SUMS, line 1: 'abc  \./a\.bin' is no SHA-256 and a name"):
        recorded_sums(folder)
