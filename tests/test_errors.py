import json

import pytest
import torch
from torch import nn

from eznas.errors import described, first_line, place_of


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
