"""Operations and terminals of a user's own: what `@eznas.operation` and `@eznas.terminal` register.

Programs hold ids and formulas hold names, so both have to be found by those in every part of eznas: hence one registry
for the process, the only one, which takes a name once. An id follows from the name alone, so that programs in
checkpoints and files mean the same in every process. What has no compiled kernel is run by PyTorch, see
`eznas.scoring.plan_evaluation`.
"""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from eznas.errors import EznasError, shown
from eznas.ops.catalogue import BY_NAME, OPERATION_COUNT, OPERATIONS, Operation, ShapeRule
from eznas.setting import did_you_mean
from eznas.terminals import BY_NAME as TERMINALS_BY_NAME

if TYPE_CHECKING:
    from torch import Tensor

Function: TypeAlias = "Callable[..., Tensor | None]"
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

FIRST_OWN_ID: Final = 2**16
"""The ids of the catalogue are below, those of own operations are not."""

_STEP: Final = re.compile(r"t\d+")  # what formulas call their named parts
_RESERVED: Final = {*BY_NAME, *(name.partition(".")[0] for name in TERMINALS_BY_NAME), "signed_log", "none"}


@dataclass(frozen=True, slots=True)
class OwnOperation(Operation):
    """An operation or, with arity 0, a terminal of a user's own.

    Attributes:
        function: takes the arguments as float32 tensors and returns the result, or None where it cannot take their
            shapes.
        axes: the fewest axes of an argument.
        reads: of a terminal, the addresses of the statistics that its function takes, in this order.
        module: where the function is from, for messages.
    """

    function: Function = None  # type: ignore[assignment]  # every field after one with a default needs one
    axes: int = 0
    reads: tuple[int, ...] = ()
    module: str = ""

    @property
    def minimum_axes(self) -> int:
        """The fewest axes that every argument must have."""
        return self.axes


_own: dict[int, OwnOperation] = {}


def operation(
    name: str, arity: int = 1, *, reduces: bool = False, minimum_axes: int = 0, meaning: str = "", latex: str = ""
) -> Callable[[Decorated], Decorated]:
    r"""Make an operation of formulas of a PyTorch function of one or two tensors; use it as a decorator.

    >>> @eznas.operation("spread", reduces=True)
    ... def spread(a):
    ...     return a.amax() - a.amin()

    The function takes float32 tensors, which it must leave as they are, and returns a tensor: element-wise, of the
    shape that its arguments broadcast to; or one number if it `reduces`. It returns None where it cannot take their
    shapes: the program then has no value on that unit. It must be deterministic.

    Args:
        name: in formulas; registered once in a process.
        arity: 1 or 2 arguments.
        reduces: whether the result is one number, whatever the shapes of the arguments.
        minimum_axes: the fewest axes that it takes; 0 means that it takes single numbers, too.
        meaning: one line for help texts; the function's docstring if empty.
        latex: template with `{a}` and `{b}`; `\mathrm{name}(a, b)` if empty.

    Raises:
        EznasError: the name is none or is taken, or an argument is out of its range.
    """
    if arity not in (1, 2):
        raise EznasError(f"The operation {name!r} has arity {shown(arity)}: an operation takes 1 or 2 arguments.")

    def register(function: Decorated) -> Decorated:
        arguments = "{a}, {b}" if arity == 2 else "{a}"
        _register(name, function, arity, reduces, minimum_axes, (), meaning, latex, arguments)
        return function

    return register


def terminal(
    name: str, reads: Sequence[str], *, reduces: bool = False, meaning: str = "", latex: str = ""
) -> Callable[[Decorated], Decorated]:
    r"""Make a terminal of formulas of a PyTorch function of a unit's tensors; use it as a decorator.

    >>> @eznas.terminal("saliency", reads=["wt", "wt_grad.data"])
    ... def saliency(wt, wt_grad):
    ...     return (wt * wt_grad).abs()

    Args:
        name: in formulas; registered once in a process.
        reads: the statistics that the function takes, in this order; passes that none of a program's need are skipped.
        reduces: whether the result is one number; else it is any tensor of at most four axes.
        meaning: one line for help texts; the function's docstring if empty.
        latex: the symbol; `\mathrm{name}` if empty.

    Raises:
        EznasError: the name is none or is taken, or a statistic does not exist.
    """
    unknown = [one for one in reads if one not in TERMINALS_BY_NAME]
    if unknown or not reads or isinstance(reads, str):
        said = f"{unknown[0]!r}{did_you_mean(unknown[0], TERMINALS_BY_NAME)}" if unknown else shown(reads)
        raise EznasError(f"The terminal {name!r} reads {said}: give a list of statistics, such as ['wt', 'act.data'].")
    addresses = tuple(TERMINALS_BY_NAME[one].address for one in reads)

    def register(function: Decorated) -> Decorated:
        _register(name, function, 0, reduces, 0, addresses, meaning, latex, "")
        return function

    return register


