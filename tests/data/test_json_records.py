import io
import json
from pathlib import Path

import pytest

from eznas.data import json_records
from eznas.data.json_records import iterate_records
from eznas.errors import EznasError

PATH = Path("DARTS.json")
RECORDS = [{"net": {"a": [1, "ü]}"]}, "test_ep_top1": [90.0, 12.5]}, {"net": {}, "x": None}, [1], "text", 12345, 1.5e3]


@pytest.fixture(params=[1, 3, 1 << 18], autouse=True)
def chunk(request, monkeypatch):
    """Read the files in pieces of one byte, of three, and of the size that is used."""
    monkeypatch.setattr(json_records, "_CHUNK", request.param)


def read(text):
    content = text if isinstance(text, bytes) else text.encode()
    return list(iterate_records(io.BytesIO(content), PATH, ("top", "mid")))


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list(indent):
    text = json.dumps(RECORDS, indent=indent, ensure_ascii=False)
    assert read(text) == [(f"record {index}", record) for index, record in enumerate(RECORDS)]
    assert read(b"\xef\xbb\xbf" + text.encode() + b" \n") == read(text)
    assert read("[]") == []


@pytest.mark.parametrize("indent", [None, 2])
def test_two_lists_are_joined_and_other_keys_skipped(indent):
    text = json.dumps({"note": {"a": [1]}, "mid": RECORDS[:2], "n": 12, "top": RECORDS[2:]}, indent=indent)
    found = read(text)
    assert [record for _, record in found] == RECORDS
    assert [where for where, _ in found[:3]] == ["record 0 of mid", "record 1 of mid", "record 0 of top"]


def test_a_file_that_is_cut_off_anywhere_is_refused():
    for text in (json.dumps(RECORDS), json.dumps({"top": RECORDS[:2], "mid": RECORDS[2:]})):
        for length in range(len(text)):
            with pytest.raises(EznasError, match=r"DARTS\.json is (cut off or )?damaged|DARTS\.json has no key"):
                read(text[:length])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"top": [1]}', "has no key 'mid'"),
        ('{"top": [1], "mid": 3}', "value of mid is no list"),
        ('{"top": [1], "top": [2], "mid": []}', "'top' is no key, or stands there twice"),
        ('{"top" [1]}', "no key"),
        ('{"top": [1] "mid": []}', "comma is missing between two keys"),
        ("[1 2]", "comma is missing between two records"),
        ("[1, nonsense]", "record 1 is no whole JSON value"),
        ("12", "neither a list nor an object"),
        ("[1] 2", "something follows after its end"),
        (b'["\xff\xfe"]', "not UTF-8"),
        (f"[1, {'9' * 5_000}]", "record 1 has a number of too many digits"),
        (f"[1, {'[' * 100_000}", "record 1 is nested too deeply"),
        (f"[1, {'[' * 100_000}1{']' * 100_000}]", "record 1 is nested too deeply"),
    ],
)
def test_what_is_wrong_is_told(text, message):
    with pytest.raises(EznasError, match=message):
        read(text)


def test_a_record_without_an_end_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(json_records, "_LONGEST_RECORD", 50)
    with pytest.raises(EznasError, match="record 0 is longer than 50 characters"):
        read('["' + "a" * 500)
    assert read(json.dumps(["a" * 40] * 10))[9] == ("record 9", "a" * 40)
