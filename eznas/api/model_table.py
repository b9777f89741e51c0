"""The table that `eznas.rank` returns: rows for programs, text for a terminal, HTML for a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import Any, Final

from eznas.options import Weights

_NAME_LENGTH: Final = 60
_NONE: Final = "–"


@dataclass(frozen=True)
class ModelRow:
    """One model of a ranking.

    Attributes:
        rank: 1 for the best, by the first proxy; equal scores share one. None without a score.
        model: its name.
        scores: by each proxy, higher for a better network; None where there is none.
        params: number of trainable parameters; None for a model that could not be made.
        reason: why the first proxy gives no score; empty where it does.
        coverage: the share of the parameters that the units of programs cover; 1 where no proxy is a program.
    """

    rank: int | None
    model: str
    scores: tuple[float | None, ...]
    params: int | None
    reason: str = ""
    coverage: float = 1.0


@dataclass(frozen=True, repr=False)
class ModelTable:
    """Models by score, best first; `rows` holds them, and printing it shows them.

    Attributes:
        proxies: names of the proxies, whose scores are in this order; the first decides the ranks.
        rows: the models.
        weights: whether the scores are those of `fresh` weights or of the models' `own`.
        seed: of weights and noise.
        unit: the kinds of units that programs took, such as `R-C-B`; empty where no proxy is a program.
        warnings: sentences about scores from less than half of a model, and about orders that are partly rounding.
    """

    proxies: tuple[str, ...]
    rows: tuple[ModelRow, ...]
    weights: Weights
    seed: int
    unit: str = ""
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[ModelRow]:
        return iter(self.rows)

    @property
    def best(self) -> str:
        """The name of the best model."""
        return self.rows[0].model

    def to_dict(self) -> dict[str, Any]:
        """Return the table as plain data."""
        return asdict(self)

    @property
    def _adds_params(self) -> bool:
        return "params" not in self.proxies

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns of `cells`."""
        names = [name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…" for name in self.proxies]
        return ("rank", "model", *names, *(("params",) if self._adds_params else ()))

    def cells(self) -> list[tuple[str, ...]]:
        """Return the rows as texts."""
        return [
            (
                _NONE if row.rank is None else str(row.rank),
                row.model,
                *(_NONE if score is None else f"{score:.6g}" for score in row.scores),
                *((_NONE if row.params is None else f"{row.params:,}",) if self._adds_params else ()),
            )
            for row in self.rows
        ]

    def notes(self) -> list[str]:
        """Return the sentences below the table: the weights, and why models have no score."""
        weights = f"fresh weights, seed {self.seed}" if self.weights == "fresh" else "each model's own weights"
        reasons = [f"{row.model} has no score. {row.reason}" for row in self.rows if row.reason]
        units = f", from {self.unit} units" if self.unit else ""
        return [f"Scores of {weights}{units}; higher is better.", *self.warnings, *reasons]

    def __repr__(self) -> str:
        lines = [self.header, *self.cells()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = [
            "  ".join(
                cell.ljust(width) if column == 1 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([*texts, *self.notes()])

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self.header)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in self.cells())
        notes = "<br>".join(map(escape, self.notes()))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{notes}</p>"
