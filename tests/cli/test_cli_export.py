from __future__ import annotations

import json

import pytest

from eznas.cli.app import main
from eznas.proxies.proxy import read_proxy


def test_python_goes_to_a_file(tmp_path, capsys):
    file = tmp_path / "a.py"
    assert main(["export", "eznas-a", "--to", "python", "--output", str(file)]) == 0
    assert "def score(" in file.read_text()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("form", ["sympy", "latex", "json", "dot"])
def test_other_formats_go_to_stdout(form, capsys):
    assert main(["export", "abs(abs(wt))", "--to", form]) == 0
    assert capsys.readouterr().out.endswith("\n")


def test_a_formula_is_simplified_where_that_is_asked_for(capsys):
    assert main(["export", "abs(abs(wt))", "--to", "json", "--simplify"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["formula"] == content["name"] == "abs(wt)"


def test_one_operation_is_one_operation(capsys):
    assert main(["simplify", "abs(abs(wt))"]) == 0
    shown = capsys.readouterr().out
    assert "Formula, 2 operations\n" in shown
    assert "Simplified, 1 operation\n" in shown


def test_a_hand_made_score_has_no_formula(capsys):
    assert main(["export", "params", "--to", "python"]) == 1
    assert "params is no program and has no formula" in capsys.readouterr().err


def test_simplify_shows_both_forms_and_writes_the_simpler(tmp_path, capsys):
    file = tmp_path / "simple.json"
    assert main(["simplify", "abs(abs(wt)) * ones_like(wt)", "--json", "--output", str(file)]) == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["size"], content["simplified"], content["simplified_size"]) == (4, "abs(wt)", 1)
    assert read_proxy(file).formula == "abs(wt)"


def test_what_is_simple_already_stays(capsys):
    assert main(["simplify", "softmax(softmax(wt))"]) == 0
    assert capsys.readouterr().out.count("softmax(softmax(wt))") == 2
