"""Architecture texts made of like parts with slashes between, such as `16x2/8x4/32x1`: one part a stage or a layer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from eznas.errors import EznasError
from eznas.spaces.base import Space
from eznas.spaces.json_text import choices, integer, shortened

MAXIMUM_PARTS = 64
MAXIMUM_LAYERS = 64
MAXIMUM_WIDTH = 1024
MAXIMUM_KERNEL = 15


@dataclass(frozen=True)
class PartText:
    """How one space writes its architectures.

    Attributes:
        space: name of the space, for messages.
        part: regular expression of one part; its groups are what `parse` returns.
        meaning: what a part is, for messages, such as `channels x layers of a stage`.
        example: an architecture.
    """

    space: str
    part: re.Pattern[str]
    meaning: str
    example: str

    def parse(self, architecture: str) -> list[tuple[str, ...]]:
        """Return the groups of every part of `architecture`; white space around a part is dropped.

        Raises:
            EznasError: some part is written in another way, or there are more than `MAXIMUM_PARTS`.
        """
        texts = [text.strip() for text in architecture.split("/")]
        matches = [self.part.fullmatch(text) for text in texts]
        parts = [match.groups("") for match in matches if match is not None]
        if len(parts) < len(texts) or len(texts) > MAXIMUM_PARTS:
            raise self.error(architecture)
        return parts

    def error(self, architecture: str, reason: str = "") -> EznasError:
        """Return the error that `architecture` is no text of this space, with the `reason` where it is special."""
        because = f" ({reason})" if reason else ""
        return EznasError(
            f"{shortened(architecture)} is no architecture of the space {self.space}{because}: write "
            f"{self.meaning}, with slashes between, such as {self.example}."
        )

    def within(self, architecture: str, number: str, minimum: int, maximum: int, called: str) -> int:
        """Return `number`, digits, as an int in [minimum, maximum], or raise an EznasError that names it."""
        digits = number.lstrip("0") or "0"
        # The length comes first: Python refuses to read thousands of digits.
        if len(digits) > len(str(maximum)) or not minimum <= int(digits) <= maximum:
            raise self.error(architecture, f"{called} {shortened(number)} is not from {minimum} to {maximum}")
        return int(digits)

    def odd_kernel(self, architecture: str, number: str) -> int:
        """Return the kernel size `number`; an even one would not keep the resolution."""
        kernel = self.within(architecture, number, 1, MAXIMUM_KERNEL, "kernel")
        if kernel % 2 == 0:
            raise self.error(architecture, f"kernel {kernel} is even")
        return kernel


def hold_settings(space: Space, numbers: Mapping[str, int], lists: Mapping[str, int]) -> None:
    """Hold the settings of `space`, a frozen dataclass, within bounds, and make its lists tuples.

    Args:
        space: which is being made.
        numbers: settings that are a whole number from 1, each with its maximum.
        lists: settings that are a list of such numbers, each with their maximum.

    Raises:
        EznasError: a setting is something else.
    """
    for setting, maximum in numbers.items():
        integer(getattr(space, setting), f"The setting {setting} of the space {space.name}", 1, maximum)
    for setting, maximum in lists.items():
        held = choices(getattr(space, setting), f"The setting {setting} of the space {space.name}", maximum)
        object.__setattr__(space, setting, held)
