"""The JSON file beside a table, read strictly: every value that is used has its type checked."""

from __future__ import annotations

import json
import math
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from eznas.errors import EznasError
from eznas.files import LARGEST_TEXT, read_regular


@dataclass(frozen=True)
class Record:
    """A JSON object of a file.

    Attributes:
        path: of the file, for messages.
        content: the object.
        within: the key that leads to the object, such as `space.`, or empty for the whole file.
    """

    path: Path
    content: dict[str, Any]
    within: str = ""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that holds one JSON object.

        Raises:
            EznasError: the file is missing, cannot be read, or holds something else.
        """
        try:
            content = json.loads(read_regular(path, LARGEST_TEXT))
        except OSError as error:
            raise EznasError(
                f"{path}, which says what the table beside it is of, could not be read: {error.strerror or error}. "
                f"`eznas benchmark new {shlex.quote(str(path.with_suffix('.csv')))}` writes it."
            ) from error
        except (ValueError, RecursionError) as error:
            raise EznasError(f"{path} is no JSON ({error}): correct it, or write it again.") from error
        if not isinstance(content, dict):
            raise EznasError(f"{path} holds no JSON object: write it again.")
        return cls(path, content)

    def nested(self, key: str) -> Record:
        """Return the object under `key`."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self._error(key, value, "an object between braces")
        return Record(self.path, value, f"{self.within}{key}.")

    def text(self, key: str) -> str:
        """Return the text under `key`."""
        value = self._value(key)
        if not isinstance(value, str) or not value:
            raise self._error(key, value, "a text")
        return value

    def count(self, key: str) -> int:
        """Return the whole number of 1 or more under `key`."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self._error(key, value, "a whole number of 1 or more")
        return value

    def count_or_none(self, key: str) -> int | None:
        """Return the whole number of 1 or more under `key`, or None where there is none."""
        return None if self.content.get(key) is None else self.count(key)

    def flag(self, key: str) -> bool:
        """Return the truth value under `key`."""
        value = self._value(key)
        if not isinstance(value, bool):
            raise self._error(key, value, "true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts under `key`, at least one."""
        value = self._value(key)
        if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
            raise self._error(key, value, "a list of texts")
        return tuple(value)

    def channels(self, key: str, *, positive: bool) -> tuple[float, float, float]:
        """Return the three finite numbers under `key`, one for each of red, green and blue."""
        value = self._value(key)
        numbers = value if isinstance(value, list) else []
        if len(numbers) != 3 or not all(_is_finite(number) and (number > 0 or not positive) for number in numbers):
            raise self._error(key, value, f"a list of three {'positive ' if positive else ''}numbers")
        red, green, blue = map(float, numbers)
        return red, green, blue

    def number_or_none(self, key: str) -> float | None:
        """Return the finite number under `key`, or None where there is none."""
        value = self.content.get(key)
        if value is not None and not _is_finite(value):
            raise self._error(key, value, "a number")
        return None if value is None else float(value)

    def _value(self, key: str) -> Any:
        if key not in self.content:
            raise EznasError(f"{self.path} has no {self.within}{key}: add it, or write the file again.")
        return self.content[key]

    def _error(self, key: str, value: object, kind: str) -> EznasError:
        return EznasError(f"{self.path} has {self.within}{key} {value!r:.80}: it must be {kind}.")


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
