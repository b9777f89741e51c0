"""What long work tells whoever watches it: the protocol, and the watcher that ignores everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self


class RunObserver(Protocol):
    """What a run tells while it works."""

    def message(self, text: str) -> None:
        """Take one sentence for the user."""

    def phase(self, name: str, total: int) -> None:
        """Learn that work on `total` networks begins."""

    def advance(self) -> None:
        """Learn that one more network of the phase is done; called from any thread."""

    def generation(self, record: Mapping[str, Any], timing: Mapping[str, Any], generations: int) -> None:
        """Learn what a generation gave.

        Args:
            record: the fields of `GenerationRecord`.
            timing: its `seconds` and the `programs_per_second`.
            generations: the number of the last generation.
        """


class SilentObserver:
    """Ignores everything; for use from Python."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def message(self, text: str) -> None:
        """Ignore a sentence."""

    def phase(self, name: str, total: int) -> None:
        """Ignore the begin of a phase."""

    def advance(self) -> None:
        """Ignore a network."""

    def generation(self, record: Mapping[str, Any], timing: Mapping[str, Any], generations: int) -> None:
        """Ignore a generation."""
