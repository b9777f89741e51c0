import json
import shutil

import numpy as np
import pytest
from official_archives import nds_record, nds_zip

from eznas.cli.app import main
from eznas.data import sources
from eznas.data.sources import Download, Source
from eznas.data.sums import sum_of

pytest.importorskip("pooch")


@pytest.fixture
def folder(monkeypatch, tmp_path):
    folder = tmp_path / "data"
    monkeypatch.setenv("EZNAS_DATA", str(folder))
    return folder


@pytest.fixture
def offered(monkeypatch, tmp_path):
    """Two sources whose addresses are files of this machine: a plain file, and the NDS archive."""
    published = tmp_path / "published"
    published.mkdir()
    (published / "table.csv").write_text("a,b\n1,2\n")
    rng = np.random.default_rng(0)
    bad = nds_record("nds-enas", rng, 5.0)
    del bad["net"]
    nds_zip(published / "data.zip", {"DARTS": [nds_record("nds-darts", rng, 5.0)]})
    nds_zip(published / "bad.zip", {"DARTS": [nds_record("nds-darts", rng, 5.0)], "ENAS": [bad]})

    def source(name, files, file, sha256=None, converted=False):
        url = (published / file).as_uri()
        place = f"nds/{file}" if converted else files[0]
        return Source(name, f"what {name} holds", files, (), (Download(url, place, sha256, converted),))

    made = (
        source("table", ("tables/table.csv",), "table.csv", sum_of(published / "table.csv")),
        source("nds", ("nds/DARTS.msgpack",), "data.zip", converted=True),
        source("bad", ("nds/ENAS.msgpack",), "bad.zip", converted=True),
        Source("manual", "what manual holds", ("manual.bin",), (), by_hand="ask the authors for it"),
    )
    monkeypatch.setattr(sources, "SOURCES", made)
    return published


def run(capsys, *arguments):
    code = main(["data", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_list_tells_what_is_there_and_how_to_get_the_rest(folder, capsys):
    (folder / "darts").mkdir(parents=True)
    (folder / "darts" / "DARTS_archs_CIFAR10.csv").write_text("x")
    code, out, _ = run(capsys, "list")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert "1 of 1" in lines["darts-1000"]
    assert "fetch" not in lines["darts-1000"]
    assert "0 of 17" in lines["nds"]
    assert "eznas data fetch nds" in lines["nds"]
    code, out, _ = run(capsys, "list", "--json")
    content = json.loads(out)
    assert content["folder"] == str(folder)
    assert content["sources"]["darts-1000"]["missing"] == []
    assert content["sources"]["natsbench-size"]["can_be_fetched"] is False


def test_fetch_puts_files_in_their_place_and_records_their_sums(folder, offered, capsys):
    code, _, err = run(capsys, "fetch", "table", "nds")
    assert code == 0, err
    assert (folder / "tables" / "table.csv").read_text() == "a,b\n1,2\n"
    # The archive became its compact file and is not kept.
    assert sorted(path.name for path in (folder / "nds").iterdir()) == ["DARTS.msgpack"]
    assert f"wrote {folder / 'nds' / 'DARTS.msgpack'}" in err
    code, out, _ = run(capsys, "verify", "--json")
    assert (code, json.loads(out)["files"]) == (
        0,
        {"tables/table.csv": "as published", "nds/DARTS.msgpack": "as recorded"},
    )
    code, _, err = run(capsys, "fetch", "table")
    assert (code, "table: all files are there" in err) == (0, True)


def test_keep_keeps_the_archive(folder, offered, capsys):
    assert run(capsys, "fetch", "nds", "--keep")[0] == 0
    assert (folder / "nds" / "data.zip").is_file()


def test_what_cannot_be_fetched_is_told_and_the_rest_fetched(folder, offered, capsys):
    code, _, err = run(capsys, "fetch", "manual", "table")
    assert code == 1
    assert "eznas: manual cannot be fetched, it has no permanent address: ask the authors for it." in err
    assert (folder / "tables" / "table.csv").is_file()


def test_a_bad_part_of_an_archive_is_told_and_the_archive_kept(folder, offered, capsys):
    code, _, err = run(capsys, "fetch", "bad")
    assert code == 1
    assert "record 0, has no 'net'" in err
    assert f"The archive is kept as {folder / 'nds' / 'bad.zip'}: delete it to fetch it again." in err
    assert (folder / "nds" / "DARTS.msgpack").is_file()


def test_an_unknown_name_is_told(folder, capsys):
    code, _, err = run(capsys, "fetch", "nads")
    assert (code, "did you mean nds" in err) == (1, True)


def test_an_interruption_is_told(folder, offered, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("eznas.data.download.fetch", interrupted)
    code, _, err = run(capsys, "fetch", "table")
    assert (code, "the same command goes on from there" in err) == (130, True)


def test_import_tells_what_it_wrote_and_what_it_refused(folder, offered, capsys, tmp_path):
    code, _, err = run(capsys, "import", str(offered / "data.zip"), str(tmp_path / "missing.zip"))
    assert code == 1
    assert f"wrote {folder / 'nds' / 'DARTS.msgpack'}" in err
    assert "missing.zip does not exist" in err
    code, _, err = run(capsys, "import", str(offered / "bad.zip"))
    assert (code, "record 0, has no 'net'" in err) == (1, True)


def test_verify_tells_a_changed_and_a_missing_file(folder, offered, capsys):
    run(capsys, "fetch", "table", "nds")
    (folder / "tables" / "table.csv").write_text("changed")
    shutil.rmtree(folder / "nds")
    code, out, err = run(capsys, "verify")
    assert code == 1
    assert "changed" in out
    assert f"{folder / 'tables' / 'table.csv'} has changed since its sum was recorded" in err
    assert f"{folder / 'nds' / 'DARTS.msgpack'} is missing since its sum was recorded" in err
