from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from eznas.report.html.axes import Axes, Scale


@pytest.mark.parametrize(
    ("numbers", "ticks"),
    [
        ([0.0, 1.0], ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([0.5, 0.52], ["0.500", "0.505", "0.510", "0.515", "0.520"]),
        ([-3.0, 4.0], ["−2", "0", "2", "4"]),
        ([1e30, 5e30], ["1e30", "2e30", "3e30", "4e30", "5e30"]),
        ([7.0], ["4", "6", "8", "10"]),
        ([], ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        ([math.nan, 0.0, math.inf, 10.0], ["0", "2", "4", "6", "8", "10"]),
    ],
)
def test_ticks_are_round_and_cover_the_numbers(numbers, ticks):
    scale = Scale.of(numbers)
    assert [text for _, text in scale.ticks] == ticks
    finite = [number for number in numbers if math.isfinite(number)]
    assert all(0 < scale.share(number) < 1 for number in finite)


def test_integers_have_ticks_at_integers_only():
    assert [text for _, text in Scale.of([1.0, 3.0], integers=True).ticks] == ["1", "2", "3"]
    assert [text for _, text in Scale.of([2.0], integers=True).ticks] == ["2"]


def test_marks_lie_where_their_numbers_are():
    axes = Axes(Scale.of([0.0, 10.0]), Scale.of([0.0, 1.0]), "x", "y")
    assert axes.x(0.0) < axes.x(5.0) < axes.x(10.0)
    assert axes.y(0.0) > axes.y(1.0)
    axes.dots([(5.0, 0.5, "a <point>")], 1)
    axes.line([(0.0, 0.0), (10.0, 1.0)], 2, steps=True)
    axes.bar(5.0, 1.0, -0.0, 1, "nothing")
    page = axes.figure("A <title>", "what it shows", "a caption", [("fill-1", "one & two")])
    figure = ElementTree.fromstring(page)
    dot = figure.find(".//circle")
    assert float(dot.get("cx")) == pytest.approx(axes.x(5.0), abs=0.06)
    assert dot.find("title").text == "a <point>"
    assert figure.find("h3").text == "A <title>"
    assert figure.find("svg").get("aria-label") == "what it shows"
