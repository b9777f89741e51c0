"""New features: variations of those that good formulas use, and fresh ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from eznas.discovery.archive import Found
from eznas.features.feature import as_feature
from eznas.genomes.tree import (
    TreeGenome,
    TreeSettings,
    cross_subtrees,
    half_and_half,
    mutate_point,
    mutate_subtree,
)
from eznas.ops.catalogue import BY_NAME
from eznas.ops.program import NO_OPERAND, Program
from eznas.terminals import TERMINAL_COUNT

_TREE: Final = TreeSettings(minimum_depth=1, initial_maximum_depth=4, maximum_depth=7, mutation_depth=2)
_FRESH_SHARE: Final = 0.25
_LARGEST_TREE: Final = 40  # nodes; a feature with many shared parts is not unfolded into a tree beyond that
_ATTEMPTS: Final = 50  # for each feature that is asked for
# The eigenvalue ratios are decided by rounding and determinants by underflow, see `eznas.features.bank`; and a product
# of large matrices costs more than all other operations.
_EXCLUDED: Final = frozenset(BY_NAME[name].id for name in ("eig_ratio", "sym_eig_ratio", "determinant", "matmul"))


def propose(known: Sequence[Program], formulas: Sequence[Found], count: int, rng: np.random.Generator) -> list[Program]:
    """Return up to `count` features that are not among the known ones.

    Args:
        known: features by row.
        formulas: good formulas over them; a feature is varied the more often, the more of them use it.
        count: how many to return; fewer where variation finds no more.
        rng: the only source of randomness.
    """
    uses = Counter(code for formula in formulas for code in set(formula.codes) if code >= 0)
    parents = [(row, tree) for row in sorted(uses) if (tree := _tree_of(known[row])) is not None]
    weights = np.array([uses[row] for row, _ in parents], float)
    seen = {feature.digest for feature in known}
    proposed: list[Program] = []
    for _ in range(_ATTEMPTS * count):
        if len(proposed) == count:
            break
        if not parents or rng.random() < _FRESH_SHARE:
            codes = half_and_half(rng, _TREE.minimum_depth, _TREE.initial_maximum_depth)
        else:
            first, second = (parents[int(one)][1] for one in rng.choice(len(parents), 2, p=weights / weights.sum()))
            kind = int(rng.integers(3))
            if kind == 0:
                codes = cross_subtrees(first, second, rng, _TREE)
            else:
                codes = (mutate_point, mutate_subtree)[kind - 1](first, rng, _TREE)
        feature = as_feature(TreeGenome(codes, _TREE).compile())
        if feature.digest not in seen and feature.terminals and not _EXCLUDED & {node[0] for node in feature.nodes}:
            seen.add(feature.digest)
            proposed.append(feature)
    return proposed


def _tree_of(program: Program) -> tuple[int, ...] | None:
    """The program as a tree in the codes of `genomes.tree`; None where that is too large."""
    trees: list[tuple[int, ...]] = [(address,) for address in range(TERMINAL_COUNT)]
    for operation, *operands in program.nodes:
        tree = (TERMINAL_COUNT + operation, *(code for one in operands if one != NO_OPERAND for code in trees[one]))
        trees.append(tree[: _LARGEST_TREE + 1])
    tree = trees[program.output]
    return tree if len(tree) <= _LARGEST_TREE else None
