"""Simplify a program as a reader would at sight, without changing a single bit of what it computes.

`abs(abs(x))` becomes `abs(x)`; `softmax(softmax(x))` is no identity and stays. Every rule holds for float32 numbers as
the compiled kernels treat them, for NaN, infinities, denormal numbers and -0, too, which is why `x + 0` stays where x
may be -0; and no rule changes on which units the program is invalid. What does not reach the output is no part of a
`Program` in the first place: a sequential genome loses its dead code when it is compiled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from eznas.ops.catalogue import BY_NAME, ShapeRule
from eznas.ops.facts import TERMINAL_FACTS, Facts, facts_of
from eznas.ops.own import operation_of
from eznas.ops.program import NO_OPERAND, Program, ProgramBuilder
from eznas.ops.shared_programs import SharedPrograms
from eznas.ops.terms import Term
from eznas.terminals import TERMINAL_COUNT

Spelling: TypeAlias = Callable[[int, tuple[int, ...]], tuple[int, tuple[int, ...]]]
"""From an operation's id and the refs of its arguments to those that the same is written with."""

_MOST_KNOWN: Final = 20_000  # parts of programs that a simplifier remembers, some 20 MB


@dataclass(frozen=True)
class Simplified:
    """A simpler formula that gives the same numbers.

    Attributes:
        terms: the formula.
        rules: how often each rule was used, by its text.
    """

    terms: tuple[Term, ...]
    rules: Counter[str]


def simplify_terms(terms: Sequence[Term]) -> Simplified:
    """Simplify every term of a formula on its own; terms that cancel each other stay, as one may have no value."""
    rules: Counter[str] = Counter()
    simple = tuple(replace(term, program=simplify(term.program, rules)) for term in terms)
    return Simplified(simple, rules)


def simplify(program: Program, used: Counter[str] | None = None) -> Program:
    """Return a program with the same numbers and the same invalid units, and no more operations.

    Args:
        program: any program.
        used: counts the rules that were applied, by their text.
    """
    return Simplifier().simplify(program, used)


class Simplifier:
    """Simplifies many programs, and looks at the parts that they share once."""

    def __init__(self, spelling: Spelling = lambda operation, operands: (operation, operands)) -> None:
        """Begin with no part known.

        Args:
            spelling: from an operation's id and its arguments to those that the same is written with in the result.
        """
        self._spelling = spelling
        self._forget()

    def simplify(self, program: Program, used: Counter[str] | None = None) -> Program:
        """Return what the function `simplify` returns; `used` counts the rules for parts that were not known yet."""
        shared = self.simplify_all([program], used)
        (simple,) = shared.refs
        is_simple = shared.builder.digest(simple).hex() == program.digest
        return program if is_simple else shared.builder.build(simple)

    def simplify_all(self, programs: Sequence[Program], used: Counter[str] | None = None) -> SharedPrograms:
        """Return what `simplify` returns of each of many programs."""
        used = Counter() if used is None else used
        if len(self._known) > _MOST_KNOWN:
            self._forget()
        return SharedPrograms(self._expressions.builder, [self._simplified(program, used) for program in programs])

    def _simplified(self, program: Program, used: Counter[str]) -> int:
        """The ref of the simplest form of a program."""
        known, digests, output = self._known, program.digests, program.output - TERMINAL_COUNT
        refs = {address: address for address in range(NO_OPERAND, TERMINAL_COUNT)}
        for index in program.nodes_down_to(lambda index: digests[index] in known and index != output):
            ref = known.get(digests[index])
            if ref is None or index == output:
                operation, a, b = program.nodes[index]
                applied = self._expressions.apply(operation, *[refs[one] for one in (a, b) if one != NO_OPERAND])
                ref = self._simplest(applied, index == output, used)
                if index != output:  # which may be what no part may, see `_may_replace`
                    known[digests[index]] = ref
            refs[TERMINAL_COUNT + index] = ref
        return refs[program.output]

    def _forget(self) -> None:
        self._expressions = _Expressions(self._spelling)
        self._known: dict[bytes, int] = {}  # by digest, of parts that are no program's output

    def _simplest(self, ref: int, is_output: bool, used: Counter[str]) -> int:
        while (step := self._expressions.simpler(ref, is_output)) is not None:
            ref, rule = step
            used[rule] += 1
        return ref


