"""Discoveries as parts of an experiment: folders that are continued, and the formula that each of them chose."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from eznas.discovery.discovery import Discovery, Machine
from eznas.discovery.search_settings import SearchSettings
from eznas.discovery.session import PROXY, discover
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError, shown
from eznas.experiments.evolving import Report
from eznas.proxies import Proxy
from eznas.proxies.proxy import read_proxy
from eznas.scoring.scores import ScoringSettings
from eznas.statistics.workers import available_cores

ALWAYS_VARIED: Final = ("benchmarks", "held_out", "seed", "seed_formulas")
"""Settings of discoveries that an experiment sets itself."""

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
    if not (path / PROXY).is_file():
        report(f"{what}: evolving")
        discover(lambda: Discovery(replace(settings, held_out=0), machine), path, None, lambda _: None)
    return read_proxy(path / PROXY)


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


def scoring_settings(settings: DiscoverySettings, machine: Machine) -> ScoringSettings:
    """Return under what networks are scored beside a discovery with these settings."""
    threads = machine.threads or available_cores()
    return ScoringSettings(settings.batch_size, settings.seed, machine.device, threads, machine.memory_bytes)
