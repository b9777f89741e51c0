from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgpack
import pytest

from eznas import files
from eznas.errors import EznasError
from eznas.runs.directory import (
    RUN_FORMAT,
    Checkpoint,
    RunDirectory,
    stored_settings,
    unused_path,
)
from eznas.runs.settings import RunSettings

CHECKPOINT = Checkpoint({"steps": 1}, [{"generation": 0, "best": 0.5}], [{"generation": 0, "seconds": 1.5}])


@pytest.fixture
def directory(tmp_path):
    with RunDirectory.create(tmp_path / "run", RunSettings(seed=3), "0.1.0", {}) as made:
        yield made


def test_a_new_directory_has_its_settings(directory):
    assert stored_settings(directory.path).seed == 3
    assert directory.checkpoint() is None
    assert directory.summary() is None


def test_creating_leaves_nothing_else_behind(tmp_path, directory):
    assert names_in(tmp_path) == ["run"]
    assert names_in(directory.path) == ["config.toml", "run.lock"]


def test_what_is_written_reads_back(directory):
    directory.write(CHECKPOINT, {"programs": []})
    assert directory.checkpoint() == CHECKPOINT
    assert json.loads((directory.path / "hall_of_fame.json").read_text()) == {"programs": []}
    assert [json.loads(line) for line in (directory.path / "history.jsonl").read_text().splitlines()] == [
        {"generation": 0, "best": 0.5}
    ]
    directory.write_summary({"tau": 0.5})
    assert directory.summary() == {"tau": 0.5}


def test_sessions_are_appended(directory):
    directory.add_session({"command": ["first"]})
    directory.add_session({"command": ["second"]})
    assert [one["command"] for one in directory.sessions()] == [["first"], ["second"]]


def test_an_existing_directory_is_refused(directory):
    with pytest.raises(EznasError, match="exists already"):
        RunDirectory.create(directory.path, RunSettings(), "0.1.0", {})


def test_an_existing_file_is_refused_and_kept(tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(EznasError, match=r"Could not make the run directory .*/file: it is a file; choose another"):
        RunDirectory.create(path, RunSettings(), "0.1.0", {})
    with pytest.raises(EznasError, match=r"directory .*/file/run: .*/file is a file, not a directory; choose another"):
        RunDirectory.create(path / "run", RunSettings(), "0.1.0", {})
    with pytest.raises(EznasError, match=r"directory .*/file/a/run: Not a directory; choose another"):
        RunDirectory.create(path / "a" / "run", RunSettings(), "0.1.0", {})
    assert path.read_text() == "mine"


def test_a_directory_whose_name_is_no_utf8_holds_files_that_are(tmp_path):
    path = Path(os.fsdecode(bytes(tmp_path) + b"/run\xff"))
    with RunDirectory.create(path, RunSettings(), "0.1.0", {}) as directory:
        directory.add_session({"command": [str(path)]})
        directory.write_summary({"run": str(path)})
        assert directory.sessions() == [{"command": [str(path)]}]
        assert directory.summary() == {"run": str(path)}
        (path / "summary.json").read_text(encoding="utf-8")


def test_views_that_never_end_or_are_nested_count_as_missing(directory):
    (directory.path / "summary.json").write_text("[" * 100_000)
    assert directory.summary() is None
    (directory.path / "environment.json").unlink(missing_ok=True)
    os.mkfifo(directory.path / "environment.json")
    with pytest.raises(EznasError, match=r"environment\.json is a device, a pipe or a socket"):
        directory.sessions()


def test_an_empty_directory_is_taken(tmp_path):
    path = tmp_path / "empty"
    path.mkdir()
    RunDirectory.create(path, RunSettings(), "0.1.0", {}).close()
    stored_settings(path)


def test_a_full_disk_leaves_no_directory(tmp_path, monkeypatch):
    def no_space(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", no_space)
    with pytest.raises(EznasError, match="No space left"):
        RunDirectory.create(tmp_path / "run", RunSettings(), "0.1.0", {})
    assert names_in(tmp_path) == []


def test_a_full_disk_keeps_the_checkpoint_before(directory, monkeypatch):
    directory.write(CHECKPOINT, {"programs": []})

    def no_space(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", no_space)
    with pytest.raises(EznasError, match="No space left"):
        directory.write(Checkpoint({"steps": 2}), {"programs": []})
    assert directory.checkpoint() == CHECKPOINT


def test_a_second_holder_is_refused_until_the_first_lets_go(directory):
    with pytest.raises(EznasError, match="Another process"):
        RunDirectory.open(directory.path)
    directory.close()
    RunDirectory.open(directory.path).close()


def test_a_killed_holder_leaves_no_lock(tmp_path):
    path = tmp_path / "run"
    RunDirectory.create(path, RunSettings(), "0.1.0", {}).close()
    holds = (
        "import sys, time; from pathlib import Path; from eznas.runs.directory import RunDirectory\n"
        "held = RunDirectory.open(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", holds, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(EznasError, match="Another process"):
            RunDirectory.open(path)
        process.kill()
    RunDirectory.open(path).close()


def test_opening_clears_what_a_killed_writer_left(directory):
    directory.close()
    leftover = directory.path / ".history.jsonl.abc.tmp"
    leftover.write_text("half")
    RunDirectory.open(directory.path).close()
    assert not leftover.exists()


@pytest.mark.parametrize("change", ["cut", "flipped bit", "other bytes", "empty", "no envelope"])
def test_a_damaged_checkpoint_is_refused_with_the_way_out(directory, change):
    directory.write(CHECKPOINT, {})
    path = directory.path / "checkpoint.msgpack"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(
        {
            "cut": path.read_bytes()[:-5],
            "flipped bit": bytes(content),
            "other bytes": b"\xc1\xff",
            "empty": b"",
            "no envelope": msgpack.packb([1, 2]),
        }[change]
    )
    with pytest.raises(EznasError, match=r"damaged.*delete that file"):
        directory.checkpoint()


def test_a_checkpoint_of_another_format_is_refused(directory):
    path = directory.path / "checkpoint.msgpack"
    path.write_bytes(msgpack.packb({"format": 99, "blake2b": b"", "state": b""}))
    with pytest.raises(EznasError, match="run format 99"):
        directory.checkpoint()


def test_a_directory_of_another_format_is_refused(directory):
    config = directory.path / "config.toml"
    config.write_text(config.read_text().replace(f"run_format = {RUN_FORMAT}", "run_format = 1"))
    with pytest.raises(EznasError, match=f"run format 1, this version of eznas reads format {RUN_FORMAT}"):
        stored_settings(directory.path)


@pytest.mark.parametrize("made", [True, False])
def test_a_directory_without_a_run_is_refused(tmp_path, made):
    path = tmp_path / "other"
    if made:
        path.mkdir()
    with pytest.raises(EznasError, match="is no run directory"):
        stored_settings(path)


def test_unused_path_counts_up(tmp_path):
    assert unused_path(tmp_path, "a") == tmp_path / "a"
    (tmp_path / "a").mkdir()
    (tmp_path / "a-2").mkdir()
    assert unused_path(tmp_path, "a") == tmp_path / "a-3"


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())
