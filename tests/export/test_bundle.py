from __future__ import annotations

import ast

import pytest

from eznas.export.bundle import Bundle


def defined(bundle: Bundle) -> list[str]:
    text = "\n".join(text for _, text in bundle.sections())
    names = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.AnnAssign):
            names.append(node.target.id)
    return names


def test_it_takes_what_a_definition_needs_and_nothing_else():
    bundle = Bundle()
    bundle.add("eznas.ops.reference", "l1_norm")
    assert defined(bundle) == ["normalized_sum", "l1_norm"]
    assert "from torch import Tensor" in bundle.imports()


def test_a_definition_comes_with_its_comment_and_its_text():
    bundle = Bundle()
    bundle.add("eznas.statistics.units", "layer_of")
    text = "\n".join(text for _, text in bundle.sections())
    assert "# The functions as a TorchFunctionMode sees them" in text
    assert "import torch.nn.functional as F" in bundle.imports()
    assert "noqa" not in text


def test_names_of_built_in_functions_are_changed_wherever_they_are_read():
    bundle = Bundle(taken=frozenset({"difference"}))
    for name in ("abs", "sum", "difference"):
        bundle.add("eznas.ops.reference", name)
    assert sorted(defined(bundle)) == ["abs_", "difference_", "sum_"]
    assert bundle.name("eznas.ops.reference", "abs") == "abs_"


def test_what_needs_numpy_is_refused():
    with pytest.raises(ValueError, match=r"Layout of eznas\.statistics\.tensors needs numpy"):
        Bundle().add("eznas.statistics.tensors", "Layout")


def test_a_module_can_be_given_as_text():
    source = (
        '"""A title."""\n\nfrom eznas.ops.limits import MAXIMUM_ELEMENTS\n\n\ndef f():\n    return MAXIMUM_ELEMENTS\n'
    )
    bundle = Bundle(sources={"given": source})
    bundle.add("given", "f")
    assert defined(bundle) == ["MAXIMUM_ELEMENTS", "f"]
    assert [title for title, _ in bundle.sections()][-1] == "A title (given.py)"


def test_a_definition_can_be_replaced_by_another():
    key = ("eznas.ops.reference", "normalized_sum")
    bundle = Bundle(instead={key: ("eznas.ops.reference", "numel")})
    bundle.add("eznas.ops.reference", "l1_norm")
    assert defined(bundle) == ["l1_norm", "numel"]
    assert "return numel(a.abs())" in "\n".join(text for _, text in bundle.sections())
