"""A program as LaTeX, for papers and reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from eznas.ops.catalogue import OPERATIONS
from eznas.ops.notation import named_nodes
from eznas.ops.own import operation_of
from eznas.ops.program import NO_OPERAND, Program
from eznas.terminals import TERMINALS

_SUMS: Final = {operation.id for operation in OPERATIONS if operation.infix in {"+", "-"}}
_PRODUCTS: Final = {operation.id for operation in OPERATIONS if operation.infix in {"*", "@"}}


def to_latex(program: Program) -> str:
    """Return the program in LaTeX's math mode, without delimiters such as `$`; it needs amsmath.

    Repeated parts get a line of their own, as in `format_program`.
    """
    return aligned(*latex_steps(program))


def aligned(lines: Sequence[str], result: str) -> str:
    """Return repeated parts and a result as one formula."""
    if not lines:
        return result
    body = " \\\\\n".join([*lines, rf"\mathrm{{result}} &= {result}"])
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def latex_steps(program: Program, first: int = 1) -> tuple[list[str], str]:
    """Return the lines of the repeated parts, the first of which has this number, and the result."""
    steps = {index: number + first - 1 for index, number in named_nodes(program).items()}
    # Per operand its text, and the operation on its outside: None for a symbol.
    texts: list[tuple[str, int | None]] = [(terminal.symbol, None) for terminal in TERMINALS]
    lines: list[str] = []
    for index, (operation, a, b) in enumerate(program.nodes):
        left = "" if a == NO_OPERAND else _argument(operation, *texts[a], is_right=False)
        right = "" if b == NO_OPERAND else _argument(operation, *texts[b], is_right=True)
        text, outside = operation_of(operation).latex.format(a=left, b=right), operation
        if index in steps:
            lines.append(rf"t_{{{steps[index]}}} &= {text}")
            texts.append((f"t_{{{steps[index]}}}", None))
        else:
            texts.append((text, outside))
    return lines, texts[program.output][0]


def _argument(operation: int, text: str, outside: int | None, *, is_right: bool) -> str:
    """Enclose an argument in parentheses where the operation around it would not read unambiguously without."""
    if operation_of(operation).encloses:
        return text
    if operation in _SUMS:
        # Sums group from the left, and products bind more tightly.
        enclose = is_right and outside in _SUMS
    elif operation in _PRODUCTS:
        enclose = outside in _SUMS or (outside in _PRODUCTS and (is_right or outside != operation))
    else:
        enclose = True
    return rf"\left({text}\right)" if enclose else text
