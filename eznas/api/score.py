"""`eznas.score`: one number for one network."""

from __future__ import annotations

from typing import Final

import numpy as np

from eznas.api.batch import Batch, passes_of
from eznas.api.models import Model, candidates_of
from eznas.api.random_states import untouched_random_states
from eznas.errors import EznasError
from eznas.options import Weights
from eznas.proxies import AnyProxy
from eznas.runs.proxy_argument import resolve_proxy
from eznas.scoring.scores import ScoringSettings, score_candidates

DEFAULT_PROXY: Final = "nasbench201-small"
"""What scores where no proxy is named.

Of the formulas that come with eznas it is not the best on the space that it was found on, but the one that carries over
to networks of another kind: its least tau on five benchmarks is .472, that of `nasbench201-best` .126 (README, "How
good"). It asks for no determinant, which is 0 or undefined on many layers.
"""


def score(
    model: Model,
    proxy: str | AnyProxy = DEFAULT_PROXY,
    *,
    inputs: Batch,
    seed: int = 0,
    weights: Weights = "fresh",
    device: str = "cpu",
) -> float:
    """Return the score of a network, turned so that higher means better.

    The score follows from the layers, the proxy, the inputs and the seed. By default it is that of **fresh weights**,
    which proxies are made for: the model's own are neither used nor changed. The model keeps its weights, buffers,
    gradients, mode and hooks exactly, and the global random states of PyTorch, Python and NumPy stay as they are.

    Args:
        model: a `torch.nn.Module`, of which a copy is scored; or a function or class that makes one.
        proxy: a name such as `eznas-a` or `params`, the path of a .json file, a formula, the directory of a run, or a
            loaded proxy.
        inputs: the batch that the model sees, normalised as for training; its shape, such as `(1, 3, 32, 32)`, for
            normal noise; or a function that returns a batch.
        seed: of weights and noise.
        weights: `fresh` ones from the seed, or the model's `own`.
        device: where it runs: `cpu`, `cuda` or `cuda:N`.

    Raises:
        EznasError: there is no such proxy or device, or the network cannot be scored with it; the sentence says why.
    """
    chosen = resolved(proxy)
    with untouched_random_states():
        (candidate,) = candidates_of([model], seed)
        settings = ScoringSettings(seed=seed, device=device, threads=1, weights=checked_weights(weights))
        scores = score_candidates([chosen], [candidate], passes_of(inputs, seed), settings)
    value = float(scores.values[0, 0])
    if np.isnan(value):
        raise EznasError(f"{chosen.name} gives {candidate.name} no score. {scores.unscored[0][0]}")
    return chosen.orientation * value + 0.0  # no -0.0


def resolved(proxy: str | AnyProxy) -> AnyProxy:
    """Return the proxy that a user means."""
    return resolve_proxy(proxy) if isinstance(proxy, str) else proxy


def checked_weights(weights: Weights) -> Weights:
    """Return the choice of weights, or raise an `EznasError` where it is none."""
    if weights not in ("fresh", "own"):
        raise EznasError(f"weights is {weights!r}: choose 'fresh' or 'own'.")
    return weights
