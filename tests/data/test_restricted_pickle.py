import io
import os
import pickle
import pickletools
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from official_archives import Touch

from eznas.data import restricted_pickle
from eznas.data.restricted_pickle import ALLOWED, PickledArray, iterate_pickles, load_pickle, read_whole
from eznas.errors import EznasError

PATH = Path("archive.pickle")


def loaded(content, **options):
    return load_pickle(memoryview(content), PATH, **options)


@pytest.mark.parametrize("protocol", range(6))
def test_containers_numbers_and_texts_come_back(protocol):
    value = {"a": [1, 2.5, None, True], ("x", 3): OrderedDict(b=b"\x00\xff"), "s": {1, 2}, "big": 2**100}
    assert loaded(pickle.dumps(value, protocol=protocol)) == value


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("number", [np.float64(1.5), np.float32(0.25), np.int64(-3), np.uint8(200), np.bool_(True)])
def test_numbers_of_numpy_become_plain_ones(number, protocol):
    value = loaded(pickle.dumps([number], protocol=protocol))[0]
    assert value == number
    assert type(value) in (int, float, bool)


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.uint8).reshape(3, 4),
        np.arange(6, dtype=">f4").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 3), dtype=np.int16),
    ],
)
def test_arrays_become_plain_ones(array, protocol):
    value = loaded(pickle.dumps(array, protocol=protocol))
    assert isinstance(value, PickledArray)
    np.testing.assert_array_equal(value.values, array)
    assert value.values.dtype == array.dtype


def test_texts_of_python_2_are_left_bytes_on_request():
    assert loaded(b"\x80\x02U\x03a\xffbq\x00.", encoding="bytes") == b"a\xffb"


def test_two_pickles_in_a_row_are_read_one_by_one():
    objects = iterate_pickles(memoryview(pickle.dumps("first") + pickle.dumps({"second": 2}) + b"no pickle"), PATH)
    assert [next(objects), next(objects)] == ["first", {"second": 2}]
    with pytest.raises(EznasError, match="damaged"):
        next(objects)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_execute_something_is_refused_and_does_not(tmp_path, protocol):
    marker = tmp_path / "executed"
    content = pickle.dumps({"meta_archs": [Touch(marker)]}, protocol=protocol)
    with pytest.raises(EznasError, match=r"archive.pickle was refused: reading it would use \w+.open"):
        loaded(content)
    assert not marker.exists()
    # The same bytes do execute it where nothing forbids that, so the test can fail.
    pickle.loads(content)["meta_archs"][0].close()
    assert marker.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (os.system.__module__, "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("numpy", "load"),
        ("numpy.core.multiarray", "fromfile"),
        ("collections", "OrderedDict.__class__"),
        ("torch", "load"),
        ("torch.serialization", "_get_layout"),
        ("eznas.data.restricted_pickle", "load_pickle"),
    ],
)
def test_the_forbidden_name_is_told(module, name):
    content = b"\x80\x04" + b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, name)) + b"\x93."
    with pytest.raises(EznasError, match="was refused") as caught:
        loaded(content)
    assert f"{module}.{name}" in str(caught.value)


def test_the_list_of_names_gives_no_function_of_another_package():
    for (module, name), stand_in in ALLOWED.items():
        assert stand_in.__module__ in ("builtins", "eznas.data.restricted_pickle"), (module, name)


@pytest.mark.parametrize(("module", "name"), [("numpy", "dtype"), ("numpy", "ndarray"), ("_codecs", "encode")])
def test_a_stand_in_cannot_be_changed_by_a_pickle(module, name):
    # GLOBAL, then BUILD with a state of attributes to set.
    content = f"c{module}\n{name}\n(N(S'__new__'\nI1\ndtb.".encode()
    assert [code.name for code, *_ in pickletools.genops(content)][-2:] == ["BUILD", "STOP"]
    before = ALLOWED[module, name].__new__
    with pytest.raises(EznasError, match="damaged"):
        loaded(content)
    assert ALLOWED[module, name].__new__ is before


def test_attributes_in_the_place_of_methods_are_dropped():
    # An OrderedDict with the attribute `items`, as BUILD sets it.
    value = loaded(b"\x80\x02ccollections\nOrderedDict\n)R}X\x05\x00\x00\x00itemsK\x01sb.")
    assert list(value.items()) == []


def test_what_is_nested_without_end_is_refused_and_does_not_end_the_process():
    with pytest.raises(EznasError, match=r"archive\.pickle was refused: at byte 1,004 a value is made of more than"):
        loaded(b"\x80\x02}N" + b"\x85" * 1_000_000 + b"Ns.")


def test_what_unpacks_to_more_than_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(restricted_pickle, "physical_memory_bytes", lambda: 2 * 10**6)
    file = io.BytesIO(bytes(10**6))
    assert len(read_whole(file, PATH)) == 10**6
    file = io.BytesIO(bytes(10**6 + 1))
    with pytest.raises(EznasError, match=r"archive\.pickle does not fit in memory"):
        read_whole(file, PATH)


@pytest.mark.parametrize(
    "value",
    [
        np.array([{"a": 1}], dtype=object),
        np.zeros(2, dtype=[("a", "f4")]),
        np.array(["text"]),
        np.datetime64("2020-01-01"),
    ],
)
def test_arrays_of_something_else_than_numbers_are_refused(value):
    with pytest.raises(EznasError, match="damaged"):
        loaded(pickle.dumps(value, protocol=4))


def test_a_pickle_that_is_cut_off_anywhere_is_told_as_that():
    content = pickle.dumps({"a": np.arange(4.0), "b": [np.float64(1.0), "text"]}, protocol=4)
    for length in range(len(content)):
        with pytest.raises(EznasError, match=r"archive\.pickle is cut off or damaged"):
            loaded(content[:length])


def test_changed_bytes_raise_nothing_else():
    content = pickle.dumps({"a": np.arange(4.0), "b": [np.float64(1.0), "text"], "c": OrderedDict(d=1)}, protocol=2)
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(3000):
        changed = bytearray(content)
        changed[rng.integers(len(changed))] = rng.integers(256)
        try:
            loaded(bytes(changed))
        except EznasError:
            refused += 1
    assert refused > 1000
