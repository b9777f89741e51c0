"""The notation of programs: formula text, its parser, and LaTeX.

A formula is an expression of statistics (`wt`, `inp_grad.data`), operations (`sigmoid(...)`) and, for the seven that
have one, infix operators, with Python's precedence: `@` and `*` before `+` and `-` before `<`, `>` and `==`. Parts
may be named first: `t1 = sign(wt); t1 * t1`. For every program p that is well-formed,
`parse_program(format_program(p)) == p`.
"""

from eznas.ops.formula import format_program
from eznas.ops.latex import to_latex
from eznas.ops.parser import parse_program

__all__ = ["format_program", "parse_program", "to_latex"]
