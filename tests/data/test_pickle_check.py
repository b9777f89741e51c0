import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eznas.data.pickle_check import MOST_TUPLES, check_pickle
from eznas.errors import EznasError

PATH = Path("archive.pickle")
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
KEYS = st.recursive(PLAIN, lambda inner: st.tuples(inner, inner) | st.frozensets(inner), max_leaves=5)
VALUES = st.recursive(
    KEYS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.tuples(inner), max_leaves=20
)


def length(content: bytes) -> int:
    return check_pickle(memoryview(content), PATH)


def nested(count: int) -> bytes:
    """A tuple in a tuple and so on, `count` of them."""
    return b"N" + b"\x85" * count


@settings(max_examples=200, deadline=None)
@given(VALUES, st.integers(0, 5), st.binary(max_size=5))
def test_an_honest_pickle_is_followed_to_its_end(value, protocol, rest):
    content = pickle.dumps(value, protocol=protocol)
    assert length(content + rest) == len(content)


@pytest.mark.parametrize("protocol", range(6))
def test_objects_and_values_that_hold_themselves_are_followed(protocol):
    value = {"arrays": [np.arange(3.0), np.float32(1.5)], "ordered": OrderedDict(a=1), "bytes": bytearray(b"x" * 300)}
    value["itself"] = value
    content = pickle.dumps([value, value], protocol=protocol)
    assert length(content) == len(content)


def test_so_many_tuples_and_no_more_may_make_a_value():
    assert length(b"\x80\x02" + nested(MOST_TUPLES) + b".")
    with pytest.raises(
        EznasError, match=r"archive\.pickle was refused: at byte 1,003 a value is made of more than 1,000"
    ):
        length(b"\x80\x02" + nested(MOST_TUPLES + 1) + b".")
    # Beside one another they are a long list.
    assert length(b"\x80\x02](" + (nested(2) + b"e(") * MOST_TUPLES + b"e.")


@pytest.mark.parametrize(
    "content",
    [
        b"}" + nested(1_000_000) + b"Ns.",
        b"\x8f(" + nested(1_000_000) + b"\x90.",
        b"(" + b"N(" * 100_000 + b"\x91" * 100_000 + b"\x91.",
        # One within the other through the memo, and each twice in the next: 2 to the power of 40.
        b"N" + b"".join(b"\x85\x94h" + bytes([place]) + b"\x86" for place in range(40)) + b".",
        b"N" + b"2\x86" * 40 + b".",
        # Through a list on the stack that is thrown away in between.
        b"N" + b"\x85]0" * 2000 + b".",
    ],
)
def test_what_would_be_hashed_without_end_is_refused(content):
    with pytest.raises(EznasError, match="was refused"):
        length(b"\x80\x04" + content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"N",
        b".",
        b"0.",
        b"N\x86.",
        b"t.",
        b"(N.",
        b"NN.",
        b"2.",
        b"q\x00.",
        b"h\x00.",
        b"Ng7\n.",
        b"Np99\n.",
        b"Np-1\n.",
        b"Nr\xff\xff\xff\x7f.",
        b"\x94.",
        b"\x8c\x05four.",
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff.",
        b"cos\nsystem",
        b"\x00.",
    ],
)
def test_what_no_pickler_writes_is_damage(content):
    with pytest.raises(EznasError, match=r"archive\.pickle is cut off or damaged at byte"):
        length(content)


def test_what_follows_a_mark_is_not_taken_for_what_stood_before():
    # The unpickler refuses it, too: APPEND takes two values, and one of them stands before the mark.
    with pytest.raises(EznasError, match="damaged at byte 3"):
        length(b"](Naa.")
    assert length(b"N(0.") == 4
