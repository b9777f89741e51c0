"""`eznas.score`: one number for one network."""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from eznas.api.batch import Batch
from eznas.api.model_scores import UnitChoice, resolved, score_models, units_of
from eznas.api.models import Model
from eznas.errors import EznasError
from eznas.options import Weights
from eznas.proxies import AnyProxy
from eznas.scoring.rounding import gradients_warning, score_warning
from eznas.statistics.collect import Loss
from eznas.statistics.coverage import coverage_warning

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
    targets: ArrayLike | Tensor | None = None,
    loss: Loss | None = None,
    seed: int = 0,
    weights: Weights = "fresh",
    unit: UnitChoice = "auto",
    device: str = "cpu",
) -> float:
    """Return the score of a network, turned so that higher means better.

    The score follows from the layers, the proxy, the inputs and the seed. By default it is that of **fresh weights**,
    which proxies are made for: the model's own are neither used nor changed. The model keeps its weights, buffers,
    gradients, mode and hooks exactly, and the global random states of PyTorch, Python and NumPy stay as they are. A
    warning tells of a score from less than half of the parameters, of one that is partly rounding, and of gradients
    that are nothing else.

    Args:
        model: a `torch.nn.Module`, of which a copy is scored; or a function or class that makes one.
        proxy: a name such as `eznas-a`, `synflow` or `params`, the path of a .json file, a formula, the directory of a
            run, or a loaded proxy.
        inputs: what the model is called with: a batch, normalised as for training; a tuple or dictionary of tensors,
            tokens among them; the shape of a batch, such as `(1, 3, 32, 32)`, for normal noise; or a function from a
            NumPy generator to one of these.
        targets: classes of the inputs, int64 (batch,), for proxies such as `snip`; None to draw them.
        loss: of a program, where its backward passes start: a function of what the model returns. None for the output.
        seed: of weights and noise.
        weights: `fresh` ones from the seed, or the model's `own`.
        unit: the layers that a program takes as a unit; `auto` for those that it was made for, or A-L-N where the
            model has none of them.
        device: where it runs: `cpu`, `cuda` or `cuda:N`.

    Raises:
        EznasError: there is no such proxy or device, or the network cannot be scored with it; the sentence says why.
    """
    chosen = resolved(proxy)
    found = score_models(
        [model],
        [chosen],
        inputs,
        targets=targets,
        loss=loss,
        seed=seed,
        weights=weights,
        unit=unit,
        device=device,
        threads=1,
        rounded_up=True,
    )
    value = float(found.scores.values[0, 0])
    if np.isnan(value):
        raise EznasError(f"{chosen.name} gives {found.names[0]} no score. {found.scores.unscored[0][0]}")
    if (kinds := units_of([chosen], found)) and found.scores.coverage is not None:
        told = coverage_warning(found.names[0], kinds, float(found.scores.coverage[0]))
        if told:
            warnings.warn(told, stacklevel=2)
    if found.scores.rounded_up is not None:
        told = score_warning(chosen.name, found.names[0], value, float(found.scores.rounded_up[0, 0]))
        if told:
            warnings.warn(told, stacklevel=2)
    if found.scores.rounding_gradients is not None:
        told = gradients_warning(chosen.name, f"of {found.names[0]}", found.scores.rounding_gradients[0])
        if told:
            warnings.warn(told, stacklevel=2)
    return chosen.orientation * value + 0.0  # no -0.0
