"""What a setting is: a field of a frozen dataclass, stated once with its default, bounds and help."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Final

from eznas.errors import EznasError, shown

NETWORKS, SCORE, SEARCH, LESS_WORK, MACHINE = GROUPS = ("Networks", "Score", "Search", "Less work", "Machine")
"""Headings under which help texts and files list settings, in their order."""

_MANY: Final = 1_000_000
"""Bound of a count that nothing bounds by its meaning: far above every use, and far below what breaks a loop."""


@dataclass(frozen=True)
class Setting:
    """What a setting is beyond its name.

    Attributes:
        default: its value when nobody gives one; of a setting that may have several texts a tuple of them.
        help: one line.
        group: heading under which help texts list it.
        minimum: least value of a number.
        maximum: greatest value of a number.
        choices: the texts that are allowed, or () for any.
        several: whether the value is a tuple of texts, which may be given as one text.
        identity: whether another value gives another result, so that a resumed run must keep it.
        default_text: what help texts call the default.
    """

    default: Any
    help: str
    group: str = SEARCH
    minimum: float = 0
    maximum: float = _MANY
    choices: tuple[str, ...] = ()
    several: bool = False
    identity: bool = True
    default_text: str = ""

    @property
    def kind(self) -> type[int] | type[float] | type[str]:
        """The type of the value; of one of them where there may be several."""
        return str if self.several else type(self.default)

    @property
    def range(self) -> str:
        """The numbers that are allowed, for messages."""
        return f"from {self.minimum} to {self.maximum}"

    def checked(self, key: str, value: Any) -> Any:
        """Return `value` in the type of the setting.

        Raises:
            EznasError: it is of another type or out of range; the sentence calls the setting `key`.
        """
        if self.several:
            return _texts(key, value, empty=not self.default)
        if self.kind is str:
            if not isinstance(value, str) or not value:
                raise EznasError(f"{key} is {shown(value)}: give a text.")
            if self.choices and value not in self.choices:
                raise EznasError(
                    f"{key} is {shown(value)}: choose {' or '.join(self.choices)}{did_you_mean(value, self.choices)}."
                )
            return value
        whole = isinstance(value, int) and not isinstance(value, bool)
        number = whole or (self.kind is float and isinstance(value, float) and math.isfinite(value))
        if not number or not self.minimum <= value <= self.maximum:
            raise EznasError(
                f"{key} is {shown(value)}: give a {'whole ' if self.kind is int else ''}number {self.range}."
            )
        return self.kind(value)


def setting(default: Any, help_text: str, **more: Any) -> Any:
    """Declare a field of a dataclass as a setting; `more` are further attributes of `Setting`."""
    return field(default=default, metadata={"setting": Setting(default, help_text, **more)})


def settings_of(kind: type[Any]) -> dict[str, Setting]:
    """Return the settings that a dataclass declares, by the name of the field."""
    return {one.name: one.metadata["setting"] for one in fields(kind) if "setting" in one.metadata}


def key_of(name: str) -> str:
    """Return what flags, files and messages call the setting of a field: `lambda` for `lambda_`."""
    return name.rstrip("_")


def check_settings(instance: Any, prefix: str = "") -> None:
    """Check every setting of a frozen dataclass that is being built, and bring it to its type.

    Raises:
        EznasError: a value is of another type or out of range; the sentence names the setting after `prefix`.
    """
    for name, about in settings_of(type(instance)).items():
        object.__setattr__(instance, name, about.checked(f"{prefix}{key_of(name)}", getattr(instance, name)))


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the closest of `names`, or an empty text when none is close."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _texts(key: str, value: Any, *, empty: bool) -> tuple[str, ...]:
    """Return the texts of a setting that may have several, or also none if `empty`; each may be given once."""
    texts = (value,) if isinstance(value, str) else value
    wanted = isinstance(texts, (list, tuple)) and (texts or empty)
    if not wanted or not all(isinstance(one, str) and one for one in texts):
        raise EznasError(f"{key} is {shown(value)}: give a text, or a list of texts.")
    return tuple(texts)
