"""Random formulas and their variation, compiled; every function writes a formula of at most MAXIMUM_NODES nodes."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.alphabet import Alphabet
from eznas.discovery.chance import below, uniform
from eznas.discovery.codes import ADDED, SUBTRACTED, arity, copy, is_join, subtree_start, term_spans
from eznas.discovery.limits import MAXIMUM_NODES, MAXIMUM_TERMS
from eznas.ops.jit import compiled

_FRESH_STEPS: Final = 4
_PATCH_STEPS: Final = 2
_BINARY_SHARE: Final = 0.6
_TERM_SHARE: Final = 0.15  # of variations that work on whole terms, where a formula may have several


@compiled
def _one_of(state: NDArray[np.uint64], codes: NDArray[np.int64]) -> int:
    return int(codes[below(state, len(codes))])


@compiled
def draw(state: NDArray[np.uint64], alphabet: Alphabet, steps: int, into: NDArray[np.int32]) -> int:
    """Write a random term: a leaf, and 0 to `steps` times an operation on top, perhaps with another leaf."""
    into[0] = _one_of(state, alphabet.leaves)
    length = 1
    for _ in range(below(state, steps + 1)):
        if uniform(state) < _BINARY_SHARE:
            if uniform(state) < 0.5:
                into[length] = _one_of(state, alphabet.leaves)
            else:
                for place in range(length, 0, -1):
                    into[place] = into[place - 1]
                into[0] = _one_of(state, alphabet.leaves)
            into[length + 1] = _one_of(state, alphabet.binary)
            length += 2
        else:
            into[length] = _one_of(state, alphabet.unary)
            length += 1
    return length


@compiled
def draw_fresh(state: NDArray[np.uint64], alphabet: Alphabet, into: NDArray[np.int32]) -> int:
    """Write a random formula of one term for a fresh population; returns its length."""
    while True:
        length = draw(state, alphabet, _FRESH_STEPS, into)
        if length <= alphabet.most_nodes:
            return length


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
    if length - (end - start) + patch_length > MAXIMUM_NODES:
        return 0
    copy(parent, 0, start, into, 0)
    return copy(parent, end, length, into, copy(patch, 0, patch_length, into, start))


@compiled
def _drawn_place(state: NDArray[np.uint64], codes: NDArray[np.int32], length: int) -> int:
    """A random place that no join stands on: before every join is the root of a term."""
    place = below(state, length)
    return place - 1 if is_join(codes[place]) else place


@compiled
def cross(
    state: NDArray[np.uint64],
    parent: NDArray[np.int32],
    length: int,
    donor: NDArray[np.int32],
    donor_length: int,
    alphabet: Alphabet,
    into: NDArray[np.int32],
) -> int:
    """Replace a random subtree of a term by a random one of the donor, or take over a term; 0 if that is too long."""
    if alphabet.most_terms > 1 and uniform(state) < _TERM_SHARE:
        spans = np.empty((MAXIMUM_TERMS, 3), np.int64)
        chosen = below(state, term_spans(donor, donor_length, spans))
        term = donor[spans[chosen, 0] : spans[chosen, 1]]
        return add_term(state, parent, length, term, alphabet.most_terms, into)
    root = _drawn_place(state, parent, length)
    donor_root = _drawn_place(state, donor, donor_length)
    donor_start = subtree_start(donor, donor_root)
    patch = donor[donor_start : donor_root + 1]
    return _splice(parent, length, subtree_start(parent, root), root + 1, patch, len(patch), into)


@compiled
def add_term(
    state: NDArray[np.uint64],
    parent: NDArray[np.int32],
    length: int,
    term: NDArray[np.int32],
    most_terms: int,
    into: NDArray[np.int32],
) -> int:
    """Join a term to a formula, or put it in the place of one where there are all that may be; 0 if too long."""
    spans = np.empty((MAXIMUM_TERMS, 3), np.int64)
    count = term_spans(parent, length, spans)
    if count == most_terms:
        replaced = below(state, count)
        return _splice(parent, length, spans[replaced, 0], spans[replaced, 1], term, len(term), into)
    total = length + len(term) + 1
    if total > MAXIMUM_NODES:
        return 0
    copy(parent, 0, length, into, 0)
    copy(term, 0, len(term), into, length)
    into[total - 1] = ADDED if uniform(state) < 0.5 else SUBTRACTED
    return total


@compiled
def drop_term(state: NDArray[np.uint64], parent: NDArray[np.int32], length: int, into: NDArray[np.int32]) -> int:
    """Leave out one of several terms; the others keep their signs against each other. 0 where there is one alone."""
    spans = np.empty((MAXIMUM_TERMS, 3), np.int64)
    count = term_spans(parent, length, spans)
    if count == 1:
        return 0
    dropped = below(state, count)
    lead = ADDED  # the sign of the first term that stays
    written = 0
    for term in range(count):
        if term == dropped:
            continue
        size = spans[term, 1] - spans[term, 0]
        written = copy(parent, spans[term, 0], spans[term, 1], into, written)
        if written == size:
            lead = spans[term, 2]
        else:
            into[written] = ADDED if spans[term, 2] == lead else SUBTRACTED
            written += 1
    return written


@compiled
def _mutate_terms(
    state: NDArray[np.uint64],
    parent: NDArray[np.int32],
    length: int,
    alphabet: Alphabet,
    patch: NDArray[np.int32],
    into: NDArray[np.int32],
) -> int:
    """Add, replace or leave out a term, or turn the sign of the last one; 0 where that cannot be."""
    kind = below(state, 4)
    if kind < 2:
        size = draw(state, alphabet, _PATCH_STEPS, patch)
        return add_term(state, parent, length, patch[:size], alphabet.most_terms, into)
    if kind == 2:
        return drop_term(state, parent, length, into)
    if not is_join(parent[length - 1]):
        return 0
    copy(parent, 0, length, into, 0)
    into[length - 1] = SUBTRACTED if parent[length - 1] == ADDED else ADDED
    return length


@compiled
def mutate(
    state: NDArray[np.uint64],
    parent: NDArray[np.int32],
    length: int,
    alphabet: Alphabet,
    patch: NDArray[np.int32],
    into: NDArray[np.int32],
) -> int:
    """Change one place of a formula: a leaf, an operation, a subtree, a term, or one operation more or less.

    Returns:
        The length of the child, or 0 where the change that was drawn cannot be made.
    """
    if alphabet.most_terms > 1 and uniform(state) < _TERM_SHARE:
        return _mutate_terms(state, parent, length, alphabet, patch, into)
    place = _drawn_place(state, parent, length)
    start = subtree_start(parent, place)
    code = parent[place]
    operands = arity(code)
    kind = below(state, 8)
    if kind < 2:  # another code of the same arity
        copy(parent, 0, length, into, 0)
        if operands == 0:
            into[place] = _one_of(state, alphabet.leaves)
        elif operands == 1:
            into[place] = _one_of(state, alphabet.unary)
        else:
            into[place] = _one_of(state, alphabet.binary)
        return length
    if kind == 2:  # a fresh subtree
        return _splice(parent, length, start, place + 1, patch, draw(state, alphabet, _PATCH_STEPS, patch), into)
    if kind == 3:  # one operation more, of one argument
        if length >= MAXIMUM_NODES:
            return 0
        patch[0] = _one_of(state, alphabet.unary)
        return _splice(parent, length, place + 1, place + 1, patch, 1, into)
    if kind < 6:  # one operation more, of two arguments, the subtree being one of them
        if place - start + 3 > MAXIMUM_NODES:
            return 0
        count = place + 1 - start
        if uniform(state) < 0.5:
            copy(parent, start, place + 1, patch, 0)
            patch[count] = _one_of(state, alphabet.leaves)
        else:
            patch[0] = _one_of(state, alphabet.leaves)
            copy(parent, start, place + 1, patch, 1)
        patch[count + 1] = _one_of(state, alphabet.binary)
        return _splice(parent, length, start, place + 1, patch, count + 2, into)
    if operands == 0:  # one operation less: an argument takes the place of what is made of it
        return 0
    end = place
    if operands == 2 and uniform(state) < 0.5:
        end = subtree_start(parent, place - 1)  # the first argument ends before the second begins
    argument = parent[subtree_start(parent, end - 1) : end]
    return _splice(parent, length, start, place + 1, argument, len(argument), into)
