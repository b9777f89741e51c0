import pytest

from eznas.errors import shown


def test_short_values_are_shown_as_python_writes_them():
    for value in ("text", 3, 2.5, None, True, ["a", 1], {"a": 1}, (1, 2), b"bytes", 10**30):
        assert shown(value) == repr(value)


def test_long_values_are_shortened():
    assert len(shown("x" * 10**6)) == 40
    assert len(shown(7**300)) == 40
    assert shown(list(range(1000))) == "[0, 1, 2, ...]"
    assert len(shown("x" * 100, 80)) == 80


def deep():
    value = ()
    for _ in range(100_000):
        value = (value,)
    return value


def looped():
    value = []
    value.append(value)
    return value


def doubled():
    value = {}
    for number in range(100):
        value = {number: value, -number: value}
    return value


@pytest.mark.parametrize("value", [deep(), looped(), doubled()], ids=["deep", "looped", "doubled"])
def test_a_value_without_an_end_is_shown(value):
    assert len(shown(value)) < 100


def test_a_number_that_python_refuses_to_write_is_described():
    assert shown(10**5000) == "a whole number of 16610 bits"


def test_a_value_whose_repr_fails_is_shown():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert shown(Broken()).startswith("<Broken instance")
