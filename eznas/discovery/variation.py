"""Random formulas and their variation, compiled; every function writes a formula of at most MAXIMUM_NODES nodes."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.chance import below, uniform
from eznas.discovery.codes import BINARY, MAXIMUM_NODES, UNARY, arity, subtree_start
from eznas.ops.jit import compiled

_FRESH_STEPS: Final = 4
_PATCH_STEPS: Final = 2
_BINARY_SHARE: Final = 0.6


@compiled
def _unary(state: NDArray[np.uint64]) -> int:
    return int(UNARY[below(state, len(UNARY))])


@compiled
def _binary(state: NDArray[np.uint64]) -> int:
    return int(BINARY[below(state, len(BINARY))])


@compiled
def _leaf(state: NDArray[np.uint64], leaves: NDArray[np.int64]) -> int:
    return int(leaves[below(state, len(leaves))])


@compiled
def draw(state: NDArray[np.uint64], leaves: NDArray[np.int64], steps: int, into: NDArray[np.int32]) -> int:
    """Write a random formula: a leaf, and 0 to `steps` times an operation on top, perhaps with another leaf."""
    into[0] = _leaf(state, leaves)
    length = 1
    for _ in range(below(state, steps + 1)):
        if uniform(state) < _BINARY_SHARE:
            if uniform(state) < 0.5:
                into[length] = _leaf(state, leaves)
            else:
                for place in range(length, 0, -1):
                    into[place] = into[place - 1]
                into[0] = _leaf(state, leaves)
            into[length + 1] = _binary(state)
            length += 2
        else:
            into[length] = _unary(state)
            length += 1
    return length


@compiled
def draw_fresh(state: NDArray[np.uint64], leaves: NDArray[np.int64], into: NDArray[np.int32]) -> int:
    """Write a random formula for a fresh population; returns its length."""
    return draw(state, leaves, _FRESH_STEPS, into)


@compiled
def _splice(
    parent: NDArray[np.int32],
    length: int,
    start: int,
    end: int,
    patch: NDArray[np.int32],
    patch_length: int,
    into: NDArray[np.int32],
) -> int:
    """Write `parent` with the places from `start` to before `end` replaced by `patch`; 0 if that is too long."""
    total = length - (end - start) + patch_length
    if total > MAXIMUM_NODES:
        return 0
    into[:start] = parent[:start]
    into[start : start + patch_length] = patch[:patch_length]
    into[start + patch_length : total] = parent[end:length]
    return total


@compiled
def cross(
    state: NDArray[np.uint64],
    parent: NDArray[np.int32],
    length: int,
    donor: NDArray[np.int32],
    donor_length: int,
    into: NDArray[np.int32],
) -> int:
    """Replace a random subtree by a random one of the donor; 0 if that is too long."""
    root = below(state, length)
    donor_root = below(state, donor_length)
    donor_start = subtree_start(donor, donor_root)
    patch = donor[donor_start : donor_root + 1]
    return _splice(parent, length, subtree_start(parent, root), root + 1, patch, len(patch), into)


@compiled
def mutate(
    state: NDArray[np.uint64],
    parent: NDArray[np.int32],
    length: int,
    leaves: NDArray[np.int64],
    patch: NDArray[np.int32],
    into: NDArray[np.int32],
) -> int:
    """Change one place of a formula: a leaf, an operation, a whole subtree, or one operation more or less.

    Returns:
        The length of the child, or 0 where the change that was drawn cannot be made.
    """
    place = below(state, length)
    start = subtree_start(parent, place)
    code = parent[place]
    operands = arity(code)
    kind = below(state, 8)
    if kind < 2:  # another code of the same arity
        into[:length] = parent[:length]
        if operands == 0:
            into[place] = _leaf(state, leaves)
        elif operands == 1:
            into[place] = _unary(state)
        else:
            into[place] = _binary(state)
        return length
    if kind == 2:  # a fresh subtree
        return _splice(parent, length, start, place + 1, patch, draw(state, leaves, _PATCH_STEPS, patch), into)
    if kind == 3:  # one operation more, of one argument
        if length >= MAXIMUM_NODES:
            return 0
        patch[0] = _unary(state)
        return _splice(parent, length, place + 1, place + 1, patch, 1, into)
    if kind < 6:  # one operation more, of two arguments, the subtree being one of them
        if place - start + 3 > MAXIMUM_NODES:
            return 0
        count = place + 1 - start
        if uniform(state) < 0.5:
            patch[:count] = parent[start : place + 1]
            patch[count] = _leaf(state, leaves)
        else:
            patch[0] = _leaf(state, leaves)
            patch[1 : count + 1] = parent[start : place + 1]
        patch[count + 1] = _binary(state)
        return _splice(parent, length, start, place + 1, patch, count + 2, into)
    if operands == 0:  # one operation less: an argument takes the place of what is made of it
        return 0
    end = place
    if operands == 2 and uniform(state) < 0.5:
        end = subtree_start(parent, place - 1)  # the first argument ends before the second begins
    argument = parent[subtree_start(parent, end - 1) : end]
    return _splice(parent, length, start, place + 1, argument, len(argument), into)