Found: TypeAlias = tuple[int, str]
"""What may stand in the place of an expression, as a ref, and the rule that says so."""


class _Expressions:
    """A builder that knows the nodes of its refs and what is known of them."""

    def __init__(self, spelling: Spelling) -> None:
        self.builder = ProgramBuilder()
        self._spelling = spelling
        self._nodes: dict[int, tuple[int, str, tuple[int, ...]]] = {}  # by ref: operation, its name, arguments
        self._facts: dict[int, Facts] = dict(enumerate(TERMINAL_FACTS))  # of those that were asked for, by ref

    def apply(self, operation: int, *operands: int) -> int:
        """Return the ref of an operation's result."""
        operation, operands = self._spelling(operation, operands)
        ref = self.builder.apply(operation, *operands)
        if ref not in self._nodes:
            self._nodes[ref] = operation, operation_of(operation).name, operands
        return ref

    def call(self, name: str, *operands: int) -> int:
        """Return the ref of the result of the operation of this name."""
        return self.apply(BY_NAME[name].id, *operands)

    def facts(self, ref: int) -> Facts:
        """Return what is known of an expression."""
        facts = self._facts
        pending = [ref]
        while pending:
            one = pending[-1]
            if one in facts:
                pending.pop()
                continue
            operation, _, operands = self._nodes[one]
            missing = [operand for operand in operands if operand not in facts]
            pending += missing
            if not missing:
                facts[one] = facts_of(operation, tuple([facts[operand] for operand in operands]))
        return facts[ref]

    def is_number(self, ref: int) -> bool:
        """Whether an expression is one number on every unit."""
        return self.builder.is_scalar(ref)

    def name(self, ref: int) -> str:
        """Return the name of the operation on the outside; of a statistic nothing."""
        return self._nodes[ref][1] if ref in self._nodes else ""

    def operands(self, ref: int) -> tuple[int, ...]:
        """Return the arguments of the operation on the outside; none of a statistic."""
        return self._nodes[ref][2] if ref in self._nodes else ()

    def simpler(self, ref: int, is_output: bool) -> Found | None:
        """Return what may stand in the place of an expression by the first rule that fits; None if none does."""
        if ref < TERMINAL_COUNT:
            return None
        _, name, operands = self._nodes[ref]
        for rule in _RULES.get(name, ()):  # of an operation of the user's own nothing is known
            for found, text in rule(self, name, *operands):
                if self._may_replace(ref, found, is_output):
                    return found, text
        return None

    def _may_replace(self, old: int, new: int, is_output: bool) -> bool:
        """Whether shapes and invalid units stay the same: rules speak of numbers only."""
        before, after = self.facts(old), self.facts(new)
        needs = after.needs
        if new < TERMINAL_COUNT and not is_output:
            needs |= {("size", after.shape)}  # what reads it will refuse it by itself
        return before.shape == after.shape and before.needs == needs


_Rule: TypeAlias = Callable[..., Iterator[Found]]

_RULES: Final[dict[str, list[_Rule]]] = {}
"""By the name of an operation the rules for it, in the order in which they are tried."""


def _for(*names: str) -> Callable[[_Rule], _Rule]:
    """Make a function a rule for the operations of these names; it is given the name, and the refs of the arguments."""

    def register(rule: _Rule) -> _Rule:
        for name in names:
            _RULES.setdefault(name, []).append(rule)
        return rule

    return register


_EVEN: Final = frozenset({"abs", "power", "abs_log", "sqrt", "l1_norm", "frobenius_norm"})
"""Operations that do not see the sign of their argument."""

