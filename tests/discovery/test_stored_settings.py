from __future__ import annotations

import pytest

from eznas.discovery.search_settings import SearchSettings
from eznas.discovery.settings import DiscoverySettings
from eznas.discovery.stored_settings import difference


def test_only_what_differs_is_named_with_both_values():
    there = repr(DiscoverySettings(epochs=2, benchmarks=("digits", "nb201"), search=SearchSettings(islands=3)))
    assert difference(there, repr(DiscoverySettings())) == (
        "benchmarks is ('digits', 'nb201') there, ('digits',) here; epochs is 2 there, 30 here; "
        "search.islands is 3 there, 8 here"
    )
    assert difference(there, there) == ""


def test_what_one_version_alone_has_is_absent_in_the_other():
    assert difference("Settings(a=1)", "Settings(a=1, b='x')") == "b is absent there, 'x' here"
    assert difference("Settings(a=1, old=-2.5)", "Settings(a=1)") == "old is -2.5 there, absent here"


def test_a_long_value_is_cut():
    told = difference(f"S(a={'x' * 500!r})", "S(a='')")
    assert len(told) < 120
    assert told.endswith("… there, '' here")


@pytest.mark.parametrize("text", ["", "S(", "3", "(" * 10**5])
def test_what_are_no_settings_is_an_error(text):
    with pytest.raises(ValueError, match="cannot be read"):
        difference(text, "S()")
