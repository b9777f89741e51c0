"""What a search found, as plain data, and the folder that it is written to."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

from eznas.architecture_search.scorer import Scorer
from eznas.architecture_search.search import Found, SearchSettings
from eznas.architecture_search.setting_of import architecture_record
from eznas.architecture_search.worth import Accuracies
from eznas.benchmarks.base import Benchmark
from eznas.files import json_text, write_atomically

RESULT: Final = "result.json"
BEST: Final = "best.json"
TRAINED: Final = (1, 5, 10)
"""Numbers of the best-scored networks that one may afford to train."""


def search_content(
    found: Found, scorer: Scorer, settings: SearchSettings, benchmark: Benchmark | None, shown: int
) -> dict[str, Any]:
    """Return what a search found.

    Args:
        found: by the scorer's proxy.
        scorer: of the search.
        settings: of the search.
        benchmark: which has accuracies of some or all of the networks; None where nothing is known.
        shown: how many architectures to list.
    """
    best = [_architecture(found, position, scorer) for position in found.best(shown)]
    content: dict[str, Any] = {
        "proxy": scorer.proxy.name,
        "scored": len(found.architectures),
        "limits": str(settings.limits),
        "settings": {**settings.record(), **scorer.setting.record()},
        "best": best,
        "order": list(found.architectures),
        "scores": [score if math.isfinite(score) else None for score in found.scores],
    }
    if benchmark is not None:
        known = dict(zip(benchmark.architectures, benchmark.accuracies.tolist(), strict=True))
        for one in best:
            one["accuracy"] = known.get(one["architecture"])
        if best[0]["accuracy"] is not None:
            allowed = known if settings.limits.are_none else _allowed(known, scorer, settings)
            content["benchmark"] = _worth(found, Accuracies(allowed), benchmark, best[0]["accuracy"])
    return content


def _architecture(found: Found, position: int, scorer: Scorer) -> dict[str, Any]:
    architecture = found.architectures[position]
    size = scorer.size(architecture)
    return {
        "architecture": architecture,
        "score": found.scores[position],
        "params": size.params if size else None,
        "flops": size.flops if size else None,
        "found_after": position + 1,
    }


def _allowed(known: dict[str, float], scorer: Scorer, settings: SearchSettings) -> dict[str, float]:
    return {text: accuracy for text, accuracy in known.items() if settings.limits.allow(scorer.size(text))}


def _worth(found: Found, accuracies: Accuracies, benchmark: Benchmark, picked: float) -> dict[str, Any]:
    """What the pick is worth among the networks of the table that keep the limits, beside random search."""
    in_table = [one for one in found.architectures if one in accuracies.by_architecture]
    trained = [count for count in TRAINED if count == 1 or len(in_table) == len(found.architectures)]
    return {
        "name": benchmark.name,
        "accuracies": benchmark.accuracy_label,
        "networks": len(accuracies.by_architecture),
        "accuracy": picked,
        "rank": accuracies.rank(picked),
        "regret": accuracies.regret(picked),
        "trainings_of_random_search": accuracies.trainings_of_random(picked),
        "trained": [
            {"networks": count, "proxy": accuracies.trained(found, count), "random": random}
            for count, random in zip(trained, accuracies.random(trained), strict=True)
        ],
    }


def write_result(folder: Path, content: dict[str, Any], scorer: Scorer, space_name: str) -> None:
    """Write `result.json`, and `best.json` from which the best network can be built again.

    Args:
        folder: of the search.
        content: as `search_content` returns it.
        scorer: of the search.
        space_name: as `spaces.get` knows the space, from the folder.
    """
    scorer.write()
    write_atomically(folder / RESULT, json_text(content))
    record = architecture_record(scorer.setting, space_name, content["best"][0]["architecture"])
    write_atomically(folder / BEST, json_text(record))
