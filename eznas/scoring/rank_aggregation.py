"""From the scores of single proxies to those of aggregates, which rank the networks that are scored together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from eznas.proxies import AnyProxy, HandMadeProxy, Proxy, RankAggregate
from eznas.scoring.network_scores import NetworkScores
from eznas.scoring.ties import rankable


def single_proxies(proxies: Sequence[AnyProxy]) -> list[Proxy | HandMadeProxy]:
    """Return proxies with every aggregate replaced by its members, in order, so that each of them is scored."""
    singles: list[Proxy | HandMadeProxy] = []
    for proxy in proxies:
        singles.extend(single_proxies(proxy.members) if isinstance(proxy, RankAggregate) else [proxy])
    return singles


def aggregated(proxies: Sequence[AnyProxy], scores: NetworkScores) -> NetworkScores:
    """Return the scores of proxies, given those of their `single_proxies`.

    An aggregate has no score for networks that none of its members scores, and takes the time of all of them; what is
    rounding in the gradients that its members read is left out.
    """
    if len(scores.values) == len(proxies):
        return scores
    if scores.rounded_up is not None:
        upward = aggregated(proxies, replace(scores, values=scores.rounded_up, rounded_up=None)).values
        return replace(aggregated(proxies, replace(scores, rounded_up=None)), rounded_up=upward)
    rows: list[tuple[NDArray[np.float64], dict[int, str], NDArray[np.float64]]] = []
    begin = 0
    for proxy in proxies:
        end = begin + len(single_proxies([proxy]))
        part = replace(
            scores,
            values=scores.values[begin:end],
            unscored=scores.unscored[begin:end],
            seconds=scores.seconds[begin:end],
        )
        begin = end
        if isinstance(proxy, RankAggregate):
            members = aggregated(proxy.members, part)
            values = rank_sum(members.values, [member.orientation for member in proxy.members])
            reasons = {place: members.unscored[0][place] for place in np.flatnonzero(np.isnan(values)).tolist()}
            rows.append((values, reasons, members.seconds.sum(0)))
        else:
            rows.append((part.values[0], part.unscored[0], part.seconds[0]))
    return replace(
        scores,
        values=np.array([values for values, _, _ in rows]),
        unscored=tuple(unscored for _, unscored, _ in rows),
        seconds=np.array([seconds for _, _, seconds in rows]),
        rounding_gradients=None,
    )


def rank_sum(values: NDArray[np.float64], orientations: Sequence[int]) -> NDArray[np.float64]:
    """Return the sum over proxies of log(rank / networks), where the best network has the last rank.

    Equal scores share the mean of their ranks, and networks without one tie at the bottom.

    Args:
        values: float64 (proxies, networks), as computed; NaN where there is no score.
        orientations: of the proxies, +1 or -1.

    Returns:
        float64 (networks,); NaN where no proxy has a score.
    """
    from scipy.stats import rankdata  # half a second at the start of every command, and few need it

    ranks = rankdata([rankable(row, sign) for sign, row in zip(orientations, values, strict=True)], axis=1)
    total: NDArray[np.float64] = np.log(ranks / values.shape[1]).sum(0)
    return np.where(np.isnan(values).all(0), np.nan, total)
