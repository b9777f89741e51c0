"""Formula text to program.

Python's own parser reads the text, and of its syntax only what means an operation or a terminal is let through;
nothing is ever evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from eznas.errors import EznasError
from eznas.ops.catalogue import BY_NAME as OPERATIONS_BY_NAME
from eznas.ops.catalogue import OPERATIONS, Operation
from eznas.ops.program import Program, ProgramBuilder, result_is_scalar, takes
from eznas.terminals import BY_NAME as TERMINALS_BY_NAME
from eznas.terminals import TERMINAL_COUNT

_INFIX: Final = {operation.infix: operation for operation in OPERATIONS if operation.infix}
_SYMBOL_OF: Final[dict[type[ast.AST], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.MatMult: "@",
    ast.Lt: "<",
    ast.Gt: ">",
    ast.Eq: "==",
}
_INSTEAD: Final[dict[type[ast.AST], str]] = {
    ast.Div: "; write a * invert(b)",
    ast.Pow: "; power(a) is the square of a",
    ast.LtE: "; there are <, > and ==",
    ast.GtE: "; there are <, > and ==",
}
_RESERVED: Final = {*OPERATIONS_BY_NAME, *(name.partition(".")[0] for name in TERMINALS_BY_NAME)}


def parse_program(text: str) -> Program:
    """Read a formula.

    Args:
        text: an expression of terminals (`wt`, `inp_grad.data`), operations (`sigmoid(...)`) and the operators
            `+ - * @ < > ==`. Parts may be named first: `t1 = ...; t2 = ...; result`, or one on each line.

    Raises:
        EznasError: the text is no formula; the sentence names the place and, for a name, the nearest valid one.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    source = "\n".join(lines)
    try:
        statements = ast.parse(source).body
        return _Reader(source).program(statements)
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

    def __init__(self, source: str) -> None:
        self._lines = source.split("\n")
        self._builder = ProgramBuilder()
        self._steps: dict[str, int] = {}
        self._scalar = dict.fromkeys(range(TERMINAL_COUNT), False)  # by ref, whether it is one number per unit

    def program(self, statements: list[ast.stmt]) -> Program:
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
        return self._builder.build(self._expression(result.value))

    def _step(self, statement: ast.stmt) -> None:
        if not (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            raise self._error(statement, "only `name = expression` may stand before the result")
        name = statement.targets[0].id
        if name in _RESERVED:
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
        if name in OPERATIONS_BY_NAME:
            arguments = "..." if OPERATIONS_BY_NAME[name].arity == 1 else "..., ..."
            raise self._error(node, f"'{name}' is an operation; write {name}({arguments})")
        raise self._unknown_name(node, "statistic", name, [*TERMINALS_BY_NAME, *self._steps])

    def _call(self, node: ast.Call) -> int:
        name = ast.unparse(node.func)
        operation = OPERATIONS_BY_NAME.get(name)
        if operation is None:
            raise self._unknown_name(node, "operation", name, OPERATIONS_BY_NAME)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self._error(node, f"{name} takes plain arguments only, as in {name}(wt)")
        if len(node.args) != operation.arity:
            plural = "s" if operation.arity > 1 else ""
            raise self._error(node, f"{name} takes {operation.arity} argument{plural}, not {len(node.args)}")
        return self._apply(node, operation, node.args)

    def _infix(self, node: ast.expr, symbol: ast.AST) -> Operation:
        if type(symbol) not in _SYMBOL_OF:
            instead = _INSTEAD.get(type(symbol), "; there are + - * @ < > ==")
            raise self._error(node, f"this operator is not part of formulas{instead}")
        return _INFIX[_SYMBOL_OF[type(symbol)]]

    def _apply(self, node: ast.expr, operation: Operation, arguments: list[ast.expr]) -> int:
        refs = [self._expression(argument) for argument in arguments]
        scalar = [self._scalar[ref] for ref in refs]
        if not takes(operation.id, scalar[0], scalar[-1]):
            raise self._error(
                node, f"{operation.name} needs tensors, and an argument of it is one number on every unit"
            )
        ref = self._builder.apply(operation.id, *refs)
        self._scalar[ref] = result_is_scalar(operation.id, scalar[0], scalar[-1])
        return ref

    def _unknown_name(self, node: ast.expr, kind: str, name: str, valid: Iterable[str]) -> EznasError:
        [nearest] = get_close_matches(name, valid, n=1, cutoff=0.0)
        return self._error(node, f"there is no {kind} '{name}'; the nearest valid name is '{nearest}'")

    def _error(self, node: ast.expr | ast.stmt, reason: str) -> EznasError:
        # The syntax tree counts columns in bytes.
        column = len(self._lines[node.lineno - 1].encode()[: node.col_offset].decode()) + 1
        where = _place(node.lineno, column, len(self._lines))
        token = ast.unparse(node).partition("\n")[0]
        return EznasError(f"In the formula, {where}, at '{token:.60}': {reason}.")


def _place(line: int, column: int, lines: int) -> str:
    return f"line {line}, column {column}" if lines > 1 else f"column {column}"
