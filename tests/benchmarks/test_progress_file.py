import json

import pytest

from eznas.benchmarks.progress_file import Finished, ProgressFile
from eznas.errors import EznasError

PROTOCOL = {"training": {"epochs": 4, "batch_size": 20}, "scale": (0.5, 1.0)}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "new" / "table.csv.progress.jsonl"
    with ProgressFile(path, PROTOCOL) as record:
        record.append(Finished("a", 0, 50.5, 0.7, 1.0))
        record.append(Finished("b", 0, 61.25, None, 1.0))
    return path


def test_what_was_appended_is_found_again(path):
    with ProgressFile(path, PROTOCOL) as record:
        assert record.finished == {("a", 0): 50.5, ("b", 0): 61.25}
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_truncated_last_line_is_dropped_and_the_file_goes_on(path, cut):
    path.write_bytes(path.read_bytes()[:-cut])
    with ProgressFile(path, PROTOCOL) as record:
        assert record.finished == {("a", 0): 50.5}
        record.append(Finished("c", 1, 10.0, 2.3, 1.0))
    with ProgressFile(path, PROTOCOL) as record:
        assert set(record.finished) == {("a", 0), ("c", 1)}


def test_a_truncated_first_line_starts_afresh(path):
    path.write_bytes(path.read_bytes()[:20])
    with ProgressFile(path, PROTOCOL) as record:
        assert record.finished == {}
    assert json.loads(path.read_text())["protocol"]["training"] == PROTOCOL["training"]


@pytest.mark.parametrize("line", ["nonsense", "{}", '{"architecture": "a"}', "[1]", '"x"'])
def test_a_damaged_line_in_the_middle_is_named(path, line):
    first, _, last = path.read_text().splitlines()
    path.write_text("\n".join([first, line, last, ""]))
    with pytest.raises(EznasError, match="Line 2 of the progress file"):
        ProgressFile(path, PROTOCOL)


def test_changed_settings_are_refused_by_name_and_nothing_is_lost(path):
    before = path.read_bytes()
    with pytest.raises(EznasError, match=r"training\.epochs was 4 and is 8"):
        ProgressFile(path, {**PROTOCOL, "training": {"epochs": 8, "batch_size": 20}})
    with pytest.raises(EznasError, match="device was None and is 'cuda'"):
        ProgressFile(path, {**PROTOCOL, "device": "cuda"})
    assert path.read_bytes() == before


def test_a_second_writer_is_refused(path):
    with ProgressFile(path, PROTOCOL), pytest.raises(EznasError, match="Another command is writing"):
        ProgressFile(path, PROTOCOL)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EznasError, match="choose another folder"):
        ProgressFile(tmp_path / "file" / "progress.jsonl", PROTOCOL)
