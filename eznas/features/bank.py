"""The standard bank: about 900 features that a search over formulas starts from.

A feature of the bank is a *source* tensor, a short chain of operations, and a reduction to one number. The bank
leaves out what cannot differ from another feature of it: the mean of absolute values where nothing is negative, sums
that a normalisation fixes. It also leaves out what float32 decides rather than the network:

* `determinant` of small numbers underflows: of the softmax of gradients it is 0 for every unit of 16 x 16 and 32 x 32
  pixels of NAS-Bench-201 (the median logarithms are -178 and -330, and float32 ends at -103) and for a fifth of those
  of 8 x 8 (-96), on `digits` for every one of 16 x 16 (-144). So `l1_norm(sign(determinant(softmax(act_grad.data))))`
  tells the last stage of a network and whether a gradient flows at all. `log_abs_determinant` has the number itself,
  the side of the image is a feature of `sizes.py`, and the determinant stays for signs, which do not underflow.
* `eig_ratio` and `sym_eig_ratio` divide by the least eigenvalue of A A^T. With one image per pass every statistic but
  weights and their gradients has one row and the ratio is 1; weights have full rank; and the gradient of the weights of
  64 channels, from 64 positions, is singular in every unit of NAS-Bench-201, where the ratio is negative for 50 % of
  them: a coin that rounding tosses. What the ratio is taken for, how many directions a gradient has, is
  `participation_ratio`.

(Measured on 8 networks of NAS-Bench-201 on CIFAR-10, 377 units, and 10 of `digits`, one image, seed 0.)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from eznas.features.feature import as_feature
from eznas.features.sizes import SIZES
from eznas.ops.notation import parse_program
from eznas.ops.program import Program
from eznas.options import Operations

_GROUPS: Final = ("inp", "pre", "act")  # each with its gradient
_STATISTICS: Final = (
    "wt",
    *(
        f"{group}.{one}"
        for group in ("wt_grad", "inp", "inp_grad", "pre", "pre_grad", "act", "act_grad")
        for one in ("data", "noise")
    ),
)  # the perturbed pass is all but equal to that of the data; what it adds are the differences below
_DIFFERENCES: Final = tuple(
    f"{group}.data - {group}.{other}"
    for group in ("wt_grad", "inp", "inp_grad", "pre_grad", "act", "act_grad")
    for other in ("perturbed", "noise")
)
_SALIENCIES: Final = tuple(f"wt * wt_grad.{one}" for one in ("data", "noise")) + tuple(
    f"{group}.{one} * {group}_grad.{one}" for group in _GROUPS for one in ("data", "noise")
)
# A chain is written with {x} for its source.
_CHAINS: Final = (
    # values
    "normalized_sum({x})",
    "l1_norm({x})",
    "frobenius_norm({x})",
    "normalized_sum(relu({x}))",
    "l1_norm(power(power({x})))",
    # signs
    "normalized_sum(sign({x}))",
    "l1_norm(sign({x}))",
    # magnitudes
    "normalized_sum(abs_log({x}))",
    "normalized_sum(sigmoid({x}))",
    "frobenius_norm(softmax({x}))",
    # shape of the distribution
    "l1_norm(normalize({x}))",
    "normalized_sum(power(power(normalize({x}))))",
)
_CHAINS_OF_STATISTICS: Final = (
    *_CHAINS,
    "frobenius_norm(sign({x}))",
    "normalized_sum(heaviside({x}))",
    "l1_norm(abs_log({x}))",
    "frobenius_norm(abs_log({x}))",
    "normalized_sum(log({x}))",
    "frobenius_norm(sigmoid({x}))",
    "normalized_sum(abs_log(softmax({x})))",
    "normalized_sum(abs_log(normalize({x})))",
    "normalized_sum(sign(normalize({x})))",
    "normalized_sum(sigmoid(normalize({x})))",
    "frobenius_norm(softmax(normalize({x})))",
    "frobenius_norm(softmax(sign({x})))",
)

_BEFORE_DETERMINANT: Final = ("{x}", "sign({x})", "softmax({x})", "normalize({x})")
_AFTER_DETERMINANT: Final = (
    "normalized_sum(sigmoid(log_determinant({x})))",
    "frobenius_norm(sigmoid(log_determinant({x})))",
    "normalized_sum(relu(log_determinant({x})))",
    "normalized_sum(log_abs_determinant({x}))",
)
_REGULAR: Final = "l1_norm(sign(determinant(sign({x}))))"  # the share of the matrices that are not singular

_WEIGHTS: Final = ("wt", "wt_grad.data", "wt_grad.noise", "wt * wt_grad.data", "wt * wt_grad.noise")
# Every other statistic has as many rows as there are images, one by default.

_PAIRS: Final = (
    "hamming_distance({x}, {y})",
    "normalized_sum({x} < {y})",
    "cosine_similarity({x}, {y})",
    "cosine_similarity(sign({x}), sign({y}))",
    "kl_divergence(abs_log(softmax({x})), softmax({y}))",
    "l1_norm({x} * {y})",
)
_PAIRED: Final = (
    *(
        (f"{group}.data", f"{group}.{other}")
        for group in ("wt_grad", "inp", "inp_grad", "pre_grad", "act", "act_grad")
        for other in ("noise", "perturbed")
    ),
    *((f"{group}.{one}", f"{group}_grad.{one}") for group in _GROUPS for one in ("data", "noise")),
    *(("wt", f"wt_grad.{one}") for one in ("data", "noise")),
)


@cache
def standard_bank(operations: Operations = "extended") -> tuple[Program, ...]:
    """Return the features of the bank, each once, in a fixed order: sizes first, then from simple to composite.

    Args:
        operations: whether features may use the extensions.
    """
    features = dict.fromkeys(as_feature(parse_program(text)) for text in _texts())
    return tuple(feature for feature in features if operations == "extended" or not feature.extensions)


def _texts() -> Iterator[str]:
    yield from SIZES.values()
    for sources, chains in ((_STATISTICS, _CHAINS_OF_STATISTICS), ((*_DIFFERENCES, *_SALIENCIES), _CHAINS)):
        for source in sources:
            for chain in chains:
                yield chain.format(x=f"({source})")
    for source in _STATISTICS:
        for before in _BEFORE_DETERMINANT:
            for after in _AFTER_DETERMINANT:
                yield after.format(x=before.format(x=f"({source})"))
        yield _REGULAR.format(x=f"({source})")
    for source in _WEIGHTS:
        yield f"participation_ratio({source})"
    for first, second in _PAIRED:
        for pair in _PAIRS:
            yield pair.format(x=first, y=second)
