"""What the text of an architecture says, as numbers: what a predictor that runs no network has to learn from."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

Encoding = Literal["counts", "places"]
"""How often each operation stands in the text, or which one stands at each place."""

_EDGE: Final = re.compile(r"(\w+)~\d")
_WORD: Final = re.compile(r"([A-Za-z_]*)(\d*)")


@dataclass(frozen=True)
class ArchitectureNumbers:
    """One architecture in both encodings; what a text does not mention counts as 0.

    Attributes:
        counts: by word, how often it stands in the text, and sums of the numbers that are written behind each word.
        places: 1 by place and word, one-hot, and the numbers themselves by place.
    """

    counts: Mapping[str, float]
    places: Mapping[str, float]


def architecture_numbers(architecture: str) -> ArchitectureNumbers:
    """Read the text of an architecture, of whichever space.

    NAS-Bench-201's six edges are its places, and their operations its words. An object of JSON, as the NDS spaces
    have them, is read leaf by leaf: its texts are words, in each list for itself, and its numbers are taken as they
    are. Any other text is a list of parts, such as `k3g1/k5g4`: `k3` and `g1` are words of the first part, and the
    sum of what stands behind `k` is 8.
    """
    counts: Counter[str] = Counter()
    places: dict[str, float] = {}
    if architecture.startswith("|"):
        for edge, word in enumerate(_EDGE.findall(architecture)):
            _add(counts, places, word, word, f"edge {edge}")
    elif (content := _json_object(architecture)) is not None:
        _read_json(content, "", "", counts, places)
    else:
        _read_parts(architecture, counts, places)
    return ArchitectureNumbers(counts, places)


def encode(
    architectures: Sequence[str], encoding: Encoding, known: Sequence[str]
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return architectures as rows of numbers.

    Args:
        architectures: the rows.
        encoding: which numbers.
        known: the architectures that say what the columns are: a word that none of them has is left out.

    Returns:
        The names of the columns in alphabetical order, and float64 (architectures, columns).
    """
    columns = sorted({name for text in known for name in getattr(architecture_numbers(text), encoding)})
    rows = [getattr(architecture_numbers(text), encoding) for text in architectures]
    numbers = [[row.get(column, 0.0) for column in columns] for row in rows]
    return tuple(columns), np.array(numbers, np.float64).reshape(len(rows), len(columns))


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _read_json(value: Any, path: str, kind: str, counts: Counter[str], places: dict[str, float]) -> None:
    """Read a value at `path`, which has the positions in lists; `kind` is the path without them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _read_json(inner, f"{path}.{key}".strip("."), f"{kind}.{key}".strip("."), counts, places)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            _read_json(inner, f"{path}.{position}", kind, counts, places)
    elif isinstance(value, str):
        _add(counts, places, f"{kind}: {value}", value, path)
    elif value is not None:
        places[path] = float(value)
        if path == kind:  # not in a list: the numbers of a list are mostly references to other entries
            counts[kind] += value


def _read_parts(text: str, counts: Counter[str], places: dict[str, float]) -> None:
    parts = re.split(r"[^\w]+", text.strip())
    counts["parts"] = len(parts)
    for position, part in enumerate(parts):
        words = [match for match in _WORD.finditer(part) if match.group()]
        for order, match in enumerate(words):
            letters, digits = match.groups()
            place = f"part {position}.{order}"
            _add(counts, places, f"word {match.group()}", match.group(), place)
            if digits:
                counts[f"sum of {letters or f'number {order}'}"] += int(digits)
                places[f"{place} number"] = float(digits)


def _add(counts: Counter[str], places: dict[str, float], counted: str, word: str, place: str) -> None:
    counts[counted] += 1
    places[f"{place}: {word}"] = 1.0
