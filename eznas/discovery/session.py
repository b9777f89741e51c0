"""A discovery in a folder: it can be stopped at any moment, and goes on to the identical archive."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from eznas.discovery.discovery import Discovery
from eznas.discovery.evolution_loading import begin_loading
from eznas.discovery.found import found_proxy
from eznas.discovery.result import protocol, report
from eznas.discovery.sample import BenchmarkSample
from eznas.errors import EznasError
from eznas.features.folder import locked
from eznas.files import LARGEST_TEXT, json_text, read_regular, write_atomically
from eznas.observer import RunObserver, SilentObserver
from eznas.proxies.proxy import PROXY_FILE, save
from eznas.runs.directory import HISTORY
from eznas.scoring.detail_format import NETWORKS
from eznas.scoring.kernel_loading import LOADING_KERNELS, load_kernels

_CHECKPOINT: Final = "checkpoint.npz"
RESULT: Final = "result.json"
SECONDS_BETWEEN_CHECKPOINTS = 10.0  # not Final: a study of interruptions has it shorter


def discover(
    make: Callable[[], Discovery[BenchmarkSample]],
    folder: Path,
    maximum_seconds: float | None,
    watch: Callable[[Discovery[BenchmarkSample]], None],
    observer: RunObserver | None = None,
) -> dict[str, Any]:
    """Run a discovery, or go on with the one in `folder`, and report what it found.

    Args:
        make: returns the discovery at its beginning.
        folder: for checkpoint, result and proxy; made where it is missing.
        maximum_seconds: end the search after that time, at the end of an epoch; None for all epochs. Run again
            with more time, it goes on.
        watch: called after every step.
        observer: is told of the held-out networks, which are scored at the end.

    Returns:
        The content of `result.json`.

    Raises:
        EznasError: another process works in the folder, or it holds a discovery with other settings.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, wait=False) as is_free:
        if not is_free:
            raise EznasError(f"Another process is working on {folder}: wait for it to end, or choose another folder.")
        begin_loading()
        (observer or SilentObserver()).phase(LOADING_KERNELS)
        load_kernels()
        begun = time.monotonic()
        try:
            discovery = make()
        except EznasError:
            if is_new:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        checkpoint = folder / _CHECKPOINT
        if checkpoint.exists():
            discovery.restore(checkpoint.read_bytes())
        history = _history(folder, discovery.epochs)
        written = time.monotonic()
        while not discovery.is_finished and not (
            maximum_seconds is not None and time.monotonic() - begun > maximum_seconds and discovery.epochs
        ):
            discovery.advance()
            if discovery.epochs > len(history):
                history.append(_epoch(discovery))
            watch(discovery)
            if time.monotonic() - written > SECONDS_BETWEEN_CHECKPOINTS:
                _write_state(folder, discovery, history)
                written = time.monotonic()
        _write_state(folder, discovery, history)
        return _reported(discovery, folder, observer)


def _epoch(discovery: Discovery[BenchmarkSample]) -> dict[str, Any]:
    best = discovery.archive.best
    return {
        "epoch": discovery.epochs,
        "formulas_evaluated": discovery.formulas_evaluated,
        "best": best.fitness if best else None,
        "size": best.size if best else None,
    }


def _write_state(folder: Path, discovery: Discovery[BenchmarkSample], history: Sequence[Mapping[str, Any]]) -> None:
    # The history first: what it has beyond a checkpoint is done again, what it lacked would be missing for good.
    write_atomically(folder / HISTORY, "".join(json_text(one, indent=None) for one in history))
    write_atomically(folder / _CHECKPOINT, discovery.encode())


def _history(folder: Path, epochs: int) -> list[dict[str, Any]]:
    """Return a record of each epoch that is done; one that an older version did has no figures."""
    try:
        lines = read_regular(folder / HISTORY, LARGEST_TEXT).splitlines()
        records = [json.loads(line) for line in lines][:epochs]
    except (OSError, ValueError):
        records = []
    return [*records, *({"epoch": epoch, "best": None} for epoch in range(len(records) + 1, epochs + 1))]


def _reported(discovery: Discovery[BenchmarkSample], folder: Path, observer: RunObserver | None) -> dict[str, Any]:
    """Return the report in `folder` if it is of this discovery as it stands, else make and write it."""
    about = json.loads(json_text({"protocol": protocol(discovery), "search": _search(discovery)}))
    path = folder / RESULT
    if all(one.exists() for one in (path, folder / PROXY_FILE, folder / NETWORKS)):
        before = _read(path)
        if all(before.get(part) == content for part, content in about.items()):
            return before
    found = report(discovery, observer)
    text = json_text({**about, **found.to_dict()})
    content = _plain(text)
    # The report last: where there is one, there is what it reports.
    save(found_proxy(content), folder / PROXY_FILE)
    write_atomically(folder / NETWORKS, json_text(found.networks, indent=None))
    write_atomically(path, text)
    return content


def read_report(folder: Path) -> dict[str, Any]:
    """Return what `discover` returned for this folder.

    Raises:
        EznasError: there is no report, or it is damaged.
    """
    path = folder / RESULT
    if not path.is_file():
        raise EznasError(f"{folder} has no {RESULT}: give the folder of a finished `eznas discover`.")
    content = _read(path)
    if not {"protocol", "search", "chosen", "front"} <= content.keys():
        raise EznasError(f"{path} is not what `eznas discover` writes: give the folder of a finished one.")
    return content


def _read(path: Path) -> dict[str, Any]:
    try:
        return _plain(read_regular(path, LARGEST_TEXT).decode())
    except (OSError, ValueError) as error:
        raise EznasError(f"{path} is damaged ({error}): delete it, and run the same command again.") from error


def _plain(text: str) -> dict[str, Any]:
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("it holds no object")
    return content


def _search(discovery: Discovery[BenchmarkSample]) -> dict[str, Any]:
    return {
        "command": discovery.settings.command,
        "settings": asdict(discovery.settings),
        "epochs": discovery.epochs,
        "finished": discovery.is_finished,
        "features": len(discovery.features),
        "features_dropped": discovery.dropped,
        "formulas_made": discovery.formulas_made,
        "formulas_evaluated": discovery.formulas_evaluated,
    }
