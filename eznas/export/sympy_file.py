"""A proxy as Python code that builds its formula as a SymPy expression: `from FILE import expression`.

Statistics are real symbols. What an operation does to each element by itself is written in SymPy's own functions, with
the cases that the operation sets apart; what joins the elements of a tensor is a function of its name without a
definition. SymPy's algebra is that of real numbers: it knows no rounding, infinity or NaN, so that a form that it
finds equal need not give the same score. `eznas simplify` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from eznas.export.formula_text import commented, docstring_lines, score_text, steps, title, variable
from eznas.ops.catalogue import Operation
from eznas.ops.terms import Term, format_terms
from eznas.proxies.proxy import Proxy
from eznas.terminals import TERMINALS

_ELEMENT_WISE: Final = {
    "sum": "{a} + {b}",
    "difference": "{a} - {b}",
    "product": "{a} * {b}",
    "less_than": "sympy.Piecewise((1, {a} < {b}), (0, True))",
    "greater_than": "sympy.Piecewise((1, {a} > {b}), (0, True))",
    "equal_to": "sympy.Piecewise((1, sympy.Eq({a}, {b})), (0, True))",
    "log": "sympy.Piecewise((sympy.log({a}), {a} > 0), (0, True))",
    "abs_log": "sympy.Piecewise((0, sympy.Eq({a}, 0)), (sympy.log(sympy.Abs({a})), True))",
    "abs": "sympy.Abs({a})",
    "power": "{a}**2",
    "exp": "sympy.exp({a})",
    "relu": "sympy.Max({a}, 0)",
    "sign": "sympy.sign({a})",
    "heaviside": "sympy.Heaviside({a}, 0)",
    "invert": "1 / {a}",
    "sigmoid": "1 / (1 + sympy.exp(-{a}))",
    "ones_like": "sympy.Integer(1)",
    "zeros_like": "sympy.Integer(0)",
    "greater_than_zero": "sympy.Piecewise((1, {a} > 0), (0, True))",
    "less_than_zero": "sympy.Piecewise((1, {a} < 0), (0, True))",
    "sqrt": "sympy.sqrt(sympy.Abs({a}))",
    "divide": "sympy.Piecewise((1, sympy.Eq({b}, 0)), ({a} / {b}, True))",
}
"""Operations that SymPy can say, by name; every other is a function without a definition."""


def export(proxy: Proxy) -> str:
    """Return the code."""
    used = sorted({address for term in proxy.terms for address in term.program.leaves})
    lines = [
        f'"""The zero-cost proxy {docstring_lines(title(proxy))[0]} as a symbolic expression, by eznas.',
        "",
        *docstring_lines(proxy.formula, "    "),
        "",
        *docstring_lines(f"{score_text(proxy)} A higher score means a better network."),
        "",
        *docstring_lines(
            "Symbols are real numbers, one element standing for all: SymPy's algebra knows no rounding, infinity or "
            "NaN, and a form that it finds equal need not give the same score."
        ),
        '"""',
        "",
        "import sympy",
        "",
        "",
        "def function(name):",
        '    """Return an operation on whole tensors, which has a name and no definition here."""',
        "    return sympy.Function(name, real=True)",
        "",
        "",
    ]
    for address in used:
        name = TERMINALS[address].name
        lines += commented(f'{variable(address)} = sympy.Symbol("{name}", real=True)', TERMINALS[address].meaning, "")
    results = []
    for number, term in enumerate(proxy.terms, 1):
        body, result = steps(term.program, _written)
        lines += ["", *(f"# {line}" for line in docstring_lines(format_terms([Term(term.program)])))]
        for line, comment in body:
            lines += commented(line, comment, "")
        lines.append(f"term_{number} = {result}")
        results.append(f"{'+' if term.sign > 0 else '-'} {_scored(proxy, f'term_{number}')}")
    total = " ".join(results).removeprefix("+ ")
    lines += ["", f"expression = {total if proxy.orientation > 0 else f'-({total})'}"]
    return "\n".join([*lines, ""])


def _written(operation: Operation, arguments: Sequence[str]) -> str:
    template = _ELEMENT_WISE.get(operation.name)
    if template is None:
        return f'function("{operation.name}")({", ".join(arguments)})'
    return template.format(**dict(zip("ab", arguments, strict=False)))


def _scored(proxy: Proxy, term: str) -> str:
    """The aggregate of a term, or of several terms its signed logarithm."""
    number = {"mean": "mean", "l2": "frobenius_norm"}[proxy.to_scalar]
    aggregate = f'function("{proxy.aggregation}_over_units")(function("{number}")({term}))'
    if not proxy.further_terms:
        return aggregate
    return f"sympy.sign({aggregate}) * sympy.log(1 + sympy.Abs({aggregate}))"
