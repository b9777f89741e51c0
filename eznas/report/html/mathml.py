r"""LaTeX of formulas as MathML, which browsers typeset by themselves.

It reads what `eznas.ops.latex` and `eznas.ops.terms` write and what the templates of the catalogue are made of:
symbols, scripts, fractions, roots, names in `\mathrm`, enclosing pairs, and lines of an `aligned`. A command beyond
these is shown by its name, so that a new operation is never lost.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

_TOKEN: Final = re.compile(r"\\[A-Za-z]+|\\.|\s+|\d+|.", re.DOTALL)
_SYMBOLS: Final = {r"\nabla": "∇", r"\rho": "ρ", r"\sigma": "σ", r"\ell": "ℓ"}
_OPERATORS: Final = {r"\odot": "⊙", r"\#": "#", "-": "−", "+": "+", "=": "=", "<": "<", ">": ">", ",": ","}
_FUNCTIONS: Final = {r"\log": "log", r"\det": "det", r"\exp": "exp", r"\cos": "cos"}
_PAIRS: Final = {
    r"\lvert": (r"\rvert", "|", "|"),
    r"\lVert": (r"\rVert", "‖", "‖"),
    r"\langle": (r"\rangle", "⟨", "⟩"),
    r"\left(": (r"\right)", "(", ")"),
    "(": (")", "(", ")"),
    "[": ("]", "[", "]"),
}
_SCRIPTS: Final = ("^", "_")
_SPACE: Final = '<mspace width=".17em"/>'
_LINES: Final = re.compile(r"\\begin\{aligned\}\n?(.*?)\n?\\end\{aligned\}", re.DOTALL)


def to_mathml(latex: str, description: str) -> str:
    """Return a formula as a MathML element.

    Args:
        latex: as `terms_to_latex` returns it.
        description: the formula in words or in plain notation, for who cannot see it.
    """
    lines = _LINES.fullmatch(latex)
    body = _table(lines[1]) if lines else _row(latex)
    return f'<math display="block" aria-label="{escape(description)}">{body}</math>'


def _table(text: str) -> str:
    rows = []
    for line in text.split("\\\\"):
        left, _, right = line.partition("&=")
        cells = (_row(left), "<mo>=</mo>", _row(right))
        left_cell, sign, right_cell = (f"<mtd>{cell}</mtd>" for cell in cells)
        rows.append(f"<mtr>{left_cell}{sign}{right_cell.replace('<mtd>', _LEFT, 1)}</mtr>")
    return f'<mtable displaystyle="true">{"".join(rows)}</mtable>'


_LEFT: Final = '<mtd style="text-align: left">'


def _row(text: str) -> str:
    tokens = _TOKEN.findall(text.strip())
    joined: list[str] = []
    for token in tokens:
        if joined and joined[-1] in (r"\left", r"\right"):
            joined[-1] += token
        else:
            joined.append(token)
    return _Reader(joined).row("")


class _Reader:
    """Reads the tokens of one formula from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0

    def row(self, end: str) -> str:
        """Return what stands before the token `end`, which is passed over, as one element."""
        parts: list[str] = []
        after_name = False
        while self._place < len(self._tokens):
            token = self._next()
            if token == end:
                break
            if token.isspace():
                continue
            if after_name and token != r"\left(" and token not in _SCRIPTS:
                parts.append(_SPACE)
            if token in _SCRIPTS:
                parts.append(self._script(parts.pop() if parts else "<mrow></mrow>", token))
                continue
            parts.append(self._atom(token))
            after_name = token in _FUNCTIONS or token == r"\mathrm"
        return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"

    def _next(self) -> str:
        self._place += 1
        return self._tokens[self._place - 1]

    def _argument(self) -> str:
        """Return the group in braces that follows, or else the next token."""
        while self._place < len(self._tokens):
            token = self._next()
            if not token.isspace():
                return self.row("}") if token == "{" else self._atom(token)
        return "<mrow></mrow>"

    def _name(self) -> str:
        """Return the characters in the braces that follow."""
        name = ""
        if self._place < len(self._tokens) and self._next() == "{":
            while self._place < len(self._tokens) and (token := self._next()) != "}":
                name += token
        return name

    def _script(self, base: str, mark: str) -> str:
        first = self._argument()
        if (
            self._place < len(self._tokens)
            and self._tokens[self._place] in _SCRIPTS
            and self._tokens[self._place] != mark
        ):
            self._place += 1
            below, above = (first, self._argument()) if mark == "_" else (self._argument(), first)
            return f"<msubsup>{base}{below}{above}</msubsup>"
        kind = "msup" if mark == "^" else "msub"
        return f"<{kind}>{base}{first}</{kind}>"

    def _atom(self, token: str) -> str:
        if token in _PAIRS:
            end, opening, closing = _PAIRS[token]
            return (
                f'<mrow><mo form="prefix" fence="true">{opening}</mo>{self.row(end)}'
                f'<mo form="postfix" fence="true">{closing}</mo></mrow>'
            )
        if token == "{":
            return self.row("}")
        if token == r"\frac":
            return f"<mfrac>{self._argument()}{self._argument()}</mfrac>"
        if token == r"\sqrt":
            return f"<msqrt>{self._argument()}</msqrt>"
        if token == r"\mathrm":
            return f'<mi mathvariant="normal">{escape(self._name())}</mi>'
        if token == r"\mathbf":
            return f'<mn class="bold">{escape(self._name())}</mn>'
        if token in _FUNCTIONS:
            return f'<mi mathvariant="normal">{_FUNCTIONS[token]}</mi>'
        if token in _OPERATORS:
            return f"<mo>{escape(_OPERATORS[token])}</mo>"
        if token.isdigit():
            return f"<mn>{token}</mn>"
        return f"<mi>{escape(_SYMBOLS.get(token, token.removeprefix(chr(92))))}</mi>"
