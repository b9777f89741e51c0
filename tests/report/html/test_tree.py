from __future__ import annotations

import itertools
import re
from xml.etree import ElementTree

import pytest

from eznas.ops.notation import parse_program
from eznas.report.html.tree import tree_figures


def drawn(formula):
    return [
        ElementTree.fromstring(one)
        for one in re.findall(r"<svg.*?</svg>", tree_figures(parse_program(formula)), re.DOTALL)
    ]


@pytest.mark.parametrize(
    ("formula", "labels"),
    [
        ("wt", ["wt"]),
        ("sigmoid(wt)", ["wt", "sigmoid"]),
        ("wt - wt_grad.data", ["wt", "wt_grad.data", "-  difference"]),
    ],
)
def test_every_operation_and_statistic_has_a_box(formula, labels):
    (svg,) = drawn(formula)
    assert [one.text for one in svg.iter("text")] == labels
    assert len(list(svg.iter("path"))) == len(labels) - 1
    assert len(list(svg.iter("rect"))) == len(labels)


def test_boxes_do_not_overlap_and_stay_within_the_drawing():
    (svg,) = drawn("(wt + sigmoid(inp.data * act.noise)) * (kl_divergence(pre.data, pre.noise) / numel(wt))")
    width = float(svg.get("width"))
    rows = {}
    for box in svg.iter("rect"):
        left = float(box.get("x"))
        assert left >= 0
        assert left + float(box.get("width")) <= width
        rows.setdefault(box.get("y"), []).append((left, left + float(box.get("width"))))
    for boxes in rows.values():
        boxes.sort()
        assert all(end < start for (_, end), (start, _) in itertools.pairwise(boxes))


def test_parts_that_repeat_are_drawn_once():
    part = "sigmoid(wt * inp.data + exp(act.data))"
    formula = " + ".join([part] * 8)
    svgs = drawn(formula)
    assert len(svgs) == len(re.findall(r"<h3>", tree_figures(parse_program(formula)))) > 1
    assert sum(one.text == "exp" for svg in svgs for one in svg.iter("text")) == 1
