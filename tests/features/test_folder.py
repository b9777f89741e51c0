import os

import pytest

from eznas.errors import EznasError
from eznas.features.folder import ABOUT, locked, locked_file, prune, tables_folder, tables_on_disk


def make_table(folder, name, nbytes, used):
    path = folder / name
    path.mkdir(parents=True)
    (path / ABOUT).write_text('{"benchmark": "x"}')
    (path / "000000-x.values.npy").write_bytes(bytes(nbytes))
    os.utime(path / ABOUT, (used, used))
    return path


def test_the_folder_is_the_one_of_the_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("EZNAS_CACHE", str(tmp_path))
    assert tables_folder() == tmp_path / "features"
    monkeypatch.delenv("EZNAS_CACHE")
    assert tables_folder().name == "features"


def test_tables_are_listed_by_last_use(tmp_path):
    make_table(tmp_path, "old", 100, used=1000)
    make_table(tmp_path, "new", 50, used=2000)
    (tmp_path / "broken").mkdir()
    listed = tables_on_disk(tmp_path)
    assert [table.path.name for table in listed] == ["new", "old", "broken"]
    assert [table.about for table in listed] == [{"benchmark": "x"}, {"benchmark": "x"}, {}]
    assert [table.networks for table in listed] == [1, 1, 0]
    assert listed[1].nbytes == 100 + len('{"benchmark": "x"}')


def test_no_folder_has_no_tables(tmp_path):
    assert tables_on_disk(tmp_path / "none") == []
    assert prune(0, tmp_path / "none") == []


def test_what_was_used_longest_ago_is_removed_first(tmp_path):
    for number, name in enumerate(("first", "second", "third")):
        make_table(tmp_path, name, 1000, used=number)
    assert [table.path.name for table in prune(2100, tmp_path)] == ["first"]
    assert [table.path.name for table in prune(0, tmp_path, keep=tmp_path / "second")] == ["third"]


def test_a_table_that_is_being_computed_stays(tmp_path):
    path = make_table(tmp_path, "busy", 1000, used=0)
    with locked(path, wait=True) as got:
        assert got
        assert prune(0, tmp_path) == []
    assert [table.path for table in prune(0, tmp_path)] == [path]


def test_a_table_that_several_compute_stays(tmp_path):
    path = make_table(tmp_path, "busy", 1000, used=0)
    with locked(path, wait=False, shared=True) as one, locked(path, wait=False, shared=True) as other:
        assert one
        assert other
        assert prune(0, tmp_path) == []
        with locked(path, wait=False) as alone:
            assert not alone


def test_a_lock_that_its_holder_removes_can_be_taken_again(tmp_path):
    file = tmp_path / "network.lock"
    for _ in range(2):
        with locked_file(file, wait=True) as got:
            assert got
            with locked_file(file, wait=False) as again:
                assert not again
            file.unlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    path = make_table(tmp_path, "sealed", 1, used=0)
    path.chmod(0o500)
    with pytest.raises(EznasError, match="EZNAS_CACHE"), locked(path, wait=True):
        pass
