"""Files of proxies with a name: adding one to those that come with eznas."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from eznas.errors import EznasError
from eznas.files import LARGEST_TABLE, read_regular
from eznas.proxies import data_folder, hand_made, rank_aggregate
from eznas.proxies.provenance import MeasuredTau
from eznas.proxies.proxy import Proxy, save

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.+-]*")


def write_named(proxy: Proxy, name: str, note: str, folder: Path | None, *, overwrite: bool) -> Path:
    """Write a proxy under a name, and return the path of its file.

    Args:
        proxy: what to write.
        name: of the proxy and of its file.
        note: what it is for; empty for the proxy's own.
        folder: of the file; None for the folder of the proxies that come with eznas.
        overwrite: whether a file of this name is written over.

    Raises:
        EznasError: the name is none, is taken, or the file cannot be written.
    """
    if not _NAME.fullmatch(name) or name in (*hand_made.names(), *rank_aggregate.NAMED):
        raise EznasError(f"{name!r} can't be the name of a proxy: use small letters, digits, '-', '+' and '.'.")
    path = (folder or data_folder()) / f"{name}.json"
    if path.exists() and not overwrite:
        raise EznasError(f"There is a proxy file {path} already: choose another name, or give --replace.")
    save(_renamed(proxy, name, note), path)
    return path


def with_evaluations(proxy: Proxy, evaluations: Sequence[Path]) -> Proxy:
    """Return the proxy with figures from files that hold what `eznas evaluate ... --json` printed.

    A figure of the same benchmark, networks, seed and batch size takes the place of one that there was.

    Raises:
        EznasError: a file is none of these, or evaluates another formula.
        ValueError: the proxy has no provenance.
    """
    if proxy.provenance is None:
        raise ValueError("figures belong to a provenance")
    taus = {_place(one): one for one in proxy.provenance.taus}
    for path in evaluations:
        measured = _measured(proxy, path)
        taus[_place(measured)] = measured
    return replace(proxy, provenance=replace(proxy.provenance, taus=tuple(taus.values())))


def _renamed(proxy: Proxy, name: str, note: str) -> Proxy:
    return replace(proxy, name=name, note=note or proxy.note)


def _place(one: MeasuredTau) -> tuple[str, int, int, int]:
    return one.benchmark, one.networks, one.seed, one.batch_size


def _measured(proxy: Proxy, path: Path) -> MeasuredTau:
    try:
        content: dict[str, Any] = json.loads(read_regular(path, LARGEST_TABLE))
        figures = next((one for one in content["proxies"] if one.get("formula") == proxy.formula), None)
        if figures is None:
            raise EznasError(f"{path} evaluates other proxies than {proxy.formula:.80}: give its own evaluation.")
        protocol = content["protocol"]
        return MeasuredTau.of(protocol["benchmark"], protocol["networks"], protocol, figures)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise EznasError(f"{path} is not what `eznas evaluate PROXY --json` prints ({error}).") from error
