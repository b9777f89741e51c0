"""Choices that several parts of eznas share, each stated once: settings, files and flags allow these values."""

from __future__ import annotations

from typing import Literal

Orientation = Literal[1, -1]
"""+1 where a higher score means a better network, -1 where a lower one does."""

Unit = Literal["R-C-B", "C-B-R", "A-L-N"]
"""What makes a unit: ReLU, Conv2d, BatchNorm2d in a row (the paper's); Conv2d, BatchNorm2d, ReLU; or any linear map,
with the activation before it and the normalisation after it if there are any."""

ThirdPass = Literal["perturbed", "difference"]
"""The statistics of the third pass as they are, or minus those of the data pass as the published code stores them."""

Weights = Literal["fresh", "own"]
"""The weights that a network is scored with: fresh ones, which follow from the seed, or those that it comes with."""

ToScalar = Literal["mean", "l2"]
"""From a program's output tensor to one number per unit: its mean, or its l2 norm."""

Aggregation = Literal["mean", "sum"]
"""From the numbers of a network's valid units to its score: `mean` is the paper's, `sum` also rewards depth."""

Combine = Literal["minimum", "mean", "median"]
"""From the |tau| of several benchmarks to one fitness."""

Objective = Literal["tau", "top", "both"]
"""What a formula is to be good at: Kendall's tau over all networks, tau weighted to the best ones, or both."""

Reference = Literal["none", "given", "over"]
"""What a formula is compared with while it evolves: nothing, a proxy that counts already, or proxies to be ahead of."""

Rounding = Literal["rejected", "accepted"]
"""What becomes of a program that would be among the best and is partly rounding."""

Distinct = Literal["ranking", "program", "none"]
"""Which repeats do not survive selection: those of one ranking of the networks, of one program, or none."""

Selection = Literal["parents", "survivors"]
"""What tournaments select: the parents of the offspring, and the best survive; or the survivors among parents and
offspring, with parents drawn uniformly, as in DEAP's `eaMuPlusLambda`."""

Operations = Literal["extended", "paper"]
"""Which operations formulas over features draw from: the paper's and the extensions, or the paper's alone."""

Preset = Literal["default", "paper"]
"""Where settings that nobody gives come from: what works best here, or the published method and nothing else."""

FeatureSource = Literal["enumerated", "bank", "both"]
"""Where the features of an enumeration come from: all up to a depth, the standard bank, or both."""

Strategy = Literal["random", "evolution", "local"]
"""How a search for an architecture goes on: random search, regularised evolution, or local search."""