_POSITIVE_PART: Final = frozenset({"heaviside", "greater_than_zero", "hamming_distance"})
"""Operations that see only where their argument is above zero."""

_KEEP_POSITIVES: Final = frozenset({"relu", "sign", "heaviside", "greater_than_zero"})
"""Operations whose result is above zero exactly where their argument is."""

_LIKE: Final = frozenset({"ones_like", "zeros_like", "numel"})
"""Operations that see only the shape of their argument."""


@_for("abs", "relu", "sign", "heaviside", "greater_than_zero", "power", "sqrt")
def _no_effect(e: _Expressions, name: str, x: int) -> Iterator[Found]:
    """Operations that leave such numbers as they are."""
    known = e.facts(x)
    if name == "abs" and known.not_negative and known.no_minus_zero:
        yield x, "abs(x) = x where x is not negative"
    if name == "relu" and known.not_negative:
        yield x, "relu(x) = x where x is not negative"
    if name not in {"abs", "relu"} and known.zero_or_one:
        yield x, f"{name}(x) = x where x is 0 or 1"


@_for("normalized_sum", "l1_norm", "frobenius_norm")
def _of_a_number(e: _Expressions, name: str, x: int) -> Iterator[Found]:
    """Sums over all elements of what has one."""
    if e.is_number(x) and (known := e.facts(x)).no_minus_zero:
        if name == "normalized_sum":
            yield x, "normalized_sum(x) = x where x is a number"
        elif known.not_negative:
            yield x, f"{name}(x) = x where x is a number and not negative"


@_for("sign", "invert", "ones_like", "zeros_like")
def _twice(e: _Expressions, name: str, x: int) -> Iterator[Found]:
    """Operations that leave what they, or another one, have made."""
    if name == "invert" and e.name(x) == "ones_like":
        yield x, "invert(ones_like(x)) = ones_like(x)"
    if name != "invert" and e.name(x) == name:
        yield x, f"{name}({name}(x)) = {name}(x)"


@_for(*_EVEN, *_LIKE, "heaviside", "greater_than_zero", "less_than_zero")
def _unseen(e: _Expressions, name: str, x: int) -> Iterator[Found]:
    """Inner operations whose effect the outer one does not see."""
    inner = e.name(x)
    if name in _EVEN and inner == "abs":
        yield e.call(name, *e.operands(x)), f"{name}(abs(x)) = {name}(x)"
    if name in _POSITIVE_PART and inner in _KEEP_POSITIVES:
        yield e.call(name, *e.operands(x)), f"{name}({inner}(x)) = {name}(x)"
    if name == "less_than_zero" and inner == "sign":
        yield e.call(name, *e.operands(x)), "less_than_zero(sign(x)) = less_than_zero(x)"
    if name in _LIKE and inner in BY_NAME and BY_NAME[inner].rule is ShapeRule.BROADCAST:
        for operand in e.operands(x):
            if e.facts(operand).shape == e.facts(x).shape:
                yield e.call(name, operand), f"{name}(f(x)) = {name}(x) where f keeps the shape"


@_for("relu", "sign", "log", "abs_log", "exp", "less_than_zero")
def _another_name(e: _Expressions, name: str, x: int) -> Iterator[Found]:
    """Pairs of operations that one operation does."""
    inner = e.name(x)
    if (name, inner) == ("relu", "sign"):
        yield e.call("heaviside", *e.operands(x)), "relu(sign(x)) = heaviside(x)"
    if (name, inner) == ("sign", "relu"):
        yield e.call("heaviside", *e.operands(x)), "sign(relu(x)) = heaviside(x)"
    if (name, inner) == ("log", "abs"):
        yield e.call("abs_log", *e.operands(x)), "log(abs(x)) = abs_log(x)"
    if inner == "relu" and name in {"log", "abs_log"}:
        yield e.call("log", *e.operands(x)), f"{name}(relu(x)) = log(x)"
    if name == "abs_log" and e.facts(x).not_negative:
        yield e.call("log", x), "abs_log(x) = log(x) where x is not negative"
    if name == "less_than_zero" and inner and e.facts(x).not_negative:
        yield e.call("zeros_like", x), "less_than_zero(x) = zeros_like(x) where x is not negative"
    if name == "log" and e.facts(x).zero_or_one:
        yield e.call("zeros_like", x), "log(x) = zeros_like(x) where x is 0 or 1"
    if name == "exp" and inner == "zeros_like":
        yield e.call("ones_like", x), "exp(zeros_like(x)) = ones_like(x)"


