"""Feature-tree genome: an expression of element-wise operations on numbers, whose leaves are features.

A *feature* is a program that gives one number per unit (see `eznas.features`); the leaves of fresh genomes come from
the standard bank. What is below a leaf costs a pass over the statistics once, and what is above it next to nothing, so
that variation above the leaves tries many scores for the price of one. With its features written out a genome is an
ordinary program.

A genome is stored in postfix notation: a tuple of operation ids and, for leaves, programs. So a subtree is a slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeAlias, get_args

from eznas.errors import EznasError
from eznas.features.bank import standard_bank
from eznas.features.feature import append_program, as_feature
from eznas.genomes.base import Genome, GenomeKind, GenomeSettings, own_of, own_setting
from eznas.ops.catalogue import BY_NAME
from eznas.ops.own import OwnOperation, operation_of
from eznas.ops.program import Program, ProgramBuilder
from eznas.options import Operations
from eznas.setting import setting
from eznas.terminals import TERMINAL_COUNT

if TYPE_CHECKING:
    import numpy as np

Node: TypeAlias = int | Program
"""An operation's id, or the feature that a leaf is."""

UNARY_WEIGHTS: Final = {
    "log": 2,
    "abs_log": 3,
    "abs": 2,
    "power": 3,
    "exp": 1,
    "relu": 2,
    "sign": 1,
    "heaviside": 1,
    "invert": 4,
    "sigmoid": 3,
    "sqrt": 3,
}
"""How often variation picks an operation of one argument, against the others. What compares numbers gives steps, which
a score seldom needs; what makes a constant of a number is left out."""

BINARY_WEIGHTS: Final = {"sum": 6, "difference": 4, "product": 8, "less_than": 1, "greater_than": 1, "divide": 4}
"""The same of operations of two arguments."""


def weighted_ids(weights: dict[str, int], operations: Operations) -> tuple[int, ...]:
    """Return the ids of those operations that may be drawn, each as many times as its weight."""
    allowed = [BY_NAME[name] for name in weights if operations == "extended" or not BY_NAME[name].is_extension]
    return tuple(one.id for one in allowed for _ in range(weights[one.name]))


_BINARY_SHARE: Final = 0.6
_PATCH_STEPS: Final = 2
_ATTEMPTS: Final = 20  # of one variation before it gives up and copies the parent


@dataclass(frozen=True)
class _Alphabet:
    """What formulas over features are made of: leaves, and ids of operations as often as their weights say."""

    leaves: tuple[Program, ...]
    unary: tuple[int, ...]
    binary: tuple[int, ...]


@cache
def _alphabet(operations: Operations, own: str) -> _Alphabet:
    """The alphabet of two settings.

    Element-wise own operations that take single numbers stand among the operations, as often as `abs`. Terminals, and
    reductions of every statistic, are further leaves.
    """
    named = own_of(own)
    above = [one for one in named if one.arity > 0 and not one.gives_scalar and one.minimum_axes == 0]
    return _Alphabet(
        (*standard_bank(operations), *_own_features(named)),
        (*weighted_ids(UNARY_WEIGHTS, operations), *(one.id for one in above if one.arity == 1 for _ in range(2))),
        (*weighted_ids(BINARY_WEIGHTS, operations), *(one.id for one in above if one.arity == 2 for _ in range(2))),
    )


def _own_features(named: tuple[OwnOperation, ...]) -> list[Program]:
    builder = ProgramBuilder()
    terminals = [builder.apply(one.id) for one in named if one.arity == 0]
    tensors = [*range(TERMINAL_COUNT), *(ref for ref in terminals if not builder.build(ref).gives_scalar)]
    reduced = [builder.apply(one.id, ref) for one in named if one.arity == 1 and one.gives_scalar for ref in tensors]
    return [as_feature(builder.build(ref)) for ref in (*terminals, *reduced)]


