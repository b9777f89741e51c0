"""A program as LaTeX, for papers and reports."""

from __future__ import annotations

from typing import Final

from eznas.ops.catalogue import BY_NAME, OPERATIONS
from eznas.ops.formula import named_nodes
from eznas.ops.program import NO_OPERAND, Program
from eznas.terminals import TERMINALS

# The templates of these enclose their arguments by themselves.
_ENCLOSING: Final = {
    BY_NAME[name].id
    for name in (
        "less_than",
        "greater_than",
        "equal_to",
        "greater_than_zero",
        "less_than_zero",
        "abs",
        "abs_log",
        "frobenius_norm",
        "normalized_sum",
        "l1_norm",
        "hamming_distance",
        "kl_divergence",
        "cosine_similarity",
        "ones_like",
        "zeros_like",
    )
}
_SUMS: Final = {BY_NAME["sum"].id, BY_NAME["difference"].id}
_PRODUCTS: Final = {BY_NAME["product"].id, BY_NAME["matmul"].id}


def to_latex(program: Program) -> str:
    """Return the program in LaTeX's math mode, without delimiters such as `$`; it needs amsmath.

    Repeated parts get a line of their own, as in `format_program`.
    """
    steps = named_nodes(program)
    # Per operand its text, and the operation on its outside: None for a symbol.
    texts: list[tuple[str, int | None]] = [(terminal.symbol, None) for terminal in TERMINALS]
    lines: list[str] = []
    for index, (operation, a, b) in enumerate(program.nodes):
        first = _argument(operation, *texts[a], is_right=False)
        second = "" if b == NO_OPERAND else _argument(operation, *texts[b], is_right=True)
        text, outside = OPERATIONS[operation].latex.format(a=first, b=second), operation
        if index in steps:
            lines.append(rf"t_{{{steps[index]}}} &= {text}")
            texts.append((f"t_{{{steps[index]}}}", None))
        else:
            texts.append((text, outside))
    result = texts[program.output][0]
    if not lines:
        return result
    body = " \\\\\n".join([*lines, rf"\mathrm{{result}} &= {result}"])
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _argument(operation: int, text: str, outside: int | None, *, is_right: bool) -> str:
    """Enclose an argument in parentheses where the operation around it would not read unambiguously without."""
    if operation in _ENCLOSING:
        return text
    if operation in _SUMS:
        # Sums group from the left, and products bind more tightly.
        enclose = is_right and outside in _SUMS
    elif operation in _PRODUCTS:
        enclose = outside in _SUMS or (outside in _PRODUCTS and (is_right or outside != operation))
    else:
        enclose = True
    return rf"\left({text}\right)" if enclose else text