@_for("sum", "difference", "product", "divide", "less_than", "greater_than")
def _with_zeros_and_ones(e: _Expressions, name: str, x: int, y: int) -> Iterator[Found]:
    """Arithmetic with zeros and ones."""
    pairs = [(x, y), (y, x)] if BY_NAME[name].commutative else [(x, y)]
    for a, b in pairs:
        if e.name(b) == "zeros_like":
            if name == "difference" or (name == "sum" and e.facts(a).no_minus_zero):
                yield a, f"x {BY_NAME[name].infix} 0 = x"
            if name == "divide":
                yield e.call("ones_like", a), "x / 0 = 1"
            if name == "product" and _vanishes_with_zeros(e, a):
                yield b, "x * 0 = 0 where x is finite and not negative"
        if e.name(b) == "ones_like" and name in {"product", "divide"}:
            yield a, f"x {BY_NAME[name].infix} 1 = x"
    for a, b, where_x_is_first in ((x, y, True), (y, x, False)):
        if e.name(b) == "zeros_like" and name in {"greater_than", "less_than"}:
            above = (name == "greater_than") is where_x_is_first
            simple = "greater_than_zero" if above else "less_than_zero"
            yield e.call(simple, a), f"x {'>' if above else '<'} 0 = {simple}(x)"


@_for("matmul")
def _products_with_zeros(e: _Expressions, name: str, x: int, y: int) -> Iterator[Found]:
    """Products of matrices of which one is zero: their shape is all that is left."""
    zeros = [one for one in (x, y) if e.name(one) == "zeros_like"]
    if zeros and all(_vanishes_with_zeros(e, one) for one in (x, y)):
        shapes = [e.operands(one)[0] if one in zeros else one for one in (x, y)]
        yield e.call("zeros_like", e.call(name, *shapes)), "x @ 0 = 0 @ x = 0 where x is finite and not negative"


def _vanishes_with_zeros(e: _Expressions, x: int) -> bool:
    known = e.facts(x)
    return known.finite and known.not_negative and known.no_minus_zero


@_for("product", "difference", "less_than", "greater_than", "equal_to")
def _with_itself(e: _Expressions, name: str, x: int, y: int) -> Iterator[Found]:
    """Operations on two times the same."""
    if x != y:
        return
    if name == "product":
        yield e.call("power", x), "x * x = power(x)"
    if name == "difference" and e.facts(x).finite:
        yield e.call("zeros_like", x), "x - x = zeros_like(x) where x is finite"
    if name in {"less_than", "greater_than"}:
        yield e.call("zeros_like", x), f"x {BY_NAME[name].infix} x = zeros_like(x)"
    if name == "equal_to" and e.facts(x).finite:
        yield e.call("ones_like", x), "x == x = ones_like(x) where x is finite"


@_for("hamming_distance")
def _unseen_by_two(e: _Expressions, name: str, x: int, y: int) -> Iterator[Found]:
    """Inner operations whose effect an operation of two arguments does not see."""
    for a, b in ((x, y), (y, x)):
        if e.name(a) in _KEEP_POSITIVES:
            yield e.call(name, *e.operands(a), b), f"{name}({e.name(a)}(x), y) = {name}(x, y)"