@dataclass(frozen=True)
class FeatureTreeSettings(GenomeSettings):
    """Settings of feature-tree genomes.

    Attributes:
        maximum_nodes: operations and leaves, a feature counting as one.
        initial_steps: a fresh genome is a leaf with up to so many operations on top.
        operations: what fresh formulas and variation draw from, features included.
    """

    kind: ClassVar[str] = "feature-tree"

    maximum_nodes: int = setting(24, "operations and features of a formula, at most", minimum=1, maximum=200)
    initial_steps: int = setting(4, "operations of a fresh formula, at most", maximum=50)
    operations: Operations = setting(
        "extended", "the paper's operations with the extensions, or the paper's alone", choices=get_args(Operations)
    )
    own: str = own_setting()

    @property
    def alphabet(self) -> _Alphabet:
        """What formulas are made of."""
        return _alphabet(self.operations, self.own)


@dataclass(frozen=True)
class FeatureTreeGenome(Genome):
    """A formula over features.

    Attributes:
        nodes: the formula in postfix notation.
        settings: the limits that the formula and its children keep to.
    """

    kind: ClassVar[str] = "feature-tree"

    nodes: tuple[Node, ...]
    settings: FeatureTreeSettings

    @classmethod
    def random(cls, rng: np.random.Generator, settings: GenomeSettings) -> Self:
        """Draw a leaf and put up to `initial_steps` operations on top."""
        settings = FeatureTreeSettings.of(settings)
        steps = min(settings.initial_steps, (settings.maximum_nodes - 1) // 2)
        return cls(_draw(rng, steps, settings.alphabet), settings)

    def mate(self, other: Self, rng: np.random.Generator) -> Self:
        """Replace a random subtree by a random one of the other formula."""
        for _ in range(_ATTEMPTS):
            root, donor = int(rng.integers(len(self.nodes))), int(rng.integers(len(other.nodes)))
            child = self._with(root, other.nodes[subtree_start(other.nodes, donor) : donor + 1])
            if child is not None and child.nodes != other.nodes:
                return child
        return self

    def mutate(self, rng: np.random.Generator) -> Self:
        """Change one place: a leaf, an operation, a whole subtree, or one operation more or less."""
        for _ in range(_ATTEMPTS):
            root = int(rng.integers(len(self.nodes)))
            subtree = self.nodes[subtree_start(self.nodes, root) : root + 1]
            child = self._with(root, _changed(subtree, rng, self.settings.alphabet))
            if child is not None:
                return child
        return self

    def compile(self) -> Program:
        """Return the formula with its features written out."""
        builder = ProgramBuilder()
        stack: list[int] = []
        for node in self.nodes:
            if isinstance(node, Program):
                stack.append(append_program(builder, node))
            elif operation_of(node).arity == 1:
                stack.append(builder.apply(node, stack.pop()))
            else:
                second = stack.pop()
                stack.append(builder.apply(node, stack.pop(), second))
        return builder.build(stack[0])

    def encode(self) -> list[Any]:
        """Return the nodes, features as encoded programs."""
        return [node.encode() if isinstance(node, Program) else node for node in self.nodes]

    @classmethod
    def decode(cls, data: object, settings: GenomeSettings) -> Self:
        """Rebuild a formula from its nodes.

        Raises:
            EznasError: the data is no list of operations and features, no single tree, or too large.
        """
        settings = FeatureTreeSettings.of(settings)
        if not isinstance(data, list | tuple):
            raise EznasError(f"An encoded formula is a list, not {data!r:.80}; the file that it comes from is damaged.")
        nodes = tuple(_decode_node(node, settings.alphabet) for node in data)
        if not _is_one_tree(nodes) or len(nodes) > settings.maximum_nodes:
            raise EznasError(
                f"The encoded formula {data!r:.80} of {len(nodes)} nodes must be one tree of at most "
                f"{settings.maximum_nodes}; use the limits that it was made with."
            )
        return cls(nodes, settings)

    @property
    def size(self) -> int:
        """How many nodes the formula has with its features written out, operations and terminals."""
        return sum(node.size + len(node.leaves) if isinstance(node, Program) else 1 for node in self.nodes)

    @property
    def live_share(self) -> float:
        """Distinct sub-expressions over nodes: only repeats are bloat."""
        program = self.program
        return (program.size + len(program.leaves)) / self.size

    def _with(self, root: int, patch: tuple[Node, ...]) -> Self | None:
        """The formula with the subtree that ends at `root` replaced; None where that changes nothing or is too much."""
        nodes = (*self.nodes[: subtree_start(self.nodes, root)], *patch, *self.nodes[root + 1 :])
        if nodes == self.nodes or len(nodes) > self.settings.maximum_nodes:
            return None
        return type(self)(nodes, self.settings)


def subtree_start(nodes: tuple[Node, ...], end: int) -> int:
    """Return the first place of the subtree whose root is the node at `end`."""
    needed = 1
    for place in range(end, -1, -1):
        needed += _arity(nodes[place]) - 1
        if needed == 0:
            return place
    raise ValueError("the nodes before this one are no arguments of it")


def _arity(node: Node) -> int:
    return 0 if isinstance(node, Program) else operation_of(node).arity


def _leaf(rng: np.random.Generator, alphabet: _Alphabet) -> Program:
    return alphabet.leaves[int(rng.integers(len(alphabet.leaves)))]


def _operation(ids: tuple[int, ...], rng: np.random.Generator) -> int:
    return ids[int(rng.integers(len(ids)))]


def _joined(nodes: tuple[Node, ...], rng: np.random.Generator, alphabet: _Alphabet) -> tuple[Node, ...]:
    """An operation of two arguments: a formula and a leaf, in random order."""
    leaf = (_leaf(rng, alphabet),)
    pair = (*nodes, *leaf) if rng.integers(2) else (*leaf, *nodes)
    return (*pair, _operation(alphabet.binary, rng))


def _draw(rng: np.random.Generator, steps: int, alphabet: _Alphabet) -> tuple[Node, ...]:
    """A leaf with 0 to `steps` operations on top, some of them with another leaf."""
    nodes: tuple[Node, ...] = (_leaf(rng, alphabet),)
    for _ in range(int(rng.integers(steps + 1))):
        if rng.random() < _BINARY_SHARE:
            nodes = _joined(nodes, rng, alphabet)
        else:
            nodes = (*nodes, _operation(alphabet.unary, rng))
    return nodes


def _changed(subtree: tuple[Node, ...], rng: np.random.Generator, alphabet: _Alphabet) -> tuple[Node, ...]:
    """A subtree with its root changed, or replaced, wrapped or taken away."""
    root = subtree[-1]
    kind = int(rng.integers(8))
    if kind < 2:  # another node of the same arity
        if isinstance(root, Program):
            return (*subtree[:-1], _leaf(rng, alphabet))
        ids = alphabet.unary if operation_of(root).arity == 1 else alphabet.binary
        return (*subtree[:-1], _operation(ids, rng))
    if kind == 2:
        return _draw(rng, _PATCH_STEPS, alphabet)
    if kind == 3:
        return (*subtree, _operation(alphabet.unary, rng))
    if kind < 6:
        return _joined(subtree, rng, alphabet)
    if isinstance(root, Program):
        return subtree
    # One operation less: an argument takes the place of what is made of it.
    second = subtree_start(subtree[:-1], len(subtree) - 2)
    return subtree[second:-1] if second == 0 or rng.integers(2) else subtree[:second]


def _decode_node(node: object, alphabet: _Alphabet) -> Node:
    if isinstance(node, int) and not isinstance(node, bool):
        if node not in alphabet.unary and node not in alphabet.binary:
            raise EznasError(f"The encoded formula has operation {node}, which formulas over features do not use.")
        return node
    feature = Program.decode(node)
    if not (feature.gives_scalar and feature.is_well_formed):
        raise EznasError("The encoded formula has a leaf that does not give one number per unit; its file is damaged.")
    return feature


def _is_one_tree(nodes: tuple[Node, ...]) -> bool:
    depth = 0
    for node in nodes:
        depth += 1 - _arity(node)
        if depth < 1:
            return False
    return depth == 1


KIND: Final = GenomeKind(
    "feature-tree",
    FeatureTreeGenome,
    FeatureTreeSettings,
    "a formula of numbers, whose leaves are features: programs of one number per unit",
)
