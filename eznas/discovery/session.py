"""A discovery in a folder: it can be stopped at any moment, and goes on to the identical archive."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from eznas.discovery.discovery import Discovery
from eznas.discovery.result import ReportedFormula, report
from eznas.errors import EznasError
from eznas.features.folder import locked
from eznas.files import write_atomically
from eznas.proxies.proxy import save
from eznas.runs.directory import json_text

_CHECKPOINT: Final = "checkpoint.npz"
_RESULT: Final = "result.json"
_PROXY: Final = "proxy.json"
_SECONDS_BETWEEN_CHECKPOINTS: Final = 10.0


def discover(
    make: Callable[[], Discovery], folder: Path, maximum_seconds: float | None, watch: Callable[[Discovery], None]
) -> dict[str, Any]:
    """Run a discovery, or go on with the one in `folder`, and report what it found.

    Args:
        make: returns the discovery at its beginning.
        folder: for checkpoint, result and proxy; made where it is missing.
        maximum_seconds: end the search after that time, at the end of an epoch; None for all epochs. Run again
            with more time, it goes on.
        watch: called after every step.

    Returns:
        The content of `result.json`.

    Raises:
        EznasError: another process works in the folder, or it holds a discovery with other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, wait=False) as is_free:
        if not is_free:
            raise EznasError(f"Another process is working on {folder}: wait for it to end, or choose another folder.")
        begun = time.monotonic()
        discovery = make()
        checkpoint = folder / _CHECKPOINT
        if checkpoint.exists():
            discovery.restore(checkpoint.read_bytes())
        written = time.monotonic()
        while not discovery.is_finished and not (
            maximum_seconds is not None and time.monotonic() - begun > maximum_seconds and discovery.epochs
        ):
            discovery.advance()
            watch(discovery)
            if time.monotonic() - written > _SECONDS_BETWEEN_CHECKPOINTS:
                write_atomically(checkpoint, discovery.encode())
                written = time.monotonic()
        write_atomically(checkpoint, discovery.encode())
        chosen, front = report(discovery)
        content = _content(discovery, chosen, front)
        write_atomically(folder / _RESULT, json_text(content))
        save(chosen.proxy, folder / _PROXY)
        return content


def _content(discovery: Discovery, chosen: ReportedFormula, front: list[ReportedFormula]) -> dict[str, Any]:
    networks = discovery.networks
    return {
        "benchmark": discovery.benchmark.name,
        "seed": discovery.settings.seed,
        "settings": repr(discovery.settings),
        "networks": len(networks.training),
        "validation_networks": len(networks.validation),
        "held_out_networks": len(networks.held_out),
        "epochs": discovery.epochs,
        "finished": discovery.is_finished,
        "features": len(discovery.features),
        "features_dropped": discovery.dropped,
        "formulas_made": discovery.formulas_made,
        "formulas_evaluated": discovery.formulas_evaluated,
        "chosen": chosen.to_dict(),
        "front": [formula.to_dict() for formula in front],
    }
