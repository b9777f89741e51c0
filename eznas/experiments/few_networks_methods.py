"""What can be made of a few networks of known accuracy: evolution, and what a user would do instead.

Every method is given the same networks and no other accuracy: those that it validates with come out of them, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from eznas import benchmarks, proxies
from eznas.discovery.machine import Machine
from eznas.discovery.networks import Networks
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError, shown
from eznas.experiments.architecture_numbers import Encoding
from eznas.experiments.discovering import discovered_by_several, enumerated
from eznas.experiments.evolving import Report, TrainingStatistics, evolve
from eznas.experiments.predictors import PredictorName
from eznas.proxies import AnyProxy, RankAggregate
from eznas.runs.proxy_argument import best_proxy, resolve_proxy
from eznas.runs.settings import RunSettings
from eznas.scoring.kernel_loading import load_kernels
from eznas.scoring.ranking import rank_networks

DEFAULT: Final = "default"
"""Stands for several methods where one is named."""

_VALIDATION_SHARE: Final = 0.25
_LEAST_VALIDATION: Final = 2


@dataclass(frozen=True)
class Few:
    """What a method is given.

    Attributes:
        benchmark: where the networks are from.
        count: how many are known: the first ones of the benchmark, shuffled by the seed.
        discovery: settings of discoveries, with this benchmark and this seed, but for the numbers of networks.
        seed_proxies: what a seeded discovery starts from, and what is chosen among without a search.
        machine: what may be used.
        folder: for the method's own files.
        report: is told what is being done.
        what: the benchmark, the seed, the method and the count in a few words.
    """

    benchmark: str
    count: int
    discovery: DiscoverySettings
    seed_proxies: tuple[str, ...]
    machine: Machine
    folder: Path
    report: Report
    what: str

    @property
    def validation(self) -> int:
        """How many of the networks a discovery chooses the formula by: a quarter, at least 2, not evolved on."""
        return max(_LEAST_VALIDATION, round(_VALIDATION_SHARE * self.count))


MEMBERS: Final = 4
"""Evolutions whose formulas `discover-several` ranks together."""

_SEARCH: Final = "discover"
_RANKED: Final = "discover-ranked"
_ENUMERATION: Final = "enumeration"

Find = Callable[[Few], AnyProxy]
"""Returns the proxy that a method makes of its networks."""


@dataclass(frozen=True)
class Method:
    """One way to rank networks after a few were trained.

    Attributes:
        name: for the command line and for files.
        label: for tables and plots.
        find: what makes a proxy of the networks; None for a predictor.
        predictor: which predictor on which encoding of the architectures, beside scores of networks; else None.
        learns: whether the number of networks matters.
        folder: the name of the folder of its files, which methods may share; "" for its own name.
        is_default: whether it is one of those that `default` stands for.
    """

    name: str
    label: str
    find: Find | None = None
    predictor: tuple[PredictorName, Encoding] | None = None
    learns: bool = True
    folder: str = ""
    is_default: bool = True


def _discover(few: Few, members: int = 1) -> AnyProxy:
    settings = replace(few.discovery, networks=few.count - few.validation, validation=few.validation)
    return discovered_by_several(few.folder, settings, few.machine, few.report, few.what, members)


def _discover_from_seeds(few: Few) -> AnyProxy:
    if not few.seed_proxies:
        raise EznasError(f"{SEEDED.name} needs formulas to start from: give --seed-proxy, or leave the method out.")
    return _discover(replace(few, discovery=replace(few.discovery, seed_proxies=few.seed_proxies)))


def _choose_a_seed(few: Few) -> AnyProxy:
    """The seed formula that ranks all the networks best, as it is; the first of equal ones."""
    if not few.seed_proxies:
        raise EznasError(f"{CHOSEN.name} needs formulas to choose among: give --seed-proxy, or leave the method out.")
    formulas = [resolve_proxy(text) for text in few.seed_proxies]
    few.report(f"{few.what}: scoring the networks with {len(formulas)} formulas")
    benchmark = benchmarks.load(few.benchmark)
    known = Networks.draw(benchmark, few.count, 0, 0, few.discovery.seed).training
    scoring = few.machine.scoring(few.discovery)
    load_kernels()
    rankings = rank_networks(formulas, benchmark, known, scoring, second_draw=False)
    # NaN of one that ranks nothing is the least.
    return formulas[int(np.argmax(np.nan_to_num([ranking.tau.value for ranking in rankings], nan=-2.0)))]


def _discover_with_params(few: Few) -> AnyProxy:
    return RankAggregate(_RANKED, (proxies.load("params"), _discover(few)))


def _best_of_all(size: int) -> Find:
    """Return the exhaustive choice among all formulas of at most `size` nodes, on all the networks."""
    return lambda few: enumerated(
        few.folder, size, replace(few.discovery, networks=few.count), few.machine, few.report, few.what
    )


def _evolve_as_published(few: Few) -> AnyProxy:
    """The best program of `eznas run --preset paper` on all the networks."""
    chosen = {
        "preset": "paper",
        "genome": "tree",
        "benchmark": few.benchmark,
        "networks": few.count,
        "seed": few.discovery.seed,
        "batch_size": few.discovery.batch_size,
        "device": few.machine.device,
        "threads": few.machine.threads,
        "memory": f"{few.machine.memory_bytes // 2**20}MB",
    }
    settings = RunSettings.from_mapping({key: value for key, value in chosen.items() if value is not None})
    few.report(f"{few.what}: evolving")
    with TrainingStatistics() as statistics:
        evolve(few.folder, settings, statistics)
    return best_proxy(few.folder)


def _named(name: str) -> Find:
    return lambda _: proxies.load(name)


SEEDED: Final = Method("discover-seeded", "two-level search, seeded", _discover_from_seeds, is_default=False)

CHOSEN: Final = Method("best-seed", "best of the seed formulas", _choose_a_seed, is_default=False)

METHODS: Final = {
    method.name: method
    for method in (
        Method(_SEARCH, "two-level search", _discover),
        Method(
            "discover-several",
            f"{MEMBERS} two-level searches together",
            lambda few: _discover(few, MEMBERS),
            folder=_SEARCH,
            is_default=False,
        ),
        Method(_RANKED, "two-level search and params", _discover_with_params, folder=_SEARCH, is_default=False),
        SEEDED,
        CHOSEN,
        Method("paper-tree", "trees, paper preset", _evolve_as_published, is_default=False),
        Method("best-feature", "best of all features", _best_of_all(1), folder=_ENUMERATION, is_default=False),
        Method("best-pair", "best of all pairs of features", _best_of_all(3), folder=_ENUMERATION, is_default=False),
        Method("ridge-counts", "ridge on counts", predictor=("ridge", "counts")),
        Method("ridge-places", "ridge on places", predictor=("ridge", "places")),
        Method("forest-counts", "forest on counts", predictor=("forest", "counts")),
        Method("forest-places", "forest on places", predictor=("forest", "places")),
        Method("eznas-a", "EZNAS-A", _named("eznas-a"), learns=False),
        Method("flops", "FLOPs", _named("flops"), learns=False),
        Method("params", "params", _named("params"), learns=False),
    )
}
"""By name, in the order of tables and plots."""


def chosen_methods(names: Sequence[str]) -> tuple[Method, ...]:
    """Return methods in the order of `METHODS`.

    Args:
        names: of methods; `default` stands for all that take part where none is named.

    Raises:
        EznasError: there is no method of a name.
    """
    for name in names:
        if name not in (DEFAULT, *METHODS):
            raise EznasError(f"There is no method {shown(name)}: choose among {DEFAULT}, {', '.join(METHODS)}.")
    return tuple(one for one in METHODS.values() if one.name in names or (one.is_default and DEFAULT in names))
