"""An enumeration in a folder: it can be stopped at any moment, and goes on to the identical result."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from eznas.discovery.enumeration.comparison import ComparisonSettings, compare_search
from eznas.discovery.enumeration.enumeration import Enumeration
from eznas.discovery.enumeration.result import best_formulas, content_of, judge, single_networks, with_figures
from eznas.errors import EznasError
from eznas.features.folder import locked
from eznas.files import json_text, write_atomically
from eznas.observer import RunObserver
from eznas.proxies.proxy import save
from eznas.scoring.detail_format import NETWORKS

_CHECKPOINT: Final = "checkpoint.npz"
RESULT: Final = "result.json"
_SECONDS_BETWEEN_CHECKPOINTS: Final = 10.0


def enumerate_in(
    folder: Path,
    make: Callable[[], Enumeration],
    comparison: ComparisonSettings | None = None,
    observer: RunObserver | None = None,
) -> dict[str, Any]:
    """Run an enumeration, or go on with the one in `folder`, and report the best formulas.

    Args:
        folder: for checkpoint, result and proxies; made where it is missing.
        make: returns the enumeration at its beginning.
        comparison: how to compare it with the evolving search; None for not at all.
        observer: is told of what goes on.

    Returns:
        The content of `result.json`. After Ctrl-C, while formulas were compared, `finished` is false, and no network
        was run but those that formulas are compared on.

    Raises:
        EznasError: another process works in the folder, or it holds an enumeration with other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, wait=False) as is_free:
        if not is_free:
            raise EznasError(f"Another process is working on {folder}: wait for it to end, or choose another folder.")
        begun = time.perf_counter()
        enumeration = make()
        features_seconds = time.perf_counter() - begun
        checkpoint = folder / _CHECKPOINT
        if checkpoint.exists():
            enumeration.restore(checkpoint.read_bytes())
        before, begun = enumeration.formulas_made, time.perf_counter()
        _explore(enumeration, checkpoint)
        seconds = time.perf_counter() - begun
        content = content_of(enumeration) | {
            "seconds_features": round(features_seconds, 1),
            "seconds_formulas": round(seconds, 1),
            "formulas_per_second": round((enumeration.formulas_made - before) / seconds),
        }
        if enumeration.is_finished:
            best = best_formulas(enumeration)
            judged = judge(enumeration, best, observer)
            for place, (one, entry) in enumerate(zip(best, content["best"], strict=True)):
                entry.update(judged.figures(place))
                save(with_figures(one.proxy, enumeration, judged.held_out[place]), folder / f"{one.name}.json")
            content["baselines"] = judged.baselines(content["benchmark"])
            write_atomically(folder / NETWORKS, json_text(single_networks(enumeration, best, judged), indent=None))
            if comparison is not None:
                content["search"] = compare_search(enumeration, comparison, observer)
        write_atomically(folder / RESULT, json_text(content))
        return content


def _explore(enumeration: Enumeration, checkpoint: Path) -> None:
    """Compare all formulas, or as many as there is time for until Ctrl-C."""
    written = time.monotonic()

    def keep() -> None:
        nonlocal written
        if time.monotonic() - written > _SECONDS_BETWEEN_CHECKPOINTS:
            write_atomically(checkpoint, enumeration.encode())
            written = time.monotonic()

    with suppress(KeyboardInterrupt):  # what is known is reported as a part
        enumeration.explore_all(keep)
    write_atomically(checkpoint, enumeration.encode())
