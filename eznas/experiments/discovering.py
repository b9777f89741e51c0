"""Searches for formulas as parts of an experiment: folders that are continued, and the formula that each chose."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from eznas.discovery.discovery import Discovery
from eznas.discovery.enumeration.enumeration import Enumeration
from eznas.discovery.enumeration.session import RESULT, enumerate_in
from eznas.discovery.enumeration.settings import EnumerationSettings
from eznas.discovery.machine import Machine
from eznas.discovery.search_settings import SearchSettings
from eznas.discovery.session import discover
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError, shown
from eznas.experiments.evolving import Report
from eznas.proxies import Proxy, RankAggregate
from eznas.proxies.proxy import PROXY_FILE, read_proxy

ALWAYS_VARIED: Final = ("benchmarks", "held_out", "seed", "evolution", "seed_proxies", "seed_formulas")
"""Settings of discoveries that an experiment sets itself."""

SEVERAL: Final = "several evolutions"
"""What the formulas of several evolutions are called, as one."""

_SEARCH: Final = "search"


def discovered(path: Path, settings: DiscoverySettings, machine: Machine, report: Report, what: str) -> Proxy:
    """Do what is left of the discovery in the folder `path`, and return the formula that it chose.

    It holds out no networks: an experiment judges the formulas of all its methods in one pass over the same networks.

    Args:
        path: of the discovery; made where it is missing. One that is finished is not run again: whoever calls sees to
            it that a path is always of the same settings.
        settings: of the discovery, but for `held_out`.
        machine: what it may use.
        report: is told `what` is being done if anything is left to do.
        what: the discovery in a few words.

    Raises:
        EznasError: a benchmark is not there or has too few networks, or a network fails.
    """
    if not (path / PROXY_FILE).is_file():
        report(f"{what}: evolving")
        discover(lambda: Discovery.on_benchmarks(replace(settings, held_out=0), machine), path, None, lambda _: None)
    return read_proxy(path / PROXY_FILE)


def discovered_by_several(
    path: Path, settings: DiscoverySettings, machine: Machine, report: Report, what: str, members: int
) -> Proxy | RankAggregate:
    """Return the ranks together that the formulas of several evolutions on the same networks give; of one, its formula.

    Args:
        path: of the first, whose name those of the others begin with.
        settings: as `discovered` takes them.
        machine: as `discovered` takes it.
        report: is told what is being done.
        what: the discovery in a few words.
        members: the number of evolutions.

    Raises:
        EznasError: as `discovered` raises it.
    """
    found = [
        discovered(
            path.with_name(f"{path.name}-{evolution}") if evolution else path,
            replace(settings, evolution=evolution),
            machine,
            report,
            f"{what}, evolution {evolution}" if members > 1 else what,
        )
        for evolution in range(members)
    ]
    if members == 1:
        return found[0]
    return RankAggregate(SEVERAL, tuple(replace(one, name=one.formula) for one in found))


def enumerated(
    path: Path, size: int, settings: DiscoverySettings, machine: Machine, report: Report, what: str
) -> Proxy:
    """Do what is left of the enumeration in the folder `path`, and return the best of all formulas of some nodes.

    They are formed of the standard bank and compared on the networks by sum and by mean over units; none is for
    validation.

    Args:
        path: of the enumeration, which may serve several sizes; made where it is missing, as by `discovered`.
        size: the most nodes.
        settings: of a discovery with one benchmark; what an enumeration has, too, counts.
        machine: what it may use.
        report: is told `what` is being done if anything is left to do.
        what: the enumeration in a few words.

    Raises:
        EznasError: the benchmark is not there or has too few networks, or a network fails.
        KeyboardInterrupt: on Ctrl-C; the same call goes on.
    """
    (benchmark,) = settings.benchmarks
    content = _finished_enumeration(path)
    if content is None:
        report(f"{what}: comparing all formulas")
        chosen = EnumerationSettings(
            benchmark=benchmark,
            networks=settings.networks,
            validation=0,
            held_out=0,
            batch_size=settings.batch_size,
            seed=settings.seed,
            unit=settings.unit,
            third_pass=settings.third_pass,
            features="bank",
            sample_networks=1,
        )
        content = enumerate_in(path, lambda: Enumeration(chosen, machine))
        if not content["finished"]:
            raise KeyboardInterrupt
    best = max((one for one in content["best"] if one["size"] <= size), key=lambda one: abs(one["training"]))
    return read_proxy(path / f"{best['name']}.json")


def _finished_enumeration(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads((path / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if content.get("finished") else None


def with_settings(base: DiscoverySettings, texts: Sequence[str], varied: Collection[str]) -> DiscoverySettings:
    """Return settings of discoveries in which some have other values.

    Args:
        base: those that are not given.
        texts: each `NAME=VALUE`, such as `terms=3`, `over=params,flops` or `search.islands=4`.
        varied: names that the experiment sets itself.

    Raises:
        EznasError: a text is none of this kind, or a value is none of its setting's.
    """
    for text in texts:
        name, equals, value = text.partition("=")
        room, _, inner = name.rpartition(".")
        kinds = get_type_hints(SearchSettings if room == _SEARCH else DiscoverySettings)
        if not equals or room not in ("", _SEARCH) or inner not in kinds or inner == _SEARCH:
            names = ", ".join(one for one in get_type_hints(DiscoverySettings) if one not in {*varied, _SEARCH})
            raise EznasError(
                f"{shown(text)} is no setting of a discovery: write NAME=VALUE, where NAME is one of {names}, or "
                f"{_SEARCH}. and one of {', '.join(get_type_hints(SearchSettings))}."
            )
        if name in varied:
            raise EznasError(f"The experiment sets {name} itself: leave {shown(text)} out.")
        made = {inner: _value(name, value, kinds[inner])}
        base = replace(base, search=replace(base.search, **made)) if room else replace(base, **made)
    return base


def _value(name: str, text: str, kind: Any) -> Any:
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise EznasError(f"{name} is {shown(text)}: choose {' or '.join(get_args(kind))}.")
        return text
    if get_origin(kind) is tuple:
        return tuple(one.strip() for one in text.split(",") if one.strip())
    try:
        return kind(text)
    except ValueError as error:
        raise EznasError(f"{name} is {shown(text)}, which is no {kind.__name__}.") from error


def common_settings(settings: DiscoverySettings, varied: Collection[str]) -> dict[str, Any]:
    """Return what all discoveries of an experiment have in common, for its record.

    Args:
        settings: of any of them.
        varied: names that the experiment sets itself.
    """
    return {key: value for key, value in asdict(settings).items() if key not in varied}
