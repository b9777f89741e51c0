"""What `eznas units` prints: a network's units, and what of it is in none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import RenderableType

from eznas.report.tables import share_text, table

_PLACES: Final[Mapping[str, int]] = {"activation": 0, "linear map": 1, "normalisation": 2}


def units_parts(content: Mapping[str, Any]) -> list[RenderableType]:
    """Return what to print for the content of `Survey.to_dict`, part by part."""
    name, total = content["network"], content["parameters"]
    rows = [
        (number, *_layers(unit["layers"]), _shape(unit["weight"]), _shape(unit["output"]), f"{_size(unit):,}")
        for number, unit in enumerate(content["units"])
    ]
    parts: list[RenderableType] = [
        table(
            f"{len(rows)} {content['unit']} units of {name}",
            ("unit", *_PLACES, "weight", "output", "parameters"),
            rows,
            numeric=("unit", "parameters"),
        )
    ]
    if content["outside"]:
        outside = sorted(content["outside"].items(), key=lambda item: -item[1])
        parts.append(
            table(
                "In no unit",
                ("module", "parameters", "share"),
                [(module, f"{count:,}", share_text(count / total)) for module, count in outside],
                numeric=("parameters", "share"),
            )
        )
    kinds = ", ".join(f"{count} {kind}" for kind, count in content["counts"].items())
    parts.append(
        f"The units hold {share_text(content['coverage'])} of the {total:,} parameters. Units of each kind: {kinds}."
    )
    if content["warning"]:
        parts.append(content["warning"])
    if content["cancelled"]:
        parts.append(
            f"The gradient is nothing but rounding in {len(content['cancelled'])} of the {len(rows)} units "
            f"({_ranges(content['cancelled'])}): a normalisation after them takes away whatever they add to the sum of "
            "the outputs. What a program makes of its sign or of the normalised gradient is chance there."
        )
    return parts


def _ranges(numbers: list[int]) -> str:
    """Return rising numbers as a text, such as `3, 7-9`."""
    ends: list[list[int]] = []
    for number in numbers:
        if ends and number == ends[-1][1] + 1:
            ends[-1][1] = number
        else:
            ends.append([number, number])
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in ends)


def _layers(layers: list[Mapping[str, Any]]) -> list[str]:
    """Return a unit's activation, linear map and normalisation as texts, empty for one that it lacks."""
    texts = ["", "", ""]
    for layer in layers:
        texts[_PLACES[layer["role"]]] = " ".join(filter(None, (layer["function"], layer["module"])))
    return texts


def _size(unit: Mapping[str, Any]) -> int:
    return sum(layer["parameters"] for layer in unit["layers"])


def _shape(shape: list[int]) -> str:
    return "x".join(map(str, shape))
