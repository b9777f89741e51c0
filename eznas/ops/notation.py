"""The notation of programs: formula text, and its parser.

A formula is an expression of statistics (`wt`, `inp_grad.data`), operations (`sigmoid(...)`) and, for those that
have one, infix operators, with Python's precedence: `@`, `*` and `/` before `+` and `-` before `<`, `>` and `==`. Parts
may be named first: `t1 = sign(wt); t1 * t1`. For every program p that is well-formed,
`parse_program(format_program(p)) == p`.

Python's own parser reads the text, and of its syntax only what means an operation or a terminal is let through;
nothing is ever evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, TypeGuard

from eznas.errors import EznasError
from eznas.ops.catalogue import BY_NAME as OPERATIONS_BY_NAME
from eznas.ops.catalogue import OPERATIONS, Operation
from eznas.ops.own import operation_named, operation_of, own_operations
from eznas.ops.program import NO_OPERAND, Program, ProgramBuilder, result_is_scalar, takes
from eznas.options import Orientation
from eznas.terminals import BY_NAME as TERMINALS_BY_NAME
from eznas.terminals import TERMINAL_COUNT, TERMINALS

PRECEDENCE: Final = {"<": 0, ">": 0, "==": 0, "+": 1, "-": 1, "*": 2, "@": 2, "/": 2}
"""How tightly an infix operator binds, as in Python."""
_ATOM: Final = 3  # a name or a call

_INLINE_SYMBOLS: Final = 30
_NESTING: Final = 30

_INFIX: Final = {operation.infix: operation for operation in OPERATIONS if operation.infix}
_SYMBOL_OF: Final[dict[type[ast.AST], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.MatMult: "@",
    ast.Div: "/",
    ast.Lt: "<",
    ast.Gt: ">",
    ast.Eq: "==",
}
_INSTEAD: Final[dict[type[ast.AST], str]] = {
    ast.Pow: "; power(a) is the square of a",
    ast.LtE: "; there are <, > and ==",
    ast.GtE: "; there are <, > and ==",
}
_RESERVED: Final = {*OPERATIONS_BY_NAME, *(name.partition(".")[0] for name in TERMINALS_BY_NAME)}


def format_program(program: Program) -> str:
    """Return the program as a formula that `parse_program` reads back to an equal program.

    A program whose written-out expression is long because parts repeat comes in steps: `t1 = ...; t2 = ...; result`.
    """
    statements, result = format_steps(program)
    return "; ".join([*statements, result])


def format_steps(program: Program, first: int = 1) -> tuple[list[str], str]:
    """Return the steps of a program, the first of which has this number, and the expression that is its result."""
    steps = {index: number + first - 1 for index, number in named_nodes(program).items()}
    # Per operand its text, and how tightly the text binds.
    texts = [(terminal.name, _ATOM) for terminal in TERMINALS]
    statements: list[str] = []
    for index, (operation, a, b) in enumerate(program.nodes):
        rule = operation_of(operation)
        arguments = [texts[operand] for operand in (a, b) if operand != NO_OPERAND]
        if rule.arity == 0:
            text, binding = rule.name, _ATOM
        elif rule.infix is None:
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
    return statements, texts[program.output][0]


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
        nesting.append(1 + max((nesting[operand] for operand in operands if operand != NO_OPERAND), default=-1))
        repeats = reads[operand_of_node] > 1 and not short and operands[0] != NO_OPERAND  # an own terminal has a name
        if operand_of_node != program.output and (repeats or nesting[operand_of_node] == _NESTING):
            steps[index] = len(steps) + 1
            nesting[operand_of_node] = 0
    return steps


def _in_parentheses(text: str, binding: int, at_least: int) -> str:
    return text if binding >= at_least else f"({text})"


def parse_program(text: str) -> Program:
    """Read a formula.

    Args:
        text: an expression of terminals (`wt`, `inp_grad.data`), operations (`sigmoid(...)`) and the operators
            `+ - * / @ < > ==`. Parts may be named first: `t1 = ...; t2 = ...; result`, or one on each line.

    Raises:
        EznasError: the text is no formula; the sentence names the place and, for a name, the nearest valid one.
    """
    ((_, program),) = _read(text, joined_by=None)
    return program


def parse_joined(text: str, function: str) -> list[tuple[Orientation, Program]]:
    """Read a formula that is a sum or difference of calls of a function that is no operation, or one without it.

    Args:
        text: as `parse_program` takes it, where the result may be `function(a) + function(b) - function(c)`.
        function: the name of that function.

    Returns:
        The sign and the argument of every call, or +1 and the program of a formula without a call.

    Raises:
        EznasError: see `parse_program`.
    """
    return _read(text, joined_by=function)


def _read(text: str, joined_by: str | None) -> list[tuple[Orientation, Program]]:
    lines = [line.strip() for line in text.strip().splitlines()]
    source = "\n".join(lines)
    try:
        statements = ast.parse(source).body
        return _Reader(source, joined_by).terms(statements)
    except SyntaxError as error:
        where = _place(error.lineno or 1, error.offset or 1, len(lines))
        raise EznasError(f"The formula {text!r:.200} cannot be read ({error.msg}, at {where}).") from error
    except ValueError as error:
        raise EznasError(f"The formula {text!r:.200} cannot be read: {error}.") from error
    except (RecursionError, MemoryError) as error:
        raise EznasError(
            f"The formula {text!r:.80} nests too deeply; name parts of it first: t1 = ...; t2 = ...; result."
        ) from error


class _Reader:
    """Translates the syntax tree of one formula."""

    def __init__(self, source: str, joined_by: str | None) -> None:
        self._joined_by = joined_by
        self._lines = source.split("\n")
        self._builder = ProgramBuilder()
        self._steps: dict[str, int] = {}
        self._scalar = dict.fromkeys(range(TERMINAL_COUNT), False)  # by ref, whether it is one number per unit

    def terms(self, statements: list[ast.stmt]) -> list[tuple[Orientation, Program]]:
        """Return the signed arguments of the calls that the result is made of, or the result itself."""
        if not statements:
            raise EznasError("The formula is empty; write something like frobenius_norm(inp_grad.data).")
        *steps, result = statements
        for step in steps:
            self._step(step)
        if isinstance(result, ast.Assign):
            raise self._error(
                result, "the formula ends with a named part; end it with the expression that is the result"
            )
        if not isinstance(result, ast.Expr):
            raise self._error(result, "this is no expression; a formula is made of operations and statistics")
        calls = self._calls(result.value)
        if len(calls) == 1:
            raise self._error(result.value, f"one term needs no {self._joined_by}; write it without")
        if not calls:
            calls = [(1, result.value)]
        return [(sign, self._builder.build(self._expression(argument))) for sign, argument in calls]

    def _calls(self, node: ast.expr) -> list[tuple[Orientation, ast.expr]]:
        """Return the arguments of a sum or difference of calls of the function that joins; [] if it is something else.

        A loop from the last call to the first, as such a sum groups from the left.
        """
        calls: list[tuple[Orientation, ast.expr]] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and self._joins(node.right):
            calls.append((1 if isinstance(node.op, ast.Add) else -1, self._argument(node.right)))
            node = node.left
        if not self._joins(node):
            return []  # where a call stands beside something else, `_call` says so
        return [(1, self._argument(node)), *reversed(calls)]

    def _joins(self, node: ast.expr) -> TypeGuard[ast.Call]:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == self._joined_by

    def _argument(self, call: ast.Call) -> ast.expr:
        if call.keywords or len(call.args) != 1:
            raise self._error(call, f"{self._joined_by} takes one term")
        return call.args[0]

    def _step(self, statement: ast.stmt) -> None:
        if not (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            raise self._error(statement, "only `name = expression` may stand before the result")
        name = statement.targets[0].id
        if name in _RESERVED or operation_named(name):
            raise self._error(
                statement, f"'{name}' is the name of an operation or a statistic; choose another for this part"
            )
        if name in self._steps:
            raise self._error(statement, f"'{name}' is named twice; choose another name for this part")
        self._steps[name] = self._expression(statement.value)

    def _expression(self, node: ast.expr) -> int:
        match node:
            case ast.Name() | ast.Attribute():
                return self._value(node)
            case ast.Call():
                return self._call(node)
            case ast.BinOp(left=left, op=symbol, right=right):
                return self._apply(node, self._infix(node, symbol), [left, right])
            case ast.Compare(left=left, ops=[symbol], comparators=[right]):
                return self._apply(node, self._infix(node, symbol), [left, right])
            case ast.Compare():
                raise self._error(node, "comparisons do not chain; write (a < b) < c")
            case ast.Constant(value=int() | float() | complex()):
                raise self._error(
                    node, "numbers are not part of formulas, which are made of operations and statistics only"
                )
            case _:
                raise self._error(
                    node, "this is not part of formulas, which are made of operations and statistics only"
                )

    def _value(self, node: ast.Name | ast.Attribute) -> int:
        name = ast.unparse(node)
        if name in self._steps:
            return self._steps[name]
        if name in TERMINALS_BY_NAME:
            return self._builder.terminal(TERMINALS_BY_NAME[name].address)
        operation = operation_named(name)
        if operation and operation.arity == 0:
            return self._apply(node, operation, [])
        if operation:
            arguments = "..." if operation.arity == 1 else "..., ..."
            raise self._error(node, f"'{name}' is an operation; write {name}({arguments})")
        own = [one.name for one in own_operations() if one.arity == 0]
        raise self._unknown_name(node, "statistic", name, [*TERMINALS_BY_NAME, *own, *self._steps])

    def _call(self, node: ast.Call) -> int:
        name = ast.unparse(node.func)
        operation = operation_named(name)
        if self._joins(node):
            raise self._error(node, f"{name} stands around whole terms only, as in {name}(wt) + {name}(inp.data)")
        if operation is None:
            own = [one.name for one in own_operations() if one.arity > 0]
            raise self._unknown_name(node, "operation", name, [*OPERATIONS_BY_NAME, *own])
        if operation.arity == 0:
            raise self._error(node, f"{name} is a terminal and takes no arguments; write {name}")
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self._error(node, f"{name} takes plain arguments only, as in {name}(wt)")
        if len(node.args) != operation.arity:
            plural = "s" if operation.arity > 1 else ""
            raise self._error(node, f"{name} takes {operation.arity} argument{plural}, not {len(node.args)}")
        return self._apply(node, operation, node.args)

    def _infix(self, node: ast.expr, symbol: ast.AST) -> Operation:
        if type(symbol) not in _SYMBOL_OF:
            instead = _INSTEAD.get(type(symbol), "; there are + - * / @ < > ==")
            raise self._error(node, f"this operator is not part of formulas{instead}")
        return _INFIX[_SYMBOL_OF[type(symbol)]]

    def _apply(self, node: ast.expr, operation: Operation, arguments: list[ast.expr]) -> int:
        refs = [self._expression(argument) for argument in arguments]
        scalar = [self._scalar[ref] for ref in refs] or [False]
        if not takes(operation.id, scalar[0], scalar[-1]):
            raise self._error(
                node, f"{operation.name} needs tensors, and an argument of it is one number on every unit"
            )
        ref = self._builder.apply(operation.id, *refs)
        self._scalar[ref] = result_is_scalar(operation.id, scalar[0], scalar[-1])
        return ref

    def _unknown_name(self, node: ast.expr, kind: str, name: str, valid: Iterable[str]) -> EznasError:
        near = get_close_matches(name, valid, n=1)
        way_out = f"the nearest valid name is '{near[0]}'" if near else "`eznas operations` shows what there is"
        return self._error(node, f"there is no {kind} '{name}'; {way_out}")

    def _error(self, node: ast.expr | ast.stmt, reason: str) -> EznasError:
        # The syntax tree counts columns in bytes.
        column = len(self._lines[node.lineno - 1].encode()[: node.col_offset].decode()) + 1
        where = _place(node.lineno, column, len(self._lines))
        token = ast.unparse(node).partition("\n")[0]
        return EznasError(f"In the formula, {where}, at '{token:.60}': {reason}.")


def _place(line: int, column: int, lines: int) -> str:
    return f"line {line}, column {column}" if lines > 1 else f"column {column}"
