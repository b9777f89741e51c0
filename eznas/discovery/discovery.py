"""A discovery: two loops, one inside the other, from the networks of benchmarks to an archive of formulas.

The inner loop searches formulas over the features of a table, see `search.py`. Between two rounds of it the outer loop
proposes new features, computes them for all networks in one pass, and keeps those that are useful.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, Generic, TypeVar
from zipfile import BadZipFile

import numpy as np

from eznas import seeds
from eznas.discovery.alphabet import Alphabet, alphabet_of
from eznas.discovery.archive import Archive
from eznas.discovery.evolution_loading import load_evolution
from eznas.discovery.machine import Machine
from eznas.discovery.pace import Pace
from eznas.discovery.problem import OTHER_NETWORKS, Arrays, arrays_of, digest_of_networks
from eznas.discovery.proposals import propose
from eznas.discovery.sample import BenchmarkSample, Sample
from eznas.discovery.search import FormulaSearch
from eznas.discovery.seed_formulas import starting_formulas, symbols_of
from eznas.discovery.settings import DiscoverySettings
from eznas.discovery.stored_settings import difference
from eznas.errors import EznasError
from eznas.features.bank import standard_bank
from eznas.features.selection import select
from eznas.observer import RunObserver, SilentObserver
from eznas.ops.notation import format_program, parse_program
from eznas.ops.program import Program
from eznas.proxies import AnyProxy
from eznas.runs.proxy_argument import resolve_proxy

AnySample = TypeVar("AnySample", bound=Sample)

_UNKNOWN: Final = (
    "The checkpoint does not fit these settings ({}): give those that it was begun with, or start anew in another "
    "folder."
)


class Discovery(Generic[AnySample]):
    """The state of a discovery; `advance` does one step, and `encode` what it goes on from.

    Attributes:
        settings: what the result depends on.
        references: the proxies that formulas are compared with while they evolve.
        samples: the networks that they evolve on.
        machine: what it may use.
        features: those that formulas are made of, by row.
        seed_codes: the seed formulas.
        dropped: how many features were found useless so far, by reason.
        epochs: done so far.
    """

    def __init__(
        self,
        settings: DiscoverySettings,
        samples: Sequence[AnySample],
        references: Sequence[AnyProxy] = (),
        machine: Machine | None = None,
        observer: RunObserver | None = None,
    ) -> None:
        """Compute the standard bank of features for the networks, or read it from their tables.

        Args:
            settings: what the result depends on, beside the networks.
            samples: the networks that formulas evolve on and are chosen by.
            references: the proxies whose scores come with the samples.
            machine: what may be used.
            observer: is told of networks whose features are computed.

        Raises:
            EznasError: a network fails, or no feature is useful on all samples.
        """
        self.settings = settings
        self.samples = tuple(samples)
        self.references = tuple(references)
        self.machine = machine or Machine()
        self._observer = observer or SilentObserver()
        self._search_rng = seeds.generator(settings.seed, "formulas", settings.evolution)
        self._proposal_rng = seeds.generator(settings.seed, "features", settings.evolution)
        self.epochs = 0
        self.features: tuple[Program, ...] = ()
        self.dropped: dict[str, int] = {}
        self._pace = Pace()
        self._told_of = -1  # the round that the observer knows of
        self._training: Arrays
        self._validation: Arrays
        self._alphabet: Alphabet
        seeds_given = [symbols_of(formula) for formula in settings.seed_formulas]
        started = [one for formula in settings.seed_formulas for one in starting_formulas(formula, settings.terms)]
        started_from = [symbols_of(one) for one in dict.fromkeys(started)]
        # The leaves of the seeds come first and stay, useful or not, so that the seeds are what they were.
        self._seed_leaves = tuple(
            dict.fromkeys(
                symbol for symbols in (*seeds_given, *started_from) for symbol in symbols if isinstance(symbol, Program)
            )
        )
        bank = standard_bank(settings.operations)
        self._adopt(list(dict.fromkeys((*self._seed_leaves, *bank))))
        if not len(self._alphabet.leaves):
            raise EznasError(
                f"None of the {len(bank)} features of the standard bank is useful on "
                f"{' and '.join(sample.name for sample in samples)} ({self.dropped}): give more networks."
            )
        row_of: dict[Program, int] = dict(zip(self._seed_leaves, range(len(self._seed_leaves)), strict=True))
        self.seed_codes, start_codes = (
            tuple(
                tuple(row_of[symbol] if isinstance(symbol, Program) else symbol for symbol in symbols)
                for symbols in some
            )
            for some in (seeds_given, started_from)
        )
        self._search: FormulaSearch = FormulaSearch(
            self._training, self._alphabet, settings.search, self._search_rng, start_codes, settings.criterion
        )

    @staticmethod
    def on_benchmarks(
        settings: DiscoverySettings, machine: Machine | None = None, observer: RunObserver | None = None
    ) -> Discovery[BenchmarkSample]:
        """Return a discovery at its beginning on networks that are drawn of the benchmarks of the settings.

        Args:
            settings: what the result depends on.
            machine: what it may use, and where the feature tables are.
            observer: is told of networks that are scored, or whose features are computed.

        Raises:
            EznasError: a benchmark is not there or has too few networks or images, a network fails, or no feature is
                useful on every benchmark.
        """
        machine, observer = machine or Machine(), observer or SilentObserver()
        references = [resolve_proxy(text) for text in settings.references]
        samples = [BenchmarkSample.of(name, settings, references, machine, observer) for name in settings.benchmarks]
        return Discovery(settings, samples, references, machine, observer)

    @property
    def archive(self) -> Archive:
        """The best formulas of every size."""
        return self._search.archive

    @property
    def formulas_made(self) -> int:
        """How many formulas were made so far."""
        return self._search.made

    @property
    def formulas_evaluated(self) -> int:
        """How many of them were computed, their fitness not being known yet."""
        return self._search.evaluated

    @property
    def is_finished(self) -> bool:
        """Whether all rounds are done, or as many formulas are computed as there may be."""
        settings = self.settings
        if settings.max_evaluations and self.formulas_evaluated >= settings.max_evaluations:
            return True
        return self._pace.round == settings.rounds - 1 and self._pace.is_over(settings.epochs, settings.patience)

    def advance(self) -> None:
        """Let the table grow where a round begins, else search for one epoch.

        Raises:
            EznasError: a network fails.
        """
        if self._pace.is_over(self.settings.epochs, self.settings.patience):
            self._grow()
            self._pace = self._pace.next_round()
        else:
            self._tell_of_round()
            self._search.advance(self.machine.workers)
            self.epochs += 1
            best = self.archive.best
            self._pace = self._pace.after_epoch(best.fitness if best else -1.0)
            self._observer.advance()

    def _tell_of_round(self) -> None:
        if self._told_of == self._pace.round:
            return
        self._told_of = self._pace.round
        load_evolution(self._observer)
        self._observer.phase(f"epochs of round {self._told_of + 1} of {self.settings.rounds}", self.settings.epochs)
        for _ in range(self._pace.epochs):  # done before it was interrupted
            self._observer.advance()

    @property
    def training_problem(self) -> Arrays:
        """The training networks with the features that formulas are made of; a group for each benchmark and draw."""
        return self._training

    @property
    def validation_problem(self) -> Arrays:
        """The validation networks, likewise."""
        return self._validation

    def encode(self) -> bytes:
        """Return what `restore` goes on from, as the bytes of an .npz file without pickled objects."""
        content = io.BytesIO()
        about = {
            "settings": repr(self.settings),
            "networks": digest_of_networks(self._training, self._validation),
            "epochs": self.epochs,
            "pace": asdict(self._pace),
            "features": [format_program(feature) for feature in self.features],
            "dropped": self.dropped,
            "proposals": self._proposal_rng.bit_generator.state,
        }
        about_bytes = np.frombuffer(json.dumps(about).encode(), np.uint8)
        arrays: dict[str, Any] = {"about": about_bytes, **self._search.state()}
        np.savez(content, **arrays)
        return content.getvalue()

    def restore(self, encoded: bytes) -> None:
        """Take over what `encode` returned of a discovery with the same settings.

        Raises:
            EznasError: the bytes are damaged, or of other settings.
        """
        try:
            with np.load(io.BytesIO(encoded)) as state:
                about: dict[str, Any] = json.loads(state["about"].tobytes())
                if about["settings"] != repr(self.settings):
                    raise EznasError(_UNKNOWN.format(difference(about["settings"], repr(self.settings))))
                networks = digest_of_networks(self._training, self._validation)
                if about.get("networks", networks) != networks:  # older checkpoints have none
                    raise EznasError(_UNKNOWN.format(OTHER_NETWORKS))
                self.epochs, self._pace = about["epochs"], Pace(**about["pace"])
                self._proposal_rng.bit_generator.state = about["proposals"]
                self.features, self.dropped = (), {}
                self._adopt([parse_program(text) for text in about["features"]])
                self.dropped = about["dropped"]
                self._search.extend(self._training, self._alphabet)
                self._search.restore(state)
        except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
            raise EznasError(f"The checkpoint is damaged ({error}): start anew in another folder.") from error

    def _grow(self) -> None:
        """Propose features from what good formulas use, and take in the useful ones."""
        proposed = propose(self.features, self.archive.formulas, self.settings.proposals, self._proposal_rng)
        self._adopt(proposed)
        self._search.extend(self._training, self._alphabet)

    def _adopt(self, features: Sequence[Program]) -> None:
        """Compute features, append those that are useful to the others, and set up the problems."""
        programs = (*self.features, *features)
        by_sample = [sample.features(programs, self.machine, self._observer) for sample in self.samples]
        selection = select(*(table for draws in by_sample for table in draws))
        for reason, count in selection.counts.items():
            self.dropped[reason] = self.dropped.get(reason, 0) + count
        kept = np.union1d(np.arange(len(self._seed_leaves)), selection.kept)
        leaves = np.flatnonzero(np.isin(kept, selection.kept))
        self._alphabet = alphabet_of(leaves, self.settings.operations, self.settings.terms)
        self.features = tuple(programs[row] for row in kept)
        pairs = [sample.groups(draws, kept) for sample, draws in zip(self.samples, by_sample, strict=True)]
        self._training, self._validation = (
            arrays_of(
                [group for groups in part for group in groups], self.settings.aggregation, self.settings.criterion
            )
            for part in zip(*pairs, strict=True)
        )
