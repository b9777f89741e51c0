"""What stands in a report beside what was found, on the same held-out networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.proxies import AnyProxy, reference_and_baselines
from eznas.runs.proxy_argument import resolve_proxy
from eznas.runs.seen import networks_seen


def check_beside(texts: Sequence[str]) -> None:
    """Raise an `EznasError` where one of the texts is no proxy, or two are one."""
    names = [resolve_proxy(text).name for text in texts]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise EznasError(f"beside names {twice!r} twice: give each proxy once.")


def proxies_beside(texts: Sequence[str]) -> list[AnyProxy]:
    """Return the paper's formula and the baselines of every report, and then what a user wants to see with them.

    Args:
        texts: as `resolve_proxy` takes them; one that stands there anyway is not repeated.

    Raises:
        EznasError: one of them is no proxy.
    """
    return each_once([*reference_and_baselines(), *map(resolve_proxy, texts)])


def each_once(proxies: Iterable[AnyProxy]) -> list[AnyProxy]:
    """Return the first proxy of every name, in their order."""
    first: dict[str, AnyProxy] = {}
    for proxy in proxies:
        first.setdefault(proxy.name, proxy)
    return list(first.values())


def seen_beside(texts: Sequence[str], networks: Sequence[tuple[Benchmark, NDArray[np.int64]]]) -> list[str]:
    """Return one sentence for every proxy that evolved on networks which it is judged on here.

    Args:
        texts: as `proxies_beside` takes them.
        networks: every benchmark with the indices of its held-out networks, int64 (h,).
    """
    sentences = []
    for text in texts:
        for benchmark, held_out in networks:
            if seen := len(networks_seen([text], benchmark) & set(held_out.tolist())):
                sentences.append(
                    f"{text} evolved on {seen} of the {len(held_out)} held-out networks of {benchmark.name} itself, "
                    "which flatters it."
                )
    return sentences
