"""A program as formula text: `frobenius_norm(sigmoid(log_determinant(sign(inp_grad.data))))`."""

from __future__ import annotations

from typing import Final

from eznas.ops.catalogue import OPERATIONS
from eznas.ops.program import NO_OPERAND, Program
from eznas.terminals import TERMINAL_COUNT, TERMINALS

PRECEDENCE: Final = {"<": 0, ">": 0, "==": 0, "+": 1, "-": 1, "*": 2, "@": 2}
"""How tightly an infix operator binds, as in Python."""
_ATOM: Final = 3  # a name or a call

_INLINE_SYMBOLS: Final = 30
_NESTING: Final = 30


def format_program(program: Program) -> str:
    """Return the program as a formula that `parse_program` reads back to an equal program.

    A program whose written-out expression is long because parts repeat comes in steps: `t1 = ...; t2 = ...; result`.
    """
    steps = named_nodes(program)
    # Per operand its text, and how tightly the text binds.
    texts = [(terminal.name, _ATOM) for terminal in TERMINALS]
    statements: list[str] = []
    for index, (operation, a, b) in enumerate(program.nodes):
        rule = OPERATIONS[operation]
        arguments = [texts[operand] for operand in (a, b) if operand != NO_OPERAND]
        if rule.infix is None:
            text, binding = f"{rule.name}({', '.join(argument for argument, _ in arguments)})", _ATOM
        else:
            binding = PRECEDENCE[rule.infix]
            if rule.commutative and arguments[1][1] == binding and program.nodes[b - TERMINAL_COUNT][0] == operation:
                arguments.reverse()  # b + c + a rather than a + (b + c)
            # Operators of one precedence group from the left; comparisons would chain instead.
            left = _in_parentheses(*arguments[0], binding + (binding == PRECEDENCE["<"]))
            right = _in_parentheses(*arguments[1], binding + 1)
            text = f"{left} {rule.infix} {right}"
        if index in steps:
            statements.append(f"t{steps[index]} = {text}")
            text, binding = f"t{steps[index]}", _ATOM
        texts.append((text, binding))
    return "; ".join([*statements, texts[program.output][0]])


def named_nodes(program: Program) -> dict[int, int]:
    """Choose the nodes that are written as steps of their own; return their numbers, from 1, by node index.

    None, if the expression without steps has at most 30 symbols (operations and terminals). Otherwise every
    operation that is read more than once, so that the text grows with the nodes and not with the paths through
    them. In any case parts that nest deeper than 30 operations, which neither people nor Python's parser take well.
    """
    symbols = [1] * TERMINAL_COUNT  # of the written-out expression, by operand; above the limit only "too many"
    reads = [0] * (TERMINAL_COUNT + len(program.nodes))
    for _, *operands in program.nodes:
        present = [operand for operand in operands if operand != NO_OPERAND]
        for operand in present:
            reads[operand] += 1
        symbols.append(min(1 + sum(symbols[operand] for operand in present), _INLINE_SYMBOLS + 1))
    short = symbols[program.output] <= _INLINE_SYMBOLS

    steps: dict[int, int] = {}
    nesting = [0] * TERMINAL_COUNT
    for index, (_, *operands) in enumerate(program.nodes):
        operand_of_node = TERMINAL_COUNT + index
        nesting.append(1 + max(nesting[operand] for operand in operands if operand != NO_OPERAND))
        repeats = reads[operand_of_node] > 1 and not short
        if operand_of_node != program.output and (repeats or nesting[operand_of_node] == _NESTING):
            steps[index] = len(steps) + 1
            nesting[operand_of_node] = 0
    return steps


def _in_parentheses(text: str, binding: int, at_least: int) -> str:
    return text if binding >= at_least else f"({text})"
