"""Discoveries as parts of an experiment: folders that are continued, and the formula that each of them chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from eznas.discovery.discovery import Discovery, Machine
from eznas.discovery.session import PROXY, discover
from eznas.discovery.settings import DiscoverySettings
from eznas.proxies import Proxy
from eznas.proxies.proxy import read_proxy

_VARIED: Final = ("benchmarks", "networks", "validation", "held_out", "seed")


def discovered(path: Path, settings: DiscoverySettings, machine: Machine) -> Proxy:
    """Do what is left of the discovery in the folder `path`, and return the formula that it chose.

    It holds out no networks: an experiment judges the formulas of all its methods in one pass over the same networks.

    Args:
        path: of the discovery; made where it is missing. One that is finished is not run again: whoever calls sees to
            it that a path is always of the same settings.
        settings: of the discovery, but for `held_out`.
        machine: what it may use.

    Raises:
        EznasError: a benchmark is not there or has too few networks, or a network fails.
    """
    if not (path / PROXY).is_file():
        discover(lambda: Discovery(replace(settings, held_out=0), machine), path, None, lambda _: None)
    return read_proxy(path / PROXY)


def common_settings(settings: DiscoverySettings, varied: Sequence[str] = _VARIED) -> dict[str, Any]:
    """Return what all discoveries of an experiment have in common, for its record.

    Args:
        settings: of any of them.
        varied: fields that the experiment varies or fixes itself.
    """
    return {key: value for key, value in asdict(settings).items() if key not in varied}
