"""Which networks of a benchmark a proxy is known to have evolved on, so that nobody judges it by them.

They follow from the seed that drew them, as long as the benchmark stays what it is. A table of one's own may get more
rows, by which the same seed draws others: for tables, the architectures that were drawn are remembered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.errors import EznasError
from eznas.files import LARGEST_TABLE, json_text, read_regular, write_atomically
from eznas.proxies import Proxy
from eznas.proxies.provenance import Provenance
from eznas.proxies.rank_aggregate import is_aggregate, member_texts
from eznas.runs.directory import CONFIG, stored_settings
from eznas.runs.proxy_argument import holds, resolve_proxy
from eznas.runs.split import Split

SEEN: Final = "seen.json"
"""The file of a run that remembers architectures."""


def remembered(networks: Iterable[tuple[Benchmark, NDArray[np.int64]]]) -> dict[str, list[str]]:
    """Return what tells networks of tables again, by benchmark: a short digest of each architecture.

    Args:
        networks: benchmarks with the indices of networks, int64 (n,).
    """
    return {
        benchmark.name: [_digest(benchmark.architectures[network]) for network in drawn.tolist()]
        for benchmark, drawn in networks
        if _is_table(benchmark.name)
    }


def write_remembered(run: Path, networks: Iterable[tuple[Benchmark, NDArray[np.int64]]]) -> None:
    """Store in the directory of a run what `remembered` returns, if there is anything and it is not there yet."""
    content = remembered(networks)
    if content and not (run / SEEN).exists():
        write_atomically(run / SEEN, json_text(content, indent=None))


def networks_seen(texts: Iterable[str], benchmark: Benchmark) -> frozenset[int]:
    """Return the indices of the networks of `benchmark` that any of the proxies among `texts` was evolved on.

    Runs know it, and so do evolved proxies by their provenance; what their search started from counts as well, as far
    as it is still to be found.
    """
    return _networks_seen(list(texts), benchmark, frozenset())


def _networks_seen(texts: Sequence[str], benchmark: Benchmark, later: frozenset[str]) -> frozenset[int]:
    """As `networks_seen`; `later` are proxies that evolved from these, one of which may have taken an old name."""
    seen: frozenset[int] = frozenset()
    for text in texts:
        if holds(text, CONFIG):
            seen |= _seen_by_run(Path(text), benchmark)
        elif is_aggregate(text):
            seen |= _networks_seen(member_texts(text), benchmark, later)
        else:
            proxy = resolve_proxy(text)
            if isinstance(proxy, Proxy) and proxy.provenance:
                seen |= _seen_by_origin(proxy.provenance, benchmark, later | {text})
    return seen


def _seen_by_run(run: Path, benchmark: Benchmark) -> frozenset[int]:
    settings = stored_settings(run)
    if not any(_is_one_benchmark(name, benchmark.name) for name in settings.benchmark):
        return frozenset()
    try:
        content = json.loads(read_regular(run / SEEN, LARGEST_TABLE))
    except (OSError, ValueError):  # of an older version
        content = None
    told_again = _told_again(content, benchmark)
    return frozenset(Split.of(benchmark, settings).training.tolist()) if told_again is None else told_again


def _seen_by_origin(origin: Provenance, benchmark: Benchmark, later: frozenset[str]) -> frozenset[int]:
    seen = _told_again(origin.architectures, benchmark)
    if seen is None:
        order = seeds.generator(origin.seed, "networks").permutation(len(benchmark))
        drawn = (sizes for name, sizes in origin.networks.items() if _is_one_benchmark(name, benchmark.name))
        seen = frozenset(order[: sum(next(drawn, {}).values())].tolist())
    for text in origin.settings.get("seed_proxies", ()):
        if text not in later:
            # A name or a file of another machine says nothing here.
            with suppress(EznasError):
                seen |= _networks_seen([text], benchmark, later)
    return seen


def _told_again(architectures: object, benchmark: Benchmark) -> frozenset[int] | None:
    """Return the networks of a table by what `remembered` returned; None where it has nothing of this table."""
    if not isinstance(architectures, Mapping):
        return None
    same = [digests for name, digests in architectures.items() if _is_one_benchmark(str(name), benchmark.name)]
    if not same or not isinstance(same[0], list):
        return None
    digests = set(map(str, same[0]))
    return frozenset(row for row, one in enumerate(benchmark.architectures) if _digest(one) in digests)


def _digest(architecture: str) -> str:
    # Of a million rows, one in 500 million has the digest of another by chance: 48 bits.
    return blake2b(architecture.encode(), digest_size=6).hexdigest()


def _is_one_benchmark(name: str, other: str) -> bool:
    """Return whether two names are of one benchmark: a table may be given by another path than a run gave."""
    return name == other or (_is_table(name) and _is_table(other) and Path(name).resolve() == Path(other).resolve())


def _is_table(name: str) -> bool:
    return name.endswith(".csv")
