"""What `eznas evaluate` prints: one proxy in detail, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import RenderableType

from eznas.report.live import shortened
from eznas.report.tables import (
    depends_text,
    interval_text,
    named_table,
    number_text,
    operations_text,
    pairs_table,
    share_text,
    table,
)

_NAME_LENGTH: Final = 60
_CORRELATIONS: Final = {
    "tau": "Kendall tau",
    "spearman": "Spearman rho",
    "top_decile_tau": "tau in the top decile",
}


def evaluation_parts(content: Mapping[str, Any]) -> list[RenderableType]:
    """Return what to print for the content of `Evaluation.to_dict`, part by part."""
    proxies, protocol = content["proxies"], content["protocol"]
    first = proxies[0]
    if len(proxies) == 1:
        parts: list[RenderableType] = [
            _figures(first, protocol),
            pairs_table("How it was measured", {**_computation(first), **protocol}),
        ]
    else:
        parts = [
            _comparison(proxies, protocol),
            named_table(
                "Proxies", {f"{at} {_name(one)}": _computation(one) for at, one in enumerate(proxies, start=1)}
            ),
            pairs_table("How it was measured", protocol),
        ]
    parts.extend(content["warnings"])
    for one in proxies:
        if one["unscored"]:
            parts.append(
                named_table(f"{_name(one)} gives no score to {len(one['unscored'])} networks", one["unscored"])
            )
    return parts


def _figures(one: Mapping[str, Any], protocol: Mapping[str, Any]) -> RenderableType:
    rows = [
        (label, number_text(one[key]), interval_text(one[f"{key}_interval"])) for key, label in _CORRELATIONS.items()
    ]
    rows += [
        ("share scored", share_text(one["scored"]), ""),
        ("seed stability", number_text(one["seed_stability"]), ""),
        ("depends on", depends_text(one), ""),
    ]
    return table(f"{_name(one)} on {protocol['benchmark']}", ("", "value", "95 % interval"), rows)


def _comparison(proxies: list[Mapping[str, Any]], protocol: Mapping[str, Any]) -> RenderableType:
    numeric = ("tau", "rho", "top-decile tau", "scored", "seed stability")
    rows = [
        (
            _name(one),
            number_text(one["tau"]),
            interval_text(one["tau_interval"]),
            number_text(one["spearman"]),
            number_text(one["top_decile_tau"]),
            share_text(one["scored"]),
            number_text(one["seed_stability"]),
            depends_text(one),
        )
        for one in proxies
    ]
    return table(
        f"{protocol['networks']} networks of {protocol['benchmark']}",
        ("proxy", "tau", "95 % interval", "rho", "top-decile tau", "scored", "seed stability", "depends on"),
        rows,
        numeric=numeric,
    )


def _name(one: Mapping[str, Any]) -> str:
    return shortened(one["proxy"], _NAME_LENGTH)


def _computation(one: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("formula", "score", "unit", "to_scalar", "aggregation", "third_pass", "orientation", "images", "source")
    computation = {key: one[key] for key in keys if key in one}
    if "extensions" in one:
        computation["operations"] = operations_text(one["extensions"])
    return computation
