"""The scores of a user's models: what `score`, `rank` and `ProxySearch.predict` have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from eznas import seeds
from eznas.api.batch import Batch, passes_of
from eznas.api.models import Models, candidates_of
from eznas.api.random_states import untouched_random_states
from eznas.errors import EznasError, shown
from eznas.options import Unit, Weights
from eznas.proxies import AnyProxy, Proxy
from eznas.runs.proxy_argument import resolve_proxy
from eznas.scoring.candidate import GivenNetworks
from eznas.scoring.network_scores import NetworkScores
from eznas.scoring.rank_aggregation import single_proxies
from eznas.scoring.scores import score_candidates
from eznas.scoring.settings import ScoringSettings
from eznas.statistics.collect import Loss
from eznas.statistics.workers import checked_threads
from eznas.system.rounding import can_round_up

UnitChoice: TypeAlias = Unit | Literal["auto"]
"""The kind of unit that programs take: each program's own with `auto`, but A-L-N for all models where one of them lacks
that, so that scores of several models are always of one kind."""

_UNITS = (*get_args(Unit), "auto")


@dataclass(frozen=True)
class ModelScores:
    """Scores of models.

    Attributes:
        names: of the models.
        scores: by every proxy.
        unit: the kind of unit that all programs took; None for each program's own.
    """

    names: tuple[str, ...]
    scores: NetworkScores
    unit: Unit | None


def score_models(
    models: Models,
    proxies: Sequence[AnyProxy],
    inputs: Batch,
    *,
    targets: ArrayLike | Tensor | None,
    loss: Loss | None,
    seed: int,
    weights: Weights,
    unit: UnitChoice,
    device: str,
    threads: int | None,
    rounded_up: bool = False,
) -> ModelScores:
    """Return the scores of models, which stay exactly as they are, as do the global random states.

    Args:
        models: see `Models`.
        proxies: what to score with.
        inputs: see `Batch`.
        targets: classes of the inputs; None to draw them where a hand-made proxy needs them.
        loss: where the backward passes of programs start; None for the output.
        seed: of weights and noise.
        weights: `fresh` ones, or the models' `own`.
        unit: see `UnitChoice`.
        device: where they run.
        threads: each with a model of its own; None for one per core.
        rounded_up: whether networks are run and programs computed with every operation rounded up, too, on a system
            that can.

    Raises:
        EznasError: an argument is none of these, or the device is not there.
    """
    seed = seeds.checked(seed)
    if unit not in _UNITS:
        raise EznasError(f"unit is {unit!r}: choose {' or '.join(_UNITS)}.")
    with untouched_random_states():
        candidates = candidates_of(models, seed)
        passes = passes_of(inputs, seed)
        settings = ScoringSettings(
            seed=seed,
            device=device,
            threads=checked_threads(threads),
            weights=checked_weights(weights),
            rounded_up=rounded_up and can_round_up(),
        )
        given = GivenNetworks(None if unit == "auto" else unit, _labels(targets), loss)
        scores = score_candidates(proxies, candidates, passes, settings, given=given)
        if unit == "auto" and scores.without_units:
            given = replace(given, unit="A-L-N")
            scores = score_candidates(proxies, candidates, passes, settings, given=given)
    return ModelScores(tuple(one.name for one in candidates), scores, given.unit)


def resolved(proxy: str | AnyProxy) -> AnyProxy:
    """Return the proxy that a user means, or raise an `EznasError` where there is none."""
    if isinstance(proxy, str):
        return resolve_proxy(proxy)
    if not isinstance(proxy, AnyProxy):
        raise EznasError(f"The proxy is {shown(proxy)}: give a name, a file, a formula or a loaded proxy.")
    return proxy


def checked_weights(weights: Weights) -> Weights:
    """Return the choice of weights, or raise an `EznasError` where it is none."""
    if weights not in get_args(Weights):
        raise EznasError(f"weights is {weights!r}: choose {' or '.join(map(repr, get_args(Weights)))}.")
    return weights


def units_of(proxies: Sequence[AnyProxy], found: ModelScores) -> str:
    """Return the kinds of units that programs took, such as `R-C-B`; an empty text where none is a program."""
    kinds = {found.unit or one.unit for one in single_proxies(proxies) if isinstance(one, Proxy)}
    return " and ".join(sorted(kinds))


def _labels(targets: ArrayLike | Tensor | None) -> Tensor | None:
    if targets is None or isinstance(targets, Tensor):
        return targets
    labels = np.asarray(targets)
    whole = labels.dtype.kind in "biu"
    if labels.dtype.kind == "f":
        whole = bool(np.isfinite(labels).all() and (labels == np.trunc(labels)).all())
    if not whole:
        raise EznasError(f"The targets are {shown(targets)}: give the class of each input, whole numbers from 0 on.")
    return torch.from_numpy(labels.astype(np.int64))
