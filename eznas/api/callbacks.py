"""What may watch a search, called once a generation with what it did. Any function of one argument may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eznas.errors import EznasError

if TYPE_CHECKING:
    from eznas.api.found import FoundProxy


@dataclass(frozen=True)
class Generation:
    """One generation of a search.

    Attributes:
        number: 0 for the initial population.
        last: the number of the last generation.
        best: the best proxy so far; None while there is none.
        record: everything that the generation did, as plain data: the entry of `history_`.
    """

    number: int
    last: int
    best: FoundProxy | None
    record: dict[str, Any]


Callback: TypeAlias = Callable[[Generation], object]
"""Called after every generation; if it returns True, the search ends there. A method `close`, if there is one, is
called when the search ends, however it does."""


class _Writer(Protocol):
    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> object: ...

    def add_text(self, tag: str, text_string: str, global_step: int) -> object: ...

    def flush(self) -> object: ...

    def close(self) -> object: ...


_FIGURES: Final = ("best", "median", "mean_size", "evaluated", "invalid", "formulas_evaluated")
"""What TensorBoard shows of a record, as far as a search of that kind has it."""


class RichProgress:
    """Shows a bar with the best formula so far on a terminal or in a notebook."""

    def __init__(self, console: Console | None = None) -> None:
        """Set up a bar on `console`; None for standard output."""
        self._console = console
        self._progress: Progress | None = None

    def __call__(self, generation: Generation) -> None:
        """Move the bar on."""
        if self._progress is None:
            columns = ("generation", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._progress = Progress(*columns, TextColumn("{task.description}"), console=self._console)
            self._progress.add_task("", total=generation.last)
            self._progress.start()
        best = generation.best
        text = f"tau {best.fitness:.3f}  {best.formula:.60}" if best else "no valid program yet"
        self._progress.update(self._progress.task_ids[0], completed=generation.number, description=text)

    def close(self) -> None:
        """Let go of the terminal."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


class TensorBoard:
    """Writes best, median and size to a folder that TensorBoard shows.

    It needs the extra `tensorboard`: pip install 'eznas[tensorboard]'.
    """

    def __init__(self, folder: str | PathLike[str] = "runs/tensorboard") -> None:
        """Open the folder.

        Raises:
            EznasError: TensorBoard is not installed.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise EznasError("TensorBoard is not installed: pip install 'eznas[tensorboard]'.") from error
        self._writer: _Writer = SummaryWriter(str(folder))

    def __call__(self, generation: Generation) -> None:
        """Write one generation."""
        for name in _FIGURES:
            if name in generation.record:
                self._writer.add_scalar(f"eznas/{name}", float(generation.record[name]), generation.number)
        if generation.best is not None:
            self._writer.add_text("eznas/best_program", generation.best.formula, generation.number)
        self._writer.flush()

    def close(self) -> None:
        """Write what is left; a further generation opens the folder again."""
        self._writer.close()
