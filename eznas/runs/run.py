"""A run: evolve programs on some networks of one or more benchmarks, store every generation, report on others."""

from __future__ import annotations

import platform
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from eznas import seeds
from eznas.errors import EznasError
from eznas.observer import RunObserver, SilentObserver
from eznas.ops.notation import format_program
from eznas.runs.backend import Backend
from eznas.runs.beside import check_beside
from eznas.runs.directory import Checkpoint, RunDirectory, unused_path
from eznas.runs.inputs import RunInputs
from eznas.runs.networks import best_on_networks
from eznas.runs.rescoring import rescored
from eznas.runs.seen import write_remembered
from eznas.runs.settings import RunSettings, departures_text
from eznas.runs.summary import less_work, summarise
from eznas.scoring.kernel_loading import LOADING_KERNELS, load_kernels
from eznas.scoring.ranking import networks_scored
from eznas.search.evaluated import Evaluated
from eznas.search.evolution import Evolution
from eznas.search.fitness import Fitness

RUNS: Final = Path("runs")
"""Where runs go that are given no directory."""

_PACKAGES: Final = ("eznas", "numpy", "torch", "numba", "scipy", "msgpack")


_THIS_PROCESS: Final = Backend()


class Run:
    """One run, held by this process; a context manager that lets go of its directory at the end."""

    def __init__(
        self,
        directory: RunDirectory,
        settings: RunSettings,
        inputs: RunInputs,
        observer: RunObserver | None,
    ) -> None:
        """Take over a run that `start` or `resume` prepared."""
        self._directory = directory
        self._settings = settings
        self._inputs = inputs
        self._observer = observer or SilentObserver()

    @classmethod
    def start(
        cls,
        settings: RunSettings,
        output: Path | None = None,
        observer: RunObserver | None = None,
    ) -> Self:
        """Make the directory of a new run; nothing is written when something is wrong with the settings.

        Args:
            settings: all settings of the run.
            output: a directory that does not exist yet; an unused one under `runs/` when None.
            observer: is told what the run does.

        Raises:
            EznasError: a benchmark, a proxy of `beside` or the device is not there, too many networks are asked for, or
                the directory cannot be made.
        """
        inputs = _inputs(settings, observer)
        stems = "+".join(Path(name).stem for name in settings.benchmark)
        path = output or unused_path(RUNS, f"{stems}-{settings.genome}-{settings.seed}")
        directory = RunDirectory.create(path, settings, metadata.version("eznas"), inputs.fingerprints)
        write_remembered(path, inputs.training_networks)
        return cls(directory, settings, inputs, observer)

    @classmethod
    def resume(
        cls,
        path: Path,
        given: Mapping[str, Any] | None = None,
        observer: RunObserver | None = None,
    ) -> Self:
        """Open the directory of an earlier run to continue it.

        Args:
            path: the directory.
            given: settings by key; those that results depend on must be what they were.
            observer: is told what the run does.

        Raises:
            EznasError: it is no run directory or another process has it, a setting differs, or something that the
                settings name is no longer there.
        """
        directory = RunDirectory.open(path)
        try:
            settings = directory.settings.changed(given or {})
            difference = settings.difference(directory.settings)
            if difference:
                raise EznasError(
                    f"{path} cannot be resumed with other settings ({difference}): leave that setting out, "
                    "or start a new run with another --output."
                )
            inputs = _inputs(settings, observer)
            changed = directory.changed_data(inputs.fingerprints)
            if changed:
                raise EznasError(
                    f"The accuracies or images of {changed} are not those that {path} was started with: bring them "
                    "back, or start a new run with another --output."
                )
            directory.write_settings(settings, metadata.version("eznas"), inputs.fingerprints)
            write_remembered(path, inputs.training_networks)
        except BaseException:
            directory.close()
            raise
        return cls(directory, settings, inputs, observer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let other processes have the directory."""
        self._directory.close()

    @property
    def path(self) -> Path:
        """The run directory."""
        return self._directory.path

    def execute(self, backend: Backend = _THIS_PROCESS) -> dict[str, Any]:
        """Do what is left of the run and return its summary, which is stored as `summary.json`.

        A finished run returns the stored summary at once.

        Args:
            backend: computes the scores; the result does not depend on it.
        """
        summary = self._directory.summary()
        if summary is not None:
            return summary
        self._observer.message(f"Run directory: {self.path}")
        departures = departures_text(self._settings.departures_from_paper())
        if departures:
            self._observer.message(f"Differs from the paper in: {departures}")
        for what, words in less_work(self._settings).items():
            self._observer.message(f"Less work, {what.replace('_', ' ')}: {words}.")
        self._describe_process()
        for one in self._inputs.benchmarks:
            if one.split.note:
                self._observer.message(one.split.note)
        held_out = [(one.benchmark, one.split.held_out) for one in self._inputs.benchmarks]
        rescored_networks = self._inputs.training_count if self._settings.samples_units else 0
        self._observer.expect(rescored_networks + sum(networks_scored(len(indices)) for _, indices in held_out))
        self._observer.phase(LOADING_KERNELS)
        load_kernels()
        evolution, checkpoint, best, training_scores = self._evolve(backend)
        summary, rankings = summarise(
            self.path,
            self._settings,
            held_out,
            best,
            checkpoint,
            self._observer,
            {one.program: one.fitness for one in evolution.hall_of_fame} if self._settings.samples_units else {},
            backend.score_networks,
        )
        if best:
            # First: where there is a summary, there is what its report shows of single networks.
            self._directory.write_networks(
                best_on_networks(self._settings, self._inputs.benchmarks, best[0], training_scores, rankings)
            )
        self._directory.write_summary(summary)
        return summary

    def _describe_process(self) -> None:
        environment = describe_environment()
        for earlier in self._directory.sessions()[:1]:
            for package, version in environment["versions"].items():
                before = earlier["versions"].get(package)
                if before != version:
                    self._observer.message(
                        f"This run was started with {package} {before}, now it is {version}: "
                        "the result may differ from that of an uninterrupted run."
                    )
        self._directory.add_session(environment)

    def _evolve(self, backend: Backend) -> tuple[Evolution, Checkpoint, Sequence[Evaluated], NDArray[np.float64]]:
        """Perform the generations that are left; the checkpoint is written after each.

        Returns:
            The evolution at its end, its checkpoint, the best programs as they are to be reported, and the scores that
            the first of them gives the training networks of all benchmarks, float64 (networks,), as computed; (0,)
            where no program is valid.
        """
        with backend.open_evaluators(self._settings, self._inputs) as evaluators:
            fitness = Fitness(
                evaluators.searching,
                self._inputs.ranked_networks(),
                self._settings.combine,
                lambda _done, _count: self._observer.advance(),
                self._settings.race_networks,
                self._settings.race_share,
                self._settings.rounding,
            )
            evolution, checkpoint = self._stored_evolution()
            collecting = True
            while not evolution.finished:
                self._observer.evaluating(evolution.generation, self._inputs.training_count, collecting=collecting)
                started = time.perf_counter()
                evaluated = fitness.of(evolution.ask(), evolution.hall_of_fame, self._settings.evolution.hall_of_fame)
                if collecting:
                    for sentence in self._inputs.unscored_networks():
                        self._observer.message(sentence)
                collecting = False
                record = evolution.tell(evaluated).to_dict()
                seconds = time.perf_counter() - started
                timing = {
                    "generation": record["generation"],
                    "seconds": seconds,
                    "programs_per_second": record["evaluated"] / seconds,
                }
                checkpoint = Checkpoint(evolution.encode(), [*checkpoint.history, record], [*checkpoint.timing, timing])
                with _interrupts_held_back():
                    self._directory.write(checkpoint, self._hall_of_fame(evolution))
                self._observer.generation(record, timing, self._settings.evolution.generations)
            best = evolution.hall_of_fame
            if self._settings.samples_units:
                best = rescored(self._settings, self._inputs, evaluators.exact, best, self._observer)
                self._directory.write_views(checkpoint, self._hall_of_fame(evolution, best))
            scores = evaluators.exact.scores([one.program for one in best[:1]])
        return evolution, checkpoint, best, scores.reshape(-1)

    def _stored_evolution(self) -> tuple[Evolution, Checkpoint]:
        """Return the evolution as the checkpoint has it, or a new one, and the checkpoint."""
        settings, genome_settings = self._settings.evolution, self._settings.genome_settings_object()
        checkpoint = self._directory.checkpoint()
        if checkpoint is None:
            rng = seeds.generator(self._settings.seed, "evolution")
            return Evolution(settings, genome_settings, rng), Checkpoint({})
        evolution = Evolution.decode(checkpoint.evolution, settings, genome_settings)
        # The process may have been killed between the checkpoint and the files that readers look at.
        self._directory.write_views(checkpoint, self._hall_of_fame(evolution))
        return evolution, checkpoint

    def _hall_of_fame(self, evolution: Evolution, exact: Sequence[Evaluated] | None = None) -> dict[str, Any]:
        """Return the content of `hall_of_fame.json`: as evolution knows its programs, or as all units give them."""
        settings = self._settings
        return {
            "benchmarks": list(settings.benchmark),
            "combine": settings.combine,
            "fitness_samples": settings.fitness_samples,
            "genome": settings.genome,
            "seed": settings.seed,
            "generation": evolution.generation - 1,
            "unit": settings.collection.unit,
            "third_pass": settings.collection.third_pass,
            "to_scalar": settings.to_scalar,
            "aggregation": settings.aggregation,
            **less_work(settings),
            "estimated": settings.samples_units and exact is None,
            "programs": [
                _program_entry(one, settings.benchmark) for one in (evolution.hall_of_fame if exact is None else exact)
            ],
        }


def _inputs(settings: RunSettings, observer: RunObserver | None) -> RunInputs:
    """Return what the run works on, or raise an `EznasError` where something that the settings name is not there."""
    check_beside(settings.beside)
    (observer or SilentObserver()).phase(f"loading {' and '.join(settings.benchmark)}")
    return RunInputs.of(settings)


def _program_entry(one: Evaluated, benchmarks: Sequence[str]) -> dict[str, Any]:
    return {
        "formula": format_program(one.program),
        "orientation": one.orientation,
        "taus": dict(zip(benchmarks, one.taus, strict=True)),
        "fitness": one.fitness,
        "size": one.program.size,
        "depth": one.program.depth,
        "program": one.program.encode(),
    }


def describe_environment() -> dict[str, Any]:
    """Return versions, platform and command line of this process."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": {package: metadata.version(package) for package in _PACKAGES},
    }


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let the block end before a Ctrl-C takes effect; Python delivers signals to the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    previous = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if received:
        signal.raise_signal(signal.SIGINT)
