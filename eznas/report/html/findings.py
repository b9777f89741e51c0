"""What a page tells, in one form for runs, discoveries and enumerations; read from their summaries, never computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import RenderableType

from eznas.report.tables import Unwrapped

PARAMS: Final = "params"
"""The baseline that every proxy has to beat: the number of parameters."""


@dataclass(frozen=True)
class Scored:
    """A formula or a baseline with its figures.

    Attributes:
        label: what tables call it.
        formula: as text; of a hand-made score what it is.
        size: None where that means nothing.
        orientation: +1 where a higher score means a better network, -1 where a lower one does.
        benchmarks: its figures by benchmark, as the summary has them.
        is_program: whether `formula` can be read as a program.
    """

    label: str
    formula: str
    size: int | None
    orientation: int
    benchmarks: Mapping[str, Mapping[str, Any]]
    is_program: bool = True

    def held_out(self, benchmark: str) -> Mapping[str, Any]:
        """Return how it ranks the held-out networks of a benchmark."""
        figures: Mapping[str, Any] = self.benchmarks[benchmark]["held_out"]
        return figures

    def training_tau(self, benchmark: str) -> float | None:
        """Return its tau on the networks that it evolved on."""
        tau: float | None = self.benchmarks[benchmark].get("tau_training")
        return tau

    def lead(self, benchmark: str, baseline: str) -> Mapping[str, Any] | None:
        """Return how far it is ahead of a baseline in held-out tau, with the paired interval."""
        lead: Mapping[str, Any] | None = self.benchmarks[benchmark].get("lead", {}).get(baseline)
        return lead


@dataclass(frozen=True)
class Progress:
    """How fitness rose.

    Attributes:
        unit: what a step is called, such as `generation`.
        steps: their numbers.
        best: the best fitness so far at each.
        median: that of the individuals of each step, None where that is no number; empty where it is not known.
        estimated: whether these are estimates from a sample of units, which the fitness reported is not.
    """

    unit: str
    steps: Sequence[int]
    best: Sequence[float | None]
    median: Sequence[float | None] = ()
    estimated: bool = False


@dataclass(frozen=True)
class Findings:
    """What one folder holds.

    Attributes:
        name: of the folder.
        kind: what it is of, such as `Run`.
        about: one line on how it came to be.
        best: the program or formula that it reports; None where none was valid.
        candidates: those that are shown by size, the best of each where there are more.
        baselines: on the same held-out networks.
        benchmarks: by name, with `description`, `accuracy` and `held_out`, the number of networks.
        aggregation: from the units' numbers to the score of a network.
        progress: None where it was not stored.
        parts: the text report, for its figures.
        commands: what repeats and continues it, by what it does.
        settings: those that the result depends on, as text to be kept.
        versions: what it was computed with, as text; empty where unknown.
        networks: the content of `networks.json` by benchmark; empty where there is none.
        complete: the command that stores what an older version did not.
        kept_seed: why `best` is a formula that the search started from, in a sentence; empty where it is not.
    """

    name: str
    kind: str
    about: str
    best: Scored | None
    candidates: Sequence[Scored]
    baselines: Sequence[Scored]
    benchmarks: Mapping[str, Mapping[str, Any]]
    aggregation: str
    progress: Progress | None
    parts: Sequence[RenderableType | Unwrapped]
    commands: Mapping[str, str]
    settings: str
    versions: str
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    complete: str = ""
    kept_seed: str = ""
