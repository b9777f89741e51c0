"""Limits that a result must keep: its size, and how close two numbers may be and still differ."""

from __future__ import annotations

from typing import Final

MAXIMUM_ELEMENTS: Final = 2**24
"""The most elements of a result; above it, the shape counts as one that the operation cannot take.

It also bounds what an operation walks over without storing it: the common shape of two arguments that are reduced
together, and the Gram matrix of the eigenvalue ratios. Broadcasting can otherwise turn two small tensors into one
that fills the memory. Up to this limit a float32 holds every count exactly.
"""

RELATIVE_TOLERANCE: Final = 2.0**-20
"""Scores that differ by less than this share of their size are equal: the error of computing them in float32.

About 1e-6, 16 units in the last place. Measured by `bench/tie_tolerance.py --networks 60 --programs 150` on
NAS-Bench-201: scores that follow from shapes alone, and should be equal under two draws of weights, differ by up to
2.0e-7. Random programs lose as many distinct scores at 2^-24 as at 2^-22; more begin to lose some at 2^-18.
"""

COSINE_EPSILON: Final = 1e-8
"""The least norm of a row in `cosine_similarity`, PyTorch's default."""
