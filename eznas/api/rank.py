"""`eznas.rank`: several networks side by side, best first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eznas.api.batch import Batch, passes_of
from eznas.api.model_table import ModelRow, ModelTable
from eznas.api.models import Models, candidates_of
from eznas.api.random_states import untouched_random_states
from eznas.api.score import DEFAULT_PROXY, checked_weights, resolved
from eznas.errors import EznasError
from eznas.options import Weights
from eznas.proxies import AnyProxy, hand_made
from eznas.scoring.ranking import rankable
from eznas.scoring.scores import ScoringSettings, score_candidates
from eznas.statistics.workers import available_cores


def rank(
    models: Models,
    proxy: str | AnyProxy | Sequence[str | AnyProxy] = DEFAULT_PROXY,
    *,
    inputs: Batch,
    seed: int = 0,
    weights: Weights = "fresh",
    device: str = "cpu",
    threads: int | None = None,
) -> ModelTable:
    """Return a table of networks, best first, with their scores and their numbers of parameters.

    Every model has the score that `eznas.score` gives it alone; scores that agree within the error of float32 share a
    rank, and models that cannot be scored stand below with the reason. **Fresh weights** by default; models and
    global random states stay exactly as they are.

    Args:
        models: a list of networks, or of functions or classes that make them; or a dictionary with their names.
        proxy: as in `eznas.score`; of several the first decides the order.
        inputs: as in `eznas.score`; all models see the same.
        seed: of weights and noise.
        weights: `fresh` ones from the seed, or the models' `own`.
        device: where they run: `cpu`, `cuda` or `cuda:N`.
        threads: each with a model of its own; None for one per core. The result depends on it only for networks that
            draw from the random states of Python or NumPy while they run: give 1 for those.

    Raises:
        EznasError: there is no such proxy or device, no model, or none of the models can be scored.
    """
    given = [proxy] if isinstance(proxy, (str, AnyProxy)) else list(proxy)
    proxies = [resolved(one) for one in given]
    if not proxies:
        raise EznasError("There is no proxy to rank with: give at least one.")
    settings = ScoringSettings(
        seed=seed, device=device, threads=threads or available_cores(), weights=checked_weights(weights)
    )
    with untouched_random_states():
        candidates = candidates_of(models, seed)
        scores = score_candidates([*proxies, hand_made.load("params")], candidates, passes_of(inputs, seed), settings)
    if np.isnan(scores.values[0]).all():
        raise EznasError(f"{proxies[0].name} scores none of the {len(candidates)} models. {scores.unscored[0][0]}")
    ranked = rankable(scores.values[0], proxies[0].orientation)
    rows = []
    for place in np.argsort(-ranked, kind="stable").tolist():
        parameters = scores.values[-1, place]
        rows.append(
            ModelRow(
                rank=None if np.isneginf(ranked[place]) else 1 + int((ranked > ranked[place]).sum()),
                model=candidates[place].name,
                scores=tuple(
                    _plain(one.orientation * value)
                    for one, value in zip(proxies, scores.values[:, place], strict=False)
                ),
                params=None if np.isnan(parameters) else int(parameters),
                reason=scores.unscored[0].get(place, ""),
            )
        )
    return ModelTable(tuple(one.name for one in proxies), tuple(rows), weights, seed)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value) + 0.0  # no -0.0
