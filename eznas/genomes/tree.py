"""Tree genome: an expression tree, the representation of the paper's results.

A tree is stored as its prefix notation, a flat tuple of codes: below `TERMINAL_COUNT` a terminal's address, any
other `TERMINAL_COUNT` + operation id. So a subtree is a slice, and encoding is the tuple itself.

Fresh trees are drawn by ramped half-and-half (Koza 1992), in the form of DEAP's `genHalfAndHalf`: a height is drawn
uniformly, then, equally likely, either every leaf lies at that height ("full"), or from the minimum depth on a
branch ends early with the share of terminals among all symbols ("grow"). The choice of operations knows which
values are plain numbers, so that no operation that needs axes is ever put above one. Operations are the paper's, and
those of a user's own that the settings name.

Source: EZNAS (NeurIPS 2022), appendix 1.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final, Self

from eznas.errors import EznasError
from eznas.genomes.base import NO_OWN, Genome, GenomeKind, GenomeSettings, own_of, own_setting
from eznas.ops.catalogue import OPERATIONS, PAPER_OPERATION_COUNT, PAPER_OPERATIONS, ShapeRule
from eznas.ops.own import operation_of
from eznas.ops.program import Program, ProgramBuilder, result_is_scalar, shared_builder, takes
from eznas.setting import setting
from eznas.terminals import TERMINAL_COUNT

if TYPE_CHECKING:
    import numpy as np

_CODE_COUNT: Final = TERMINAL_COUNT + PAPER_OPERATION_COUNT
_ARITY: Final = (0,) * TERMINAL_COUNT + tuple(operation.arity for operation in OPERATIONS)  # by code
_MAXIMUM_FRESH_DEPTH: Final = 20
_ATTEMPTS: Final = 20  # of one variation before it gives up and copies the parent


@dataclass(frozen=True)
class _Alphabet:
    """What trees are made of.

    Attributes:
        leaves: codes of the terminals.
        tensor_leaves: those that are not always one number.
        operations: ids.
        tensor_operations: those that do not always give one number.
        of_arity: all codes, by arity.
    """

    leaves: tuple[int, ...]
    tensor_leaves: tuple[int, ...]
    operations: tuple[int, ...]
    tensor_operations: tuple[int, ...]
    of_arity: tuple[tuple[int, ...], ...]

    @property
    def leaf_share(self) -> float:
        """The share of the terminals among all symbols."""
        return len(self.leaves) / (len(self.leaves) + len(self.operations))


@cache
def _alphabet(own: str) -> _Alphabet:
    """The alphabet with the own operations and terminals of a setting, after those of the paper."""
    named = own_of(own)
    terminals = [one for one in named if one.arity == 0]
    operations = (*PAPER_OPERATIONS, *(one for one in named if one.arity > 0))
    leaves = (*range(TERMINAL_COUNT), *(TERMINAL_COUNT + one.id for one in terminals))
    scalar_leaves = {TERMINAL_COUNT + one.id for one in terminals if one.gives_scalar}
    codes = (*leaves, *(TERMINAL_COUNT + one.id for one in operations))
    return _Alphabet(
        leaves,
        tuple(code for code in leaves if code not in scalar_leaves),
        tuple(one.id for one in operations),
        tuple(one.id for one in operations if not one.gives_scalar),
        tuple(tuple(code for code in codes if _arity(code) == arity) for arity in range(3)),
    )


def _arity(code: int) -> int:
    return _ARITY[code] if code < len(_ARITY) else operation_of(code - TERMINAL_COUNT).arity


@dataclass(frozen=True)
class TreeSettings(GenomeSettings):
    """Settings of tree genomes. Depth is the number of operations on the longest path from the root to a leaf.

    Attributes:
        minimum_depth: in fresh trees no branch is shorter.
        maximum_depth: whatever variation does.
        initial_maximum_depth: below `maximum_depth`, because deep random trees are rarely valid on real shapes and
            leave variation no room to grow; published proxies have depth 4 or so. With every level a tree has 1.3
            times as many nodes: 650 on average at the bound, which is there because at 100 they fit in no memory.
        mutation_depth: see `mutate_subtree`.
    """

    kind: ClassVar[str] = "tree"

    minimum_depth: int = setting(2, "depth of a tree, at least", maximum=_MAXIMUM_FRESH_DEPTH)
    maximum_depth: int = setting(10, "depth of a tree, at most", maximum=100)
    initial_maximum_depth: int = setting(5, "depth of a fresh tree, at most", maximum=_MAXIMUM_FRESH_DEPTH)
    mutation_depth: int = setting(
        2, "depth of the fresh subtree that subtree mutation puts in, at most", maximum=_MAXIMUM_FRESH_DEPTH
    )
    own: str = own_setting()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_order("minimum_depth", "initial_maximum_depth")
        self._check_order("initial_maximum_depth", "maximum_depth")


@dataclass(frozen=True)
class TreeGenome(Genome):
    """An expression tree.

    Attributes:
        codes: the tree in prefix notation.
        settings: the limits that the tree and its children keep to.
    """

    kind: ClassVar[str] = "tree"

    codes: tuple[int, ...]
    settings: TreeSettings

    @classmethod
    def random(cls, rng: np.random.Generator, settings: GenomeSettings) -> Self:
        """Draw a tree by ramped half-and-half, of depth `minimum_depth` to `initial_maximum_depth`."""
        settings = TreeSettings.of(settings)
        return cls(half_and_half(rng, settings.minimum_depth, settings.initial_maximum_depth, settings.own), settings)

    def mate(self, other: Self, rng: np.random.Generator) -> Self:
        """Subtree crossover: see `cross_subtrees`."""
        return type(self)(cross_subtrees(self.codes, other.codes, rng, self.settings), self.settings)

    def mutate(self, rng: np.random.Generator) -> Self:
        """Subtree mutation or point mutation, equally likely: see `mutate_subtree` and `mutate_point`."""
        operator = (mutate_subtree, mutate_point)[int(rng.integers(2))]
        return type(self)(operator(self.codes, rng, self.settings), self.settings)

    def compile(self) -> Program:
        """Return the program that the tree stands for."""
        builder = shared_builder()
        return builder.build(_evaluate(self.codes, builder))

    def encode(self) -> list[int]:
        """Return the codes."""
        return list(self.codes)

    @classmethod
    def decode(cls, data: object, settings: GenomeSettings) -> Self:
        """Rebuild a tree from its codes.

        Raises:
            EznasError: the data is no list of codes, no single tree, or no valid tree under these settings.
        """
        settings = TreeSettings.of(settings)
        allowed = {code for codes in _alphabet(settings.own).of_arity for code in codes}
        if not isinstance(data, list | tuple) or not all(type(code) is int and code in allowed for code in data):
            raise EznasError(
                f"An encoded tree is a list of integers from 0 to {_CODE_COUNT - 1}, not {data!r:.80}; "
                "the file that it comes from is damaged."
            )
        codes = tuple(data)
        if not codes or subtree_end(codes, 0) != len(codes):
            raise EznasError(f"The encoded tree {data!r:.80} is cut short or too long; its file is damaged.")
        if not is_valid(codes, settings):
            depth, _ = depth_and_form(codes)
            raise EznasError(
                f"The encoded tree {data!r:.80} has depth {depth} and must be well-formed and between "
                f"{settings.minimum_depth} and {settings.maximum_depth} deep; use the limits that it was made with."
            )
        return cls(codes, settings)

    @property
    def size(self) -> int:
        """How many nodes the tree has, operations and terminals."""
        return len(self.codes)

    @property
    def live_share(self) -> float:
        """Distinct sub-expressions over nodes: every node of a tree reaches the output, so only repeats are bloat."""
        program = self.program
        return (program.size + len(program.leaves)) / len(self.codes)


def cross_subtrees(
    first: tuple[int, ...], second: tuple[int, ...], rng: np.random.Generator, settings: TreeSettings
) -> tuple[int, ...]:
    """Replace a random subtree of `first`, not the whole, by a random subtree of `second`."""
    for _ in range(_ATTEMPTS):
        if len(first) == 1:
            break
        start = int(rng.integers(1, len(first)))
        donor = int(rng.integers(len(second)))
        child = _replace(first, start, second[donor : subtree_end(second, donor)])
        if child != first and is_valid(child, settings):
            return child
    return first


def mutate_subtree(codes: tuple[int, ...], rng: np.random.Generator, settings: TreeSettings) -> tuple[int, ...]:
    """Replace a random subtree, which may be the whole, by a fresh one of depth 0 to `mutation_depth`."""
    for _ in range(_ATTEMPTS):
        start = int(rng.integers(len(codes)))
        child = _replace(codes, start, half_and_half(rng, 0, settings.mutation_depth, settings.own))
        if child != codes and is_valid(child, settings):
            return child
    return codes


def mutate_point(codes: tuple[int, ...], rng: np.random.Generator, settings: TreeSettings) -> tuple[int, ...]:
    """Replace a random node by another of the same arity: a terminal by a terminal, an operation by an operation."""
    for _ in range(_ATTEMPTS):
        place = int(rng.integers(len(codes)))
        of_arity = _alphabet(settings.own).of_arity[_arity(codes[place])]
        others = [code for code in of_arity if code != codes[place]]
        child = (*codes[:place], others[int(rng.integers(len(others)))], *codes[place + 1 :])
        if is_valid(child, settings):
            return child
    return codes


def half_and_half(
    rng: np.random.Generator, minimum_depth: int, maximum_depth: int, own: str = NO_OWN
) -> tuple[int, ...]:
    """Draw a well-formed tree, full or grown, whose depth lies within the limits; `own` is the setting of this name."""
    alphabet = _alphabet(own)
    height = int(rng.integers(minimum_depth, maximum_depth + 1))
    full = bool(rng.integers(2))
    codes: list[int] = []
    pending = [(0, False)]  # depth of a node to draw, and whether it must not be a plain number
    while pending:
        level, needs_tensor = pending.pop()
        if level == height or (not full and level >= minimum_depth and rng.random() < alphabet.leaf_share):
            leaves = alphabet.tensor_leaves if needs_tensor else alphabet.leaves
            codes.append(leaves[int(rng.integers(len(leaves)))])
            continue
        choices = alphabet.tensor_operations if needs_tensor else alphabet.operations
        operation = choices[int(rng.integers(len(choices)))]
        codes.append(TERMINAL_COUNT + operation)
        # Prefix notation draws the first argument first, so it is pushed last.
        pending.extend((level + 1, needs) for needs in reversed(_argument_needs(operation, needs_tensor, rng)))
    return tuple(codes)


def _argument_needs(operation: int, needs_tensor: bool, rng: np.random.Generator) -> list[bool]:
    """Which arguments must not be plain numbers, so that the operation can take them and gives what is needed."""
    rule = operation_of(operation)
    if rule.minimum_axes > 0:
        return [True] * rule.arity
    needs = [False] * rule.arity
    if needs_tensor and rule.rule is ShapeRule.BROADCAST:
        # One argument with axes is enough for a result with axes.
        needs[int(rng.integers(rule.arity))] = True
    return needs


def subtree_end(codes: Sequence[int], start: int) -> int:
    """Return the end of the slice that is the subtree at `start`, or `len(codes) + 1` if it is cut short."""
    open_branches = 1
    for place in range(start, len(codes)):
        open_branches += _arity(codes[place]) - 1
        if open_branches == 0:
            return place + 1
    return len(codes) + 1


def depth_and_form(codes: Sequence[int]) -> tuple[int, bool]:
    """Return the number of operations on the longest path from the root to a leaf, and whether a tree is well-formed.

    It is where no operation that needs axes reads a plain number.
    """
    depths: list[int] = []  # of the open subtrees
    scalar: list[bool] = []  # whether each gives one number
    is_well_formed = True
    for code in reversed(codes):
        if code < TERMINAL_COUNT:
            depths.append(0)
            scalar.append(False)
            continue
        operation, arity = code - TERMINAL_COUNT, _arity(code)
        if arity == 0:
            depths.append(0)
            scalar.append(operation_of(operation).gives_scalar)
            continue
        depth, first = depths.pop(), scalar.pop()
        if arity == 1:
            is_well_formed = is_well_formed and takes(operation, first, False)
            scalar.append(result_is_scalar(operation, first, True))
        else:
            depth, second = max(depth, depths.pop()), scalar.pop()
            is_well_formed = is_well_formed and takes(operation, first, second)
            scalar.append(result_is_scalar(operation, first, second))
        depths.append(1 + depth)
    return depths[-1], is_well_formed


def is_valid(codes: Sequence[int], settings: TreeSettings) -> bool:
    """Whether a tree is within the depth limits and no operation that needs axes reads a plain number."""
    depth, is_well_formed = depth_and_form(codes)
    return is_well_formed and settings.minimum_depth <= depth <= settings.maximum_depth


def _evaluate(codes: Sequence[int], builder: ProgramBuilder) -> int:
    """Run the tree on the builder; return the ref of its result."""
    refs: list[int] = []
    for code in reversed(codes):
        if code < TERMINAL_COUNT:
            refs.append(builder.terminal(code))
            continue
        arity = _arity(code)
        first = refs.pop() if arity > 0 else None
        second = refs.pop() if arity > 1 else None
        refs.append(builder.apply(code - TERMINAL_COUNT, first, second))
    return refs[-1]


def _replace(codes: tuple[int, ...], start: int, subtree: tuple[int, ...]) -> tuple[int, ...]:
    return codes[:start] + subtree + codes[subtree_end(codes, start) :]


KIND: Final = GenomeKind("tree", TreeGenome, TreeSettings, "an expression tree; every node contributes to the score")
