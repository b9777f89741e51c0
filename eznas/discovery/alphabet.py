"""What variation makes formulas of: the leaves and operations that it draws from, and how large formulas may be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.limits import MAXIMUM_NODES
from eznas.genomes.feature_tree import BINARY_WEIGHTS, UNARY_WEIGHTS, weighted_ids
from eznas.options import Operations


class Alphabet(NamedTuple):
    """As compiled code reads it.

    Attributes:
        leaves: int64, rows of features.
        unary: int64, codes of operations of one argument, each as many times as its weight.
        binary: int64, the same of operations of two arguments.
        most_terms: of a formula.
        most_nodes: of a formula, 1 or more.
    """

    leaves: NDArray[np.int64]
    unary: NDArray[np.int64]
    binary: NDArray[np.int64]
    most_terms: int
    most_nodes: int


def alphabet_of(
    leaves: NDArray[np.int64], operations: Operations = "extended", terms: int = 1, nodes: int = MAXIMUM_NODES
) -> Alphabet:
    """Return the alphabet of formulas over these features.

    Args:
        leaves: int64, their rows.
        operations: the paper's with the extensions, or the paper's alone.
        terms: of a formula, at most.
        nodes: of a formula, at most.
    """
    unary, binary = (
        -1 - np.array(weighted_ids(weights, operations), np.int64) for weights in (UNARY_WEIGHTS, BINARY_WEIGHTS)
    )
    return Alphabet(leaves, unary, binary, terms, nodes)
