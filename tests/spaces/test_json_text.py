import numpy as np
import pytest

from eznas.errors import EznasError
from eznas.spaces.json_text import choices, decoded, encoded, integer, reject_unknown_keys, shortened


def test_text_round_trip_keeps_the_order_and_has_no_spaces():
    assert encoded({"b": [1, 2], "a": None}) == '{"b":[1,2],"a":null}'
    assert list(decoded('{"b": [1, 2], "a": null}')) == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "'{' is not valid JSON"),
        ("", "'' is not valid JSON"),
        ("[1]", r"'\[1\]' is JSON, but not an object"),
        ("[" * 100_000, "is not valid JSON"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(EznasError, match=message):
        decoded(text)


def test_long_values_are_cut():
    assert shortened("short") == "'short'"
    assert len(shortened("x" * 1000)) == 68


@pytest.mark.parametrize("value", [True, 1.0, "1", None, 0, 9])
def test_only_whole_numbers_in_the_range_pass(value):
    with pytest.raises(EznasError, match=r"The width is .*: give a whole number from 1 to 8"):
        integer(value, "The width", 1, 8)


def test_numpy_numbers_become_plain():
    assert type(integer(np.int64(3), "The width", 1, 8)) is int


def test_choices():
    assert choices([4, 8], "The setting widths", 8) == (4, 8)
    for value in ([], "48", 4, [4, 9]):
        with pytest.raises(EznasError, match=r"The setting widths|numbers of The setting widths"):
            choices(value, "The setting widths", 8)


def test_unknown_keys_pass_only_when_they_hold_nothing():
    reject_unknown_keys({"width": 4, "num_gs": [], "se_on": False}, ("width",))
    with pytest.raises(EznasError, match="unknown key 'widht': it may have width, depth"):
        reject_unknown_keys({"widht": 4}, ("width", "depth"))
