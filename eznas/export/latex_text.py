"""A proxy as LaTeX to copy into a document: a displayed equation that needs amsmath alone."""

from __future__ import annotations

from typing import Final

from eznas.export.formula_text import comment_lines, score_text, title
from eznas.ops.terms import terms_to_latex
from eznas.proxies.proxy import Proxy
from eznas.terminals import TERMINALS

_MEANINGS: Final = (
    ("\\ell\\left(", r"\ell(s) = sign(s) log(1 + |s|), s being the term's number aggregated over the units"),
    ("\\rho", "\\rho(A): last over first eigenvalue of A A^T by a general solver; \\rho_s(A): largest over smallest"),
    ("\\#", "\\#: the number of elements"),
    ("\\mathrm{PR}", "\\mathrm{PR}: participation ratio, (sum of S^2)^2 / sum of S^4 over the singular values S"),
    ("d_H(", "d_H: how many elements are positive in one argument and not in the other"),
    ("\\mathrm{norm}", "\\mathrm{norm}: minus the mean, over the unbiased standard deviation"),
)
"""What is no notation that every reader knows, by what stands in the formula."""


def export(proxy: Proxy) -> str:
    """Return the equation, below comments that say what its symbols are."""
    formula = terms_to_latex(proxy.terms)
    used = [TERMINALS[address] for address in sorted({one for term in proxy.terms for one in term.program.leaves})]
    meanings = [meaning for sign, meaning in _MEANINGS if sign in formula]
    comments = [
        f"The zero-cost proxy {title(proxy)}. {score_text(proxy)} Needs \\usepackage{{amsmath}}.",
        *(f"{terminal.symbol}: {terminal.meaning}" for terminal in used),
        *meanings,
    ]
    lines = [line.replace("# ", "% ", 1) for comment in comments for line in comment_lines(comment)]
    return "\n".join([*lines, "\\begin{equation*}", formula, "\\end{equation*}", ""])
