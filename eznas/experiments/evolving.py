"""Evolutions as parts of an experiment: run directories that are continued, and training statistics that are shared."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

from eznas import proxies
from eznas.errors import EznasError
from eznas.observer import RunObserver
from eznas.runs.backend import Backend, Evaluators, evaluators_of
from eznas.runs.beside import check_beside
from eznas.runs.directory import CONFIG, HISTORY, SUMMARY, TIMING, stored_settings
from eznas.runs.inputs import RunInputs
from eznas.runs.run import Run
from eznas.runs.settings import SETTINGS, RunSettings
from eznas.scoring.evaluator import Evaluator
from eznas.statistics.store import StatisticsStore

Report = Callable[[str], None]
"""Takes one line about the progress of an experiment."""

VARIED: Final = ("benchmark", "seed", "held_out")
"""Settings that an experiment varies or fixes itself, so that they are no settings of the experiment."""


class TrainingStatistics:
    """The statistics of the training networks of the latest evolution, for the next that needs the same ones.

    Only those of one evolution are kept, so that an experiment takes no more memory than a run: what needs the same
    statistics must come one after the other. A context manager that lets go of them at the end.
    """

    def __init__(self, *, beforehand: bool = False) -> None:
        """Set up an empty collection.

        Args:
            beforehand: collect all statistics, and load the kernels, before an evolution begins: then the time of its
                generations is that of evolution alone.
        """
        self._beforehand = beforehand
        self._key: Hashable = None
        self._store: StatisticsStore | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the statistics."""
        if self._store is not None:
            self._store.close()
        self._key = self._store = None

    @contextmanager
    def evaluators(self, settings: RunSettings, inputs: RunInputs) -> Iterator[Evaluators]:
        """Open what scores a run's training networks: their statistics outlive the run, until `close`."""
        yield evaluators_of(self._statistics(settings, inputs), settings)

    def _statistics(self, settings: RunSettings, inputs: RunInputs) -> StatisticsStore:
        """The statistics that a run needs, collected anew unless they are those of the call before."""
        key = (
            *(settings.benchmark, settings.accuracy_split, settings.networks, settings.seed, settings.batch_size),
            *(settings.collection, settings.memory_bytes, settings.threads),
        )
        if self._store is None or key != self._key:
            self.close()
            self._key = key
            self._store = StatisticsStore(
                inputs.training_count, inputs.collect, memory_bytes=settings.memory_bytes, workers=settings.threads
            )
            if self._beforehand:
                Evaluator(self._store).scores([proxies.load_program(proxies.REFERENCE).program])
        return self._store


def evolve(
    path: Path, settings: RunSettings, statistics: TrainingStatistics, observer: RunObserver | None = None
) -> bool:
    """Do what is left of the evolution in the run directory `path`; it holds out no networks.

    Args:
        path: of the run directory; made when there is none.
        settings: of the run, but for `held_out`.
        statistics: from which the training statistics are taken.
        observer: is told what the run does.

    Returns:
        Whether anything was left to do.

    Raises:
        EznasError: the directory is of a run with other settings or in use, or the run cannot be started.
    """
    settings = replace(settings, held_out=0)
    if (path / CONFIG).is_file() and (path / SUMMARY).is_file():
        difference = settings.difference(stored_settings(path))
        if difference:
            raise EznasError(f"{path} is of a run with other settings ({difference}): choose another --output.")
        return False
    if (path / CONFIG).is_file():
        run = Run.resume(path, settings.to_mapping(), observer)
    else:
        run = Run.start(settings, path, observer)
    with closing(run):
        run.execute(Backend(open_evaluators=statistics.evaluators))
    return True


def generations(path: Path) -> list[dict[str, Any]]:
    """Return the records of a run's generations, each with the `seconds` that it took.

    Raises:
        EznasError: the files of the run are missing or damaged.
    """
    try:
        history, timing = (
            [json.loads(line) for line in (path / name).read_text(encoding="utf-8").splitlines()]
            for name in (HISTORY, TIMING)
        )
        return [
            {**record, "seconds": float(measured["seconds"])} for record, measured in zip(history, timing, strict=True)
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EznasError(
            f"The history of {path} is missing or damaged ({type(error).__name__}: {error}): "
            "delete that directory, and the experiment evolves it again."
        ) from error


def experiment_settings(values: Mapping[str, Any], genome_names: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the evolutions of an experiment have in common, for its record: every setting of their results.

    Args:
        values: settings of the runs by key; those that the experiment varies are left out.
        genome_names: the genomes that it compares; the one of `values` when there are none.

    Raises:
        EznasError: a value is out of its range, or a proxy of `beside` is not there: told before a folder is made.
    """
    common: dict[str, Any] = {}
    for genome in genome_names or (str(values.get("genome", RunSettings.genome)),):
        settings = RunSettings.from_mapping({**values, "genome": genome})
        check_beside(settings.beside)
        mapping = settings.to_mapping()
        unimportant = {key for key, place in SETTINGS.items() if not place.about.identity}
        common |= {key: value for key, value in mapping.items() if key not in {*VARIED, *unimportant}}
    if genome_names:
        common["genome"] = list(genome_names)
    return common
