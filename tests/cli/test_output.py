from __future__ import annotations

import io
import json
import sys

import pytest
from rich.console import Console

from eznas.cli.app import main
from eznas.cli.output import print_all, print_json, stdout, write_any_text
from eznas.ops.latex import to_latex
from eznas.ops.notation import format_program, parse_program
from eznas.report.tables import Unwrapped, table

LONG = "x" * 300


@pytest.fixture
def stream(monkeypatch):
    """What makes stdout a stream of an encoding, and returns what was written."""

    def make(encoding):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        return lambda: (sys.stdout.flush(), sys.stdout.buffer.getvalue().decode(encoding))[1]

    return make


def a_terminal(width):
    return Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_result_is_printed_in_any_encoding(stream, encoding):
    written = stream(encoding)
    write_any_text()
    print_all(stdout(), [table("é – 𝔸", ("value",), [("–",), ("…",), ("0.1 ± 0.2",), ("τ \udcff",)])])
    lines = written().splitlines()
    if encoding == "utf-8":
        assert lines == ["é – 𝔸", "value", "–", "…", "0.1 ± 0.2", "τ \\udcff"]
    else:
        # Latin-1 has the accent and the plus-minus sign.
        accent, sign = ("é", "±") if encoding == "latin-1" else (r"\xe9", "+-")
        assert lines == [rf"{accent} - \U0001d538", "value", "-", "...", f"0.1 {sign} 0.2", r"\u03c4 \udcff"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_the_same_in_any_encoding(stream, encoding):
    written = stream(encoding)
    write_any_text()
    content = {"name": "é – 𝔸 \udcff"}
    print_json(content)
    assert json.loads(written()) == content


def test_redirected_lines_are_whole_and_have_no_blanks_at_their_end(stream):
    written = stream("utf-8")
    print_all(stdout(), [table("title", ("a", "b"), [(LONG, "short"), ("c", LONG + " " + LONG)]), "a sentence  "])
    lines = written().splitlines()
    assert lines[2] == f"{LONG}  short"
    assert lines[3].startswith("c ")
    assert lines[3].endswith(f"{LONG} {LONG}")
    assert lines[4:] == ["", "a sentence"]


def test_what_is_to_be_copied_is_not_broken_on_a_narrow_terminal():
    terminal = a_terminal(40)
    print_all(terminal, [Unwrapped("Title", f"{LONG} {LONG}\n{LONG}"), table("t", ("a",), [(LONG,)])])
    lines = terminal.file.getvalue().splitlines()
    assert lines[:3] == ["Title", f"{LONG} {LONG}", LONG]
    assert max(map(len, lines[4:])) <= 40


def test_proxy_show_gives_formula_and_latex_in_one_piece(capfd):
    formula = format_program(parse_program(f"{'abs(sigmoid(' * 20}wt_grad.data * inp.noise{'))' * 20}"))
    assert main(["proxy", "show", formula]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[lines.index("Formula") + 1] == formula
    assert len(formula) > 200
    latex = to_latex(parse_program(formula)).splitlines()
    place = lines.index("LaTeX") + 1
    assert lines[place : place + len(latex)] == latex
    assert not [line for line in lines if line.endswith(" ")]
