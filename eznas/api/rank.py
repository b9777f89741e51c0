"""`eznas.rank`: several networks side by side, best first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from eznas.api.batch import Batch
from eznas.api.model_scores import UnitChoice, resolved, score_models, units_of
from eznas.api.model_table import ModelRow, ModelTable
from eznas.api.models import Models
from eznas.api.score import DEFAULT_PROXY
from eznas.errors import EznasError
from eznas.options import Weights
from eznas.proxies import AnyProxy, hand_made
from eznas.scoring.rounding import gradients_warning, order_warning
from eznas.scoring.ties import rankable
from eznas.statistics.collect import Loss
from eznas.statistics.coverage import coverage_warning


def rank(
    models: Models,
    proxy: str | AnyProxy | Sequence[str | AnyProxy] = DEFAULT_PROXY,
    *,
    inputs: Batch,
    targets: ArrayLike | Tensor | None = None,
    loss: Loss | None = None,
    seed: int = 0,
    weights: Weights = "fresh",
    unit: UnitChoice = "auto",
    device: str = "cpu",
    threads: int | None = None,
) -> ModelTable:
    """Return a table of networks, best first, with their scores and their numbers of parameters.

    Every model has the score that `eznas.score` gives it alone with the same kind of units; scores that agree within
    the error of float32 share a rank, and models that cannot be scored stand below with the reason. **Fresh weights**
    by default; models and global random states stay exactly as they are.

    Args:
        models: a list of networks, or of functions or classes that make them; or a dictionary with their names.
        proxy: as in `eznas.score`; of several the first decides the order.
        inputs: as in `eznas.score`; all models see the same.
        targets: as in `eznas.score`.
        loss: as in `eznas.score`.
        seed: of weights and noise.
        weights: `fresh` ones from the seed, or the models' `own`.
        unit: the layers that a program takes as a unit; `auto` for those that it was made for, or A-L-N for all models
            where one of them has none of those.
        device: where they run: `cpu`, `cuda` or `cuda:N`.
        threads: each with a model of its own; None for one per core. The result depends on it only for networks that
            draw from the random states of Python or NumPy while they run: give 1 for those.

    Raises:
        EznasError: there is no such proxy or device, no model, or none of the models can be scored.
    """
    given = list(proxy) if isinstance(proxy, Iterable) and not isinstance(proxy, (str, AnyProxy)) else [proxy]
    proxies = [resolved(one) for one in given]
    if not proxies:
        raise EznasError("There is no proxy to rank with: give at least one.")
    found = score_models(
        models,
        [*proxies, hand_made.load("params")],
        inputs,
        targets=targets,
        loss=loss,
        seed=seed,
        weights=weights,
        unit=unit,
        device=device,
        threads=threads,
        rounded_up=True,
    )
    scores, kinds = found.scores, units_of(proxies, found)
    if np.isnan(scores.values[0]).all():
        raise EznasError(f"{proxies[0].name} scores none of the {len(found.names)} models. {scores.unscored[0][0]}")
    coverage = scores.coverage if kinds and scores.coverage is not None else np.ones(len(found.names))
    ranked = rankable(scores.values[0], proxies[0].orientation)
    rows, warned = [], []
    for place in np.argsort(-ranked, kind="stable").tolist():
        parameters = scores.values[-1, place]
        if told := coverage_warning(found.names[place], kinds, float(coverage[place])):
            warned.append(told)
        rows.append(
            ModelRow(
                rank=None if np.isneginf(ranked[place]) else 1 + int((ranked > ranked[place]).sum()),
                model=found.names[place],
                scores=tuple(
                    _plain(one.orientation * value)
                    for one, value in zip(proxies, scores.values[:, place], strict=False)
                ),
                params=None if np.isnan(parameters) else int(parameters),
                reason=scores.unscored[0].get(place, ""),
                coverage=float(coverage[place]),
            )
        )
    if scores.rounded_up is not None:
        ways = zip(proxies, scores.values, scores.rounded_up, strict=False)
        warned += [told for one, *pair in ways if (told := order_warning(one.name, *pair))]
    if scores.rounding_gradients is not None:
        read = zip(proxies, scores.rounding_gradients, strict=False)
        warned += [told for one, row in read if (told := gradients_warning(one.name, "of these models", row))]
    return ModelTable(tuple(one.name for one in proxies), tuple(rows), weights, seed, kinds, tuple(warned))


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value) + 0.0  # no -0.0
