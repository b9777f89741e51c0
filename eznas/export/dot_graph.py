"""A proxy as a graph in Graphviz's DOT language: `dot -Tsvg` draws it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator

from eznas.export.formula_text import score_text, title
from eznas.ops.own import operation_of
from eznas.ops.program import NO_OPERAND
from eznas.ops.terms import SIGNED_LOG, Term
from eznas.proxies.proxy import Proxy
from eznas.terminals import TERMINAL_COUNT, TERMINALS


def export(proxy: Proxy) -> str:
    """Return the graph: statistics at the bottom, the score on top, and what is used twice drawn once.

    The edges into an operation whose arguments cannot be swapped are labelled A and B, as in its meaning.
    """
    lines = [
        f"digraph {_quoted(title(proxy))} {{",
        "  graph [rankdir=BT, ordering=in];",
        '  node [shape=box, style=rounded, fontname="Helvetica"];',
        '  edge [fontname="Helvetica", fontsize=10];',
        f"  score [shape=plaintext, label={_quoted(_broken('score: ' + score_text(proxy)))}];",
    ]
    for address in sorted({one for term in proxy.terms for one in term.program.leaves}):
        lines.append(f"  s{address} [shape=ellipse, label={_quoted(TERMINALS[address].name)}];")
    for number, term in enumerate(proxy.terms, 1):
        lines += _term(number, term, several=bool(proxy.further_terms))
    return "\n".join([*lines, "}", ""])


def _term(number: int, term: Term, *, several: bool) -> Iterator[str]:
    def identifier(operand: int) -> str:
        return f"s{operand}" if operand < TERMINAL_COUNT else f"t{number}_{operand - TERMINAL_COUNT + 1}"

    for index, (operation, a, b) in enumerate(term.program.nodes):
        rule = operation_of(operation)
        own = identifier(TERMINAL_COUNT + index)
        yield f"  {own} [label={_quoted(rule.name)}];"
        labels = ("", "") if b == NO_OPERAND or rule.commutative else (' [label="A"]', ' [label="B"]')
        for operand, label in zip((a, b), labels, strict=True):
            if operand != NO_OPERAND:
                yield f"  {identifier(operand)} -> {own}{label};"
    sign = "+" if term.sign > 0 else "-"
    yield f"  {identifier(term.program.output)} -> score{f' [label={_quoted(sign + SIGNED_LOG)}]' if several else ''};"


def _quoted(text: str) -> str:
    """Return text as a DOT string, in which a line break is written as backslash and n."""
    return json.dumps(text, ensure_ascii=False)


def _broken(text: str, width: int = 40) -> str:
    """Return text in lines for a label."""
    return "\n".join(textwrap.wrap(text, width))
