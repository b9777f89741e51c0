"""The scores that need no training, of some networks of a benchmark: what predictors learn from, beside the texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.base import Benchmark
from eznas.experiments.predictors import signed_logarithm
from eznas.proxies import AnyProxy, baselines, load
from eznas.scoring.scores import score_networks
from eznas.scoring.settings import ScoringSettings


def with_baselines(further: Sequence[AnyProxy]) -> list[AnyProxy]:
    """Return what predictors are given the scores of: the number of units, the baselines, and further proxies."""
    return [load("units"), *baselines(), *further]


def measured_scores(
    proxies: Sequence[AnyProxy], benchmark: Benchmark, indices: NDArray[np.int64], settings: ScoringSettings
) -> dict[str, Any]:
    """Return the scores of networks of a benchmark by proxies of different names, as plain data for a file."""
    scores = score_networks(proxies, benchmark, indices, settings).values
    named = {proxy.name: row.tolist() for proxy, row in zip(proxies, scores, strict=True)}
    return {"networks": indices.tolist(), "scores": named}


def is_of(piece: Mapping[str, Any] | None, proxies: Sequence[AnyProxy], indices: NDArray[np.int64]) -> bool:
    """Return whether a stored piece is there, of all these networks, and with the scores of these proxies."""
    return (
        piece is not None
        and set(indices.tolist()) <= set(piece["networks"])
        and [proxy.name for proxy in proxies] == list(piece["scores"])
    )


def score_columns(piece: Mapping[str, Any], indices: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the signed logarithms of the scores as float64 (networks, scores); NaN where a network has none."""
    place_of = {network: place for place, network in enumerate(piece["networks"])}
    # A score that is missing is null in the file.
    table = np.array(list(piece["scores"].values()), np.float64)
    return signed_logarithm(table[:, [place_of[int(network)] for network in indices]].T)
