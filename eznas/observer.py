"""What long work tells whoever watches it: the protocol, and the watcher that ignores everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self


class RunObserver(Protocol):
    """What a run tells while it works."""

    def message(self, text: str) -> None:
        """Take one sentence for the user."""

    def phase(self, name: str, total: int | None = None) -> None:
        """Learn that something begins: work on `total` networks, or something else that takes its time."""

    def advance(self) -> None:
        """Learn that one more network of the phase is done, or whatever it has a number of; called from any thread."""

    def expect(self, networks: int) -> None:
        """Learn that `networks` will be scored after the last generation."""

    def evaluating(self, generation: int, total: int, *, collecting: bool) -> None:
        """Learn that a generation begins to be evaluated on `total` networks: a phase of its own.

        Args:
            generation: its number.
            total: how many networks.
            collecting: whether their statistics have to be collected first.
        """

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

    def phase(self, name: str, total: int | None = None) -> None:
        """Ignore the begin of a phase."""

    def advance(self) -> None:
        """Ignore a network."""

    def expect(self, networks: int) -> None:
        """Ignore what is to come."""

    def evaluating(self, generation: int, total: int, *, collecting: bool) -> None:
        """Ignore the begin of a generation."""

    def generation(self, record: Mapping[str, Any], timing: Mapping[str, Any], generations: int) -> None:
        """Ignore a generation."""
