"""A formula as steps in the syntax of a programming language: what the Python and the SymPy export share."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Final

from eznas.ops.catalogue import Operation
from eznas.ops.own import operation_of
from eznas.ops.program import NO_OPERAND, Program
from eznas.proxies.proxy import Proxy
from eznas.terminals import TERMINAL_COUNT, TERMINALS

WIDTH: Final = 120
"""The longest line of an exported file, where a line can be broken."""


def steps(program: Program, written: Callable[[Operation, Sequence[str]], str]) -> tuple[list[tuple[str, str]], str]:
    """Return one assignment for every operation of a program, with a comment, and the name of the result.

    Args:
        program: any.
        written: an operation with the texts of its arguments.
    """
    names = [variable(terminal.address) for terminal in TERMINALS]
    lines: list[tuple[str, str]] = []
    for index, (operation, *operands) in enumerate(program.nodes):
        rule = operation_of(operation)
        name = f"t{index + 1}"
        arguments = [names[operand] for operand in operands if operand != NO_OPERAND]
        lines.append((f"{name} = {written(rule, arguments)}", rule.meaning))
        names.append(name)
    return lines, names[program.output]


def variable(address: int) -> str:
    """Return the name of a statistic as an identifier, such as `inp_grad_data`."""
    if not 0 <= address < TERMINAL_COUNT:
        raise ValueError(f"No statistic has address {address}")
    return TERMINALS[address].name.replace(".", "_")


def commented(line: str, comment: str, indent: str = "    ") -> list[str]:
    """Return a line of code with its comment, behind it where that fits and else above."""
    if len(indent + line) + len(comment) + 4 <= WIDTH:
        return [f"{indent}{line}  # {comment}"]
    return [*comment_lines(comment, indent), indent + line]


def comment_lines(text: str, indent: str = "") -> list[str]:
    """Return text as comments."""
    return textwrap.wrap(
        " ".join(text.split()), WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "
    ) or [f"{indent}#"]


def docstring_lines(text: str, indent: str = "") -> list[str]:
    """Return text as lines inside a docstring, whatever characters are in it."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', "'")
    return textwrap.wrap(plain, WIDTH, initial_indent=indent, subsequent_indent=indent)


def title(proxy: Proxy) -> str:
    """Return what the proxy is called, in one line that holds no control characters."""
    return "".join(character if character.isprintable() else " " for character in proxy.name)[:WIDTH]


def score_text(proxy: Proxy) -> str:
    """Return in one sentence how the score is made of the formula's results."""
    number = {"mean": "mean", "l2": "Euclidean norm"}[proxy.to_scalar]
    over = {"mean": "mean", "sum": "sum"}[proxy.aggregation]
    several = ", and the signed logarithms of the terms' scores added" if proxy.further_terms else ""
    turned = "" if proxy.orientation > 0 else ", with the sign changed"
    return f"The {number} of the formula's result on each unit, the {over} of that over the units{several}{turned}."
