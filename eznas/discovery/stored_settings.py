"""Settings in a checkpoint, where they are the `repr` of a dataclass, and how they differ from those of now."""

from __future__ import annotations

import ast
from typing import Final

_LONGEST: Final = 80
_ABSENT: Final = "absent"


def difference(there: str, here: str) -> str:
    """Return each setting that differs with both values, such as `epochs is 2 there, 3 here`.

    Args:
        there: the `repr` of the settings of a checkpoint.
        here: that of the settings of now.

    Raises:
        ValueError: `there` is no such text.
    """
    stored, given = _values(there), _values(here)
    differing = [
        f"{name} is {_short(stored.get(name, _ABSENT))} there, {_short(given.get(name, _ABSENT))} here"
        for name in dict.fromkeys((*given, *stored))
        if stored.get(name) != given.get(name)
    ]
    return "; ".join(differing)


def _values(text: str) -> dict[str, str]:
    """Return the value of each setting as text; those of a group have its name before them."""
    try:
        parsed = ast.parse(text, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError("its settings cannot be read") from error
    values: dict[str, str] = {}

    def collect(call: ast.expr, prefix: str) -> None:
        if not isinstance(call, ast.Call):
            raise ValueError("its settings cannot be read")
        for keyword in call.keywords:
            name = f"{prefix}{keyword.arg}"
            if isinstance(keyword.value, ast.Call) and keyword.value.keywords:
                collect(keyword.value, f"{name}.")
            else:
                values[name] = ast.unparse(keyword.value)

    collect(parsed, "")
    return values


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
