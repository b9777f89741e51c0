"""A formula of one or several terms: programs that are aggregated over a network's units each on its own.

The aggregates of several terms are joined as signed logarithms: the score is the sum over the terms of
`sign * signed_log(s)`, where s is the term's aggregate and `signed_log(s) = sign(s) * log(1 + |s|)`. It is monotone in
every aggregate; large ones are multiplied and divided, as it were, and small ones added. The scale of a term matters
only around 1, and sizes such as `numel(wt)` in the term can move it. A single term is its own score.

As text: `signed_log(a) + signed_log(b) - signed_log(c)`, with parts named before as in every formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eznas.ops.latex import aligned, latex_steps
from eznas.ops.notation import format_steps, parse_joined
from eznas.ops.program import Program
from eznas.options import Orientation

SIGNED_LOG: Final = "signed_log"
"""What stands around every term of several."""


@dataclass(frozen=True)
class Term:
    """One of several terms of a formula.

    Attributes:
        program: from the statistics of a unit to a tensor.
        sign: +1 where the term is added, -1 where it is subtracted.
    """

    program: Program
    sign: Orientation = 1


def format_terms(terms: Sequence[Term]) -> str:
    """Return one term, or several, as a formula that `parse_terms` reads back; the first sign is +1."""
    parts: list[str] = []
    results: list[str] = []
    for term in terms:
        statements, result = format_steps(term.program, first=len(parts) + 1)
        parts += statements
        results.append(result)
    if len(terms) == 1:
        return "; ".join([*parts, *results])
    signs = ("", *(" + " if term.sign > 0 else " - " for term in terms[1:]))
    joined = "".join(f"{sign}{SIGNED_LOG}({result})" for sign, result in zip(signs, results, strict=True))
    return "; ".join([*parts, joined])


def parse_terms(text: str) -> tuple[Term, ...]:
    """Read a formula of one or several terms.

    Raises:
        EznasError: the text is no formula; the sentence names the place.
    """
    return tuple(Term(program, sign) for sign, program in parse_joined(text, SIGNED_LOG))


def terms_to_latex(terms: Sequence[Term]) -> str:
    r"""Return the formula in LaTeX's math mode; several terms as `\ell` of each, the signed logarithm of its aggregate.

    It needs amsmath.
    """
    parts: list[str] = []
    results: list[str] = []
    for term in terms:
        lines, result = latex_steps(term.program, first=len(parts) + 1)
        parts += lines
        results.append(result)
    if len(terms) > 1:
        signs = ("", *(" + " if term.sign > 0 else " - " for term in terms[1:]))
        results = ["".join(rf"{sign}\ell\left({one}\right)" for sign, one in zip(signs, results, strict=True))]
    return aligned(parts, results[0])