def operation_of(operation: int) -> Operation:
    """Return the operation with this id, of the catalogue or a user's own.

    Raises:
        EznasError: there is none.
    """
    found = OPERATIONS[operation] if 0 <= operation < OPERATION_COUNT else _own.get(operation)
    if found is None:
        raise EznasError(
            f"No operation has id {operation}: it is an own operation that is not registered here; import the module "
            "that has the definition first, in a command with --import FILE.py."
        )
    return found


def is_operation(operation: int) -> bool:
    """Whether there is an operation with this id."""
    return 0 <= operation < OPERATION_COUNT or operation in _own


def operation_named(name: str) -> Operation | None:
    """Return the operation or own terminal of this name, or None."""
    return BY_NAME.get(name) or _own.get(_id_of(name))


def reads_of(operation: int) -> tuple[int, ...]:
    """Return the addresses of the statistics that an own terminal reads, () for every other operation."""
    return _own[operation].reads if operation in _own else ()


def own_named(names: Iterable[str], what: str) -> list[OwnOperation]:
    """Return own operations by name, in the order of their names.

    Raises:
        EznasError: some are not registered; the sentence says that `what` needs them.
    """
    names = sorted(set(names))
    missing = [name for name in names if _id_of(name) not in _own]
    if missing:
        raise EznasError(
            f"{what} needs the own operation{'s' * (len(missing) > 1)} {', '.join(missing)}: import the module that "
            "has the definition first, in a command with --import FILE.py."
        )
    return [_own[_id_of(name)] for name in names]


def own_operations() -> list[OwnOperation]:
    """Return everything that is registered, in the order of the names."""
    return sorted(_own.values(), key=lambda one: one.name)


def _register(
    name: str,
    function: Function,
    arity: int,
    reduces: bool,
    axes: int,
    reads: tuple[int, ...],
    meaning: str,
    latex: str,
    arguments: str,
) -> None:
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name) or _STEP.fullmatch(name):
        raise EznasError(f"{shown(name)} can't be the name of an operation: use letters, digits and '_', as in a name.")
    if name in _RESERVED:
        raise EznasError(f"The name {name!r} is taken by eznas itself: choose another.")
    _check_arguments(name, function, len(reads) or arity)
    symbol = rf"\mathrm{{{{{name}}}}}".replace("_", r"\_")
    lines = (function.__doc__ or "").strip().splitlines()
    made = OwnOperation(
        id=_id_of(name),
        name=name,
        arity=arity,
        rule=ShapeRule.SCALAR if reduces else ShapeRule.BROADCAST,
        meaning=meaning or (lines[0] if lines else "an own operation"),
        latex=latex or (rf"{symbol}({arguments})" if arguments else symbol),
        encloses=True,
        function=function,
        axes=axes,
        reads=reads,
        module=getattr(function, "__module__", ""),
    )
    before = _own.get(made.id)
    if before is not None and not _same(before, made):
        raise EznasError(
            f"The name {name!r} is taken by the one from {before.module}: choose another, or start Python again to "
            "change what it means."
        )
    _own[made.id] = made


def _check_arguments(name: str, function: Function, count: int) -> None:
    """Raise an `EznasError` where the function cannot be called with so many tensors."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # some built-in functions have none
        return
    try:
        signature.bind(*range(count))
    except TypeError:
        tensors = f"{count} tensor{'s' * (count > 1)}"
        raise EznasError(
            f"The function of {name!r} is called with {tensors}, and takes {signature}: let it take {tensors}, "
            "or change what is said of it."
        ) from None


def _same(one: OwnOperation, other: OwnOperation) -> bool:
    """Whether two are the same definition, such as a cell of a notebook that is run again."""
    codes = [getattr(each.function, "__code__", each.function) for each in (one, other)]
    settings = [(each.name, each.arity, each.rule, each.axes, each.reads, each.latex) for each in (one, other)]
    return settings[0] == settings[1] and _code(codes[0]) == _code(codes[1])


def _code(code: Any) -> object:
    return (code.co_code, code.co_consts, code.co_names) if hasattr(code, "co_code") else code


def _id_of(name: str) -> int:
    digest = blake2b(name.encode(), digest_size=4).digest()
    return FIRST_OWN_ID + int.from_bytes(digest, "big")
