"""From known proxies to formulas that a search starts from.

What a program computes from single numbers becomes the formula, and what gives it these numbers, a tensor reduced to
one, becomes its leaves. So variation works on what is above the reductions, and the leaves are features like others.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from eznas.discovery.codes import ADDED, SUBTRACTED
from eznas.discovery.limits import MAXIMUM_NODES
from eznas.errors import EznasError
from eznas.features.feature import append_program, as_feature
from eznas.ops.catalogue import BY_NAME, OPERATIONS
from eznas.ops.kernels import execute  # noqa: F401 - fills KERNELS
from eznas.ops.kernels.kernel import KERNELS
from eznas.ops.program import NO_OPERAND, Program, ProgramBuilder
from eznas.ops.terms import Term, format_terms, parse_terms
from eznas.options import ThirdPass, Unit
from eznas.proxies import AnyProxy, Proxy
from eznas.terminals import TERMINAL_COUNT

Symbols: TypeAlias = list[int | Program]
"""A formula in postfix notation, in which a leaf is the feature itself."""

_ELEMENTWISE: Final = frozenset(operation.id for operation in OPERATIONS if KERNELS[operation.name].is_elementwise)


def seed_formula(proxy: AnyProxy, unit: Unit, third_pass: ThirdPass) -> str:
    """Return the formula of a proxy, whose terms give one number per unit, as text.

    Args:
        proxy: its aggregation and orientation are left out, which are those of the search.
        unit: of the search.
        third_pass: of the search.

    Raises:
        EznasError: it is a hand-made proxy, or is computed from other statistics than those of the search.
    """
    if not isinstance(proxy, Proxy):
        raise EznasError(
            f"{proxy.name} is a hand-made proxy, and a search starts from formulas: leave it out, or give one, such as "
            "numel(wt) for the number of weights."
        )
    for name, given, own in (("unit", unit, proxy.unit), ("third-pass", third_pass, proxy.third_pass)):
        if given != own:
            raise EznasError(
                f"{proxy.name} is computed with {name} {own}, and the search with {given}: give --{name} {own}, or "
                "another --seed-proxy."
            )
    reduced = [Term(_reduced(term.program, proxy.to_scalar == "l2"), term.sign) for term in proxy.terms]
    return format_terms(reduced)


def starting_formulas(formula: str, terms: int) -> list[str]:
    """Return what a search of formulas with so many terms starts from: a seed, or the terms of one that has more."""
    given = parse_terms(formula)
    if len(given) <= terms:
        return [formula]
    return [format_terms([Term(term.program, 1)]) for term in given]


def symbols_of(formula: str) -> Symbols:
    """Return what `seed_formula` returned as operations, joins and leaves, at most `MAXIMUM_NODES`."""
    symbols: Symbols = []
    for position, term in enumerate(parse_terms(formula)):
        symbols += _symbols_of_term(term.program)
        if position:
            symbols.append(ADDED if term.sign > 0 else SUBTRACTED)
    if len(symbols) <= MAXIMUM_NODES:
        return symbols
    # Several terms that are too large together: each is a leaf.
    terms = parse_terms(formula)
    joins = [ADDED if term.sign > 0 else SUBTRACTED for term in terms]
    return [terms[0].program] + [
        symbol for term, join in zip(terms[1:], joins[1:], strict=True) for symbol in (term.program, join)
    ]


def _reduced(program: Program, use_norm: bool) -> Program:
    """The program with its reduction to one number per unit written out."""
    if not use_norm:
        return as_feature(program)
    builder = ProgramBuilder()
    norm = BY_NAME["abs" if program.gives_scalar else "frobenius_norm"]
    return builder.build(builder.apply(norm.id, append_program(builder, program)))


def _symbols_of_term(program: Program) -> Symbols:
    """The codes of operations, and leaves; the program is a leaf as a whole where it has too many operations above."""
    symbols: Symbols = []
    pending: list[tuple[int, bool]] = [(program.output, False)]  # an operand, and whether its arguments are written
    while pending:
        operand, is_ready = pending.pop()
        operation, *arguments = program.nodes[operand - TERMINAL_COUNT]
        arguments = [argument for argument in arguments if argument != NO_OPERAND]
        if is_ready:
            symbols.append(-1 - operation)
        elif operation in _ELEMENTWISE and all(_is_number(program, argument) for argument in arguments):
            pending += [(operand, True), *((argument, False) for argument in reversed(arguments))]
        else:
            builder = ProgramBuilder()
            symbols.append(builder.build(append_program(builder, Program(program.nodes, operand))))
        if len(symbols) + len(pending) > MAXIMUM_NODES:  # each of the pending becomes at least one symbol
            return [program]
    return symbols


def _is_number(program: Program, operand: int) -> bool:
    return operand >= TERMINAL_COUNT and program.is_scalar(operand - TERMINAL_COUNT)
