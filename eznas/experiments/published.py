"""The figures of the paper that experiments print beside their own.

Source: Akhauri, Munoz, Jain, Iyer, "EZNAS: Evolving Zero-Cost Proxies For Neural Architecture Scoring", NeurIPS 2022,
appendix, Figure 4: "Full correlation table". Kendall tau at batch 1, programs evolved on 100 networks and tested on
1,000 networks of NAS-Bench-201 or 200 of an NDS space. The paper gives the correlation of the raw score: a negative
figure is a program whose lower score means the better network.
"""

from __future__ import annotations

from typing import Final

SOURCE: Final = "EZNAS (Akhauri et al., NeurIPS 2022), appendix, Figure 4"

SPACES: Final = (
    "NASBench201 CIFAR10",
    "NASBench201 CIFAR100",
    "NASBench201 ImageNet16-120",
    "Amoeba CIFAR10",
    "DARTS CIFAR10",
    "ENAS CIFAR10",
    "PNAS CIFAR10",
    "NASNet CIFAR10",
)
"""The rows, and the first eight columns, by the paper's names."""

FLOPS: Final = "flops"
PARAMS: Final = "params"

EZNAS_A_COLUMN: Final = "DARTS CIFAR10"
"""The column of the program that the paper calls EZNAS-A: the best of the evolution on this space."""

_COLUMNS: Final = (*SPACES, FLOPS, PARAMS)

_TAU: Final = (
    (0.533, -0.499, 0.4345, 0.4422, 0.5777, 0.472, 0.4514, 0.2633, 0.5610, 0.5610),
    (0.5242, -0.496, 0.4522, 0.4152, 0.5627, 0.476, 0.453, 0.2531, 0.5472, 0.5472),
    (0.4575, -0.424, 0.4350, 0.4213, 0.5733, 0.456, 0.2903, 0.2338, 0.5036, 0.5036),
    (0.1146, -0.029, 0.3263, 0.352, 0.3774, 0.380, 0.35278, 0.4042, 0.2614, 0.2658),
    (0.3236, -0.173, 0.2088, 0.4187, 0.5077, 0.460, 0.47570, 0.1439, 0.5079, 0.5042),
    (0.2833, -0.143, 0.3132, 0.4292, 0.3795, 0.422, 0.41701, 0.3400, 0.4739, 0.4704),
    (0.2208, -0.053, 0.4212, 0.4466, 0.4435, 0.514, 0.4874, 0.3799, 0.3363, 0.3223),
    (0.2370, 0.0229, 0.2880, 0.3789, 0.4381, 0.364, 0.3594, 0.3757, 0.1996, 0.2102),
)

FIGURE_4: Final = {row: dict(zip(_COLUMNS, taus, strict=True)) for row, taus in zip(SPACES, _TAU, strict=True)}
"""Kendall tau by row, the space of the test, and by column: the space of the evolution, or a plain count."""

SEED_TEST_OBSERVATION: Final = (
    "The paper (appendix 1.4, Figure 2) observes that tau varies much less when only initialisation and inputs change "
    "with the seed than when the seed draws the networks, too."
)

VARIANTS_OBSERVATION: Final = (
    "The paper (appendix 1.6, Figure 3) finds R-C-B with mean more effective, and programs with all three formulations."
)

GENOMES_OBSERVATION: Final = (
    "The paper (appendix 1.2) dropped the sequential form because its programs grow and hold many instructions that do "
    "not reach the output."
)


def figure_4(row: str | None, column: str | None) -> float | None:
    """Return the published tau of one cell; None where the paper has no such row or column."""
    return FIGURE_4.get(row or "", {}).get(column or "")
