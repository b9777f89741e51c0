import json

import pytest
import torch
from torch import nn

from eznas.errors import EznasError, described, first_line, in_users_code, place_of, shown


def raised(function):
    with pytest.raises(BaseException) as caught:  # noqa: PT011  any error serves
        function()
    return caught.value


def line_of(function):
    return function.__code__.co_firstlineno


def test_the_place_is_the_innermost_line_of_ones_own_code():
    def own():
        return json.loads("{")

    assert place_of(raised(own)).endswith(f"test_errors.py, line {line_of(own) + 1}")
    error = raised(lambda: nn.Linear(3, 4)(torch.zeros(1, 5)))
    assert "test_errors.py, line" in place_of(error)
    assert "\n" not in described(error)


def test_the_place_of_a_syntax_error_is_that_of_the_mistake():
    error = raised(lambda: compile("a = 1\nb = (\n", "mine.py", "exec"))
    assert described(error) == "SyntaxError in mine.py, line 2: '(' was never closed"


def test_an_error_without_a_place_or_a_text_is_described_all_the_same():
    assert described(ValueError("no")) == "ValueError: no"
    assert described(KeyError()) == "KeyError: KeyError"
    assert first_line(ValueError("a.\nb")) == "a"
    assert len(first_line(ValueError("x" * 10_000))) == 300


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


def test_what_a_users_code_raises_is_told_with_the_way_out():
    with (
        pytest.raises(
            EznasError, match=r"^The space mine could not draw a network \(ZeroDivisionError.*\): mend it\.$"
        ),
        in_users_code("The space mine could not draw a network", "mend it"),
    ):
        raise ZeroDivisionError("nothing to share")
    with pytest.raises(EznasError, match=r"^A sentence\.$"), in_users_code("Nothing of this", "is said"):
        raise EznasError("A sentence.")
    with pytest.raises(KeyboardInterrupt), in_users_code("Nothing of this", "is said"):
        raise KeyboardInterrupt
