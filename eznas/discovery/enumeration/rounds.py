"""All features up to a depth: round by round, from what the round before left that differs from what there was.

A round applies every operation to every program of the round before, and to every pair of programs of which one is
of that round. Of the programs that agree on a sample of units the smaller one, which comes first, goes on; what can
be made of the others can be made of it. So the number of programs grows with what they *do*, not with how many ways
there are to write it: dynamic programming, as in bottom-up program synthesis (Udupa et al., "TRANSIT", PLDI 2013).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.enumeration.observations import Observations
from eznas.discovery.enumeration.sample import UnitSample
from eznas.discovery.enumeration.shapes import Shapes
from eznas.errors import EznasError
from eznas.features.feature import as_feature
from eznas.features.selection import DEFAULT_SELECTION
from eznas.ops.catalogue import OPERATIONS
from eznas.ops.program import NO_OPERAND, Program, ProgramBuilder

REASONS: Final = ("invalid", "equal to a smaller one", "not finite", "constant")
"""Why a program is no feature; what is constant or not finite may still be part of one."""

_INVALID, _EQUAL, _NOT_FINITE, _CONSTANT = REASONS
_TOGETHER: Final = 128  # programs that are computed as one plan
_MOST_CANDIDATES: Final = 20_000_000  # of a round; they are listed before any is computed
_CONSTANT_RANGE: Final = 1e-5  # relative, as in `features.selection`


@dataclass(frozen=True)
class EnumeratedFeatures:
    """What the rounds gave.

    Attributes:
        features: programs of one number per unit, those of less depth first, and then the smaller ones.
        made: how many programs were looked at.
        dropped: how many of them are no feature, by reason.
        complete_depth: up to which depth all programs were looked at; -1 for none.
        left_out: how many programs of the depth after that were not.
    """

    features: tuple[Program, ...]
    made: int
    dropped: dict[str, int]
    complete_depth: int
    left_out: int


def enumerate_features(
    sample: UnitSample,
    terminals: Sequence[int],
    operations: Sequence[int],
    depth: int,
    maximum: int,
    progress: Callable[[int, int, int], None] | None = None,
) -> EnumeratedFeatures:
    """Return all features up to a depth that differ on a sample, as far as there are no more than `maximum`.

    Args:
        sample: where programs are compared.
        terminals: addresses.
        operations: ids.
        depth: the most operations on the way from a terminal to the result; the mean that makes a number of a tensor
            does not count.
        maximum: the rounds end with this feature.
        progress: called with the depth, the number of its programs that were looked at, and of all of them.

    Raises:
        EznasError: a round has too many programs.
    """
    rounds = _Rounds(sample, maximum)
    left_out = 0
    level = 0
    while level <= depth and not left_out:
        candidates = _of_terminals(terminals) if level == 0 else rounds.candidates(level, operations)
        for start in range(0, len(candidates), _TOGETHER):
            looked_at = rounds.look_at(candidates[start : start + _TOGETHER], level, is_last=level == depth)
            left_out = len(candidates) - start - looked_at
            if progress is not None:
                progress(level, start + looked_at, len(candidates))
            if len(rounds.features) == maximum:
                break
        level += 1
    return EnumeratedFeatures(
        tuple(rounds.features),
        rounds.made,
        {reason: rounds.dropped[reason] for reason in REASONS},
        level - 2 if left_out else level - 1,
        left_out,
    )


class _Known(NamedTuple):
    """A program that others are made of: its ref in the builder, the place of its shapes, its depth and its size."""

    ref: int
    kind: int
    level: int
    size: int


_Candidates = NDArray[np.int64]
"""int64 (n, 3): an operation and the places of its arguments among what is known; or `_TERMINAL` and an address."""

_TERMINAL: Final = -1


def _of_terminals(terminals: Sequence[int]) -> _Candidates:
    return np.array([(_TERMINAL, address, NO_OPERAND) for address in terminals], np.int64).reshape(-1, 3)


@dataclass
class _Rounds:
    """What the rounds so far left.

    Attributes:
        sample: where programs are compared.
        maximum: how many features there may be.
    """

    sample: UnitSample
    maximum: int
    features: list[Program] = field(default_factory=list)
    made: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._builder = ProgramBuilder()
        self._known: list[_Known] = []
        self._seen: set[int] = set()  # refs
        self._kinds = _Kinds(self.sample)
        self._tensors: dict[tuple[int, bool], Observations] = {}
        self._numbers: dict[bytes, Observations] = {}  # by the units on which they are valid

    def candidates(self, level: int, operations: Sequence[int]) -> _Candidates:
        """Return the programs of a depth, small ones first."""
        levels = np.array([known.level for known in self._known])
        sizes = np.array([known.size for known in self._known])
        is_new = levels == level - 1
        new = np.flatnonzero(is_new)
        pairs = np.argwhere(is_new[:, None] | is_new[None, :])
        unordered = pairs[pairs[:, 0] <= pairs[:, 1]]
        count = sum(
            len(new) if rule.arity == 1 else len(unordered) if rule.commutative else len(pairs)
            for rule in (OPERATIONS[operation] for operation in operations)
        )
        if count > _MOST_CANDIDATES:
            raise EznasError(
                f"There are {count:,} programs of depth {level}: choose a smaller depth, or fewer terminals or "
                "operations."
            )
        blocks, bounds = [np.empty((0, 3), np.int64)], [np.empty(0, np.int64)]
        for operation in operations:
            rule = OPERATIONS[operation]
            if rule.arity == 1:
                arguments = np.stack([new, np.full(len(new), NO_OPERAND)], axis=1)
                bounds.append(sizes[new])
            else:
                arguments = unordered if rule.commutative else pairs
                bounds.append(sizes[arguments].sum(axis=1))
            blocks.append(np.column_stack([np.full(len(arguments), operation), arguments]))
        return np.concatenate(blocks)[np.argsort(np.concatenate(bounds), kind="stable")]

    def look_at(self, candidates: _Candidates, level: int, *, is_last: bool) -> int:
        """Take in the programs that are new; return how many were looked at before there were enough features."""
        verdicts: list[str | tuple[int, int]] = [self._prepared(*candidate) for candidate in candidates.tolist()]
        prepared = [verdict for verdict in verdicts if isinstance(verdict, tuple)]
        programs = [self._builder.build(ref) for ref, _ in prepared]
        observed = iter(zip(programs, self.sample.observe(programs, closely=not is_last), strict=True))
        for looked_at, verdict in enumerate(verdicts):
            if len(self.features) == self.maximum:
                return looked_at
            self.made += 1
            reason: str | None
            if isinstance(verdict, str):
                reason = verdict
            else:
                ref, kind = verdict
                program, numbers = next(observed)
                reason = None if is_last else self._grows(program, ref, kind, level, numbers)
                reason = reason or self._is_no_feature(numbers[:, 0], kind)
                if reason is None:
                    self.features.append(as_feature(program))
            if reason is not None:
                self.dropped[reason] += 1
        return len(verdicts)

    def _prepared(self, operation: int, first: int, second: int) -> str | tuple[int, int]:
        """The ref and the kind of a candidate, or why it need not be computed."""
        if operation == _TERMINAL:
            ref, kind = self._builder.terminal(first), self._kinds.of_terminal(first)
        else:
            one, other = self._known[first], None if second == NO_OPERAND else self._known[second]
            made = self._kinds.after(operation, one.kind, None if other is None else other.kind)
            if made is None:
                return _INVALID
            kind = made
            ref = self._builder.apply(operation, one.ref, None if other is None else other.ref)
        if ref in self._seen:
            return _EQUAL
        self._seen.add(ref)
        return ref, kind

    def _grows(self, program: Program, ref: int, kind: int, level: int, observed: NDArray[np.float32]) -> str | None:
        """Keep a program for the next round, or say why not."""
        alike = self._tensors.setdefault((kind, program.gives_scalar), Observations())
        if not alike.add(observed):
            return _EQUAL
        self._known.append(_Known(ref, kind, level, program.size))
        return None

    def _is_no_feature(self, numbers: NDArray[np.float32], kind: int) -> str | None:
        valid = self._kinds.valid(kind)
        given = numbers[valid]
        if not np.isfinite(given).all():
            return _NOT_FINITE
        if np.ptp(given) <= _CONSTANT_RANGE * np.abs(given).max():
            return _CONSTANT
        return None if self._numbers.setdefault(valid.tobytes(), Observations()).add(given) else _EQUAL


class _Kinds:
    """The shapes that values have, each known by a number; what operations make of them is inferred once."""

    def __init__(self, sample: UnitSample) -> None:
        self._sample = sample
        self._shapes: list[Shapes] = []
        self._kind_of: dict[bytes, int] = {}
        self._made: dict[tuple[int, int, int | None], int | None] = {}

    def of_terminal(self, address: int) -> int:
        return self._of(self._sample.terminal_shapes(address))

    def valid(self, kind: int) -> NDArray[np.bool_]:
        """Where there is a value, bool (units,)."""
        return self._shapes[kind].axes >= 0

    def after(self, operation: int, first: int, second: int | None) -> int | None:
        """What an operation makes of values of these kinds; None if it is too often invalid."""
        key = (operation, first, second)
        if key not in self._made:
            shapes = self._shapes[first].after(operation, None if second is None else self._shapes[second])
            valid = shapes.axes >= 0
            starts = np.concatenate([[0], self._sample.ends[:-1]])
            some_everywhere = np.add.reduceat(valid, starts, dtype=np.int64).all()
            is_useful = some_everywhere and (~valid).mean() <= DEFAULT_SELECTION.invalid_share
            self._made[key] = self._of(shapes) if is_useful else None
        return self._made[key]

    def _of(self, shapes: Shapes) -> int:
        if shapes.key not in self._kind_of:
            self._kind_of[shapes.key] = len(self._shapes)
            self._shapes.append(shapes)
        return self._kind_of[shapes.key]
