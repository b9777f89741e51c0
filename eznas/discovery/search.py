"""The search for formulas: islands that evolve in parallel and now and then give each other formulas.

Islands work in threads, one epoch at a time; what they exchange follows from the seed. So the result does not depend
on the number of threads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.discovery.alphabet import Alphabet
from eznas.discovery.archive import Archive, Codes, Found, remembered, with_merits
from eznas.discovery.criterion import Criterion
from eznas.discovery.fitness import INVALID, workspace_for
from eznas.discovery.island import EVALUATED, IMPROVED, MADE, evolve, new_island
from eznas.discovery.limits import MAXIMUM_NODES
from eznas.discovery.problem import Arrays
from eznas.discovery.search_settings import SearchSettings
from eznas.statistics.workers import run_in_threads

_DEFAULT_CRITERION: Final = Criterion()


class FormulaSearch:
    """A search on one problem; `advance` runs one epoch.

    Attributes:
        archive: the best formulas found so far.
        alphabet: what formulas are made of.
    """

    def __init__(
        self,
        arrays: Arrays,
        alphabet: Alphabet,
        settings: SearchSettings,
        rng: np.random.Generator,
        seeds: Sequence[Codes] = (),
        criterion: Criterion = _DEFAULT_CRITERION,
    ) -> None:
        """Draw the first populations when `advance` is first called.

        Args:
            arrays: the problem.
            alphabet: what formulas are made of.
            settings: how formulas evolve.
            rng: the only source of randomness.
            seeds: formulas that the first population of every island has beside random ones.
            criterion: what the problem was made for; here, what each island and the archive make of both taus.
        """
        self._top_shares = criterion.top_shares(settings.islands).tolist()
        self._archive_shares = criterion.archive_shares
        self.archive = Archive()
        self.alphabet = alphabet
        self._seeds = seeds
        self._arrays = arrays
        self._settings = settings
        self._rng = rng
        self._islands = [new_island(settings.members, rng) for _ in range(settings.islands)]
        self._work = [workspace_for(arrays) for _ in range(settings.islands)]
        self._fresh = [True] * settings.islands
        self._begun = False

    @property
    def made(self) -> int:
        """How many formulas were made so far."""
        return sum(int(island.counts[MADE]) for island in self._islands)

    @property
    def evaluated(self) -> int:
        """How many formulas were computed so far: those made, without those that an island knew by heart."""
        return sum(int(island.counts[EVALUATED]) for island in self._islands)

    def advance(self, threads: int) -> None:
        """Let every island evolve for one epoch, then exchange formulas and let those that stand still start anew."""

        def one_epoch(number: int) -> None:
            fresh = self._settings.members if self._fresh[number] else 0
            self._work_on(number, () if self._begun else self._seeds, fresh, self._settings.children)

        run_in_threads(one_epoch, count=len(self._islands), threads=threads, limit=lambda: threads)
        self._begun = True
        self._fresh = [False] * len(self._islands)
        found = [remembered(island) for island in self._islands]
        for one in found:
            self.archive.add(self._with_merits(one))
        self._exchange(found)
        self._restart()

    def extend(self, arrays: Arrays, alphabet: Alphabet) -> None:
        """Go on with more features; the rows of those that there were are the same."""
        self._arrays = arrays
        self.alphabet = alphabet

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything that the search will go on from, as arrays by name."""
        arrays: dict[str, NDArray[Any]] = {"fresh": np.array(self._fresh), "begun": np.array(self._begun)}
        for number, island in enumerate(self._islands):
            arrays |= {f"{number}.{name}": array for name, array in island._asdict().items()}
        generator = json.dumps(self._rng.bit_generator.state)
        arrays["generator"] = np.frombuffer(generator.encode(), np.uint8)
        formulas = self.archive.formulas
        arrays["archive_codes"] = np.array([code for one in formulas for code in one.codes], np.int32)
        arrays["archive_sizes"] = np.array([one.size for one in formulas], np.int64)
        arrays["archive_merits"] = np.array([one.merits for one in formulas])
        return arrays

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` returned of a search with the same settings."""
        self._fresh = state["fresh"].tolist()
        self._begun = bool(state["begun"])
        for number, island in enumerate(self._islands):
            for name, array in island._asdict().items():
                array[...] = state[f"{number}.{name}"]
        self._rng.bit_generator.state = json.loads(state["generator"].tobytes())
        ends = np.cumsum(state["archive_sizes"])
        codes = np.split(state["archive_codes"], ends[:-1])
        self.archive = Archive()
        self.archive.add(
            Found(tuple(one.tolist()), fitness, tuple(extremes))
            for one, (fitness, *extremes) in zip(codes, state["archive_merits"].tolist(), strict=False)
        )

    def _with_merits(self, found: Sequence[Found]) -> Sequence[Found]:
        """Return what an island remembers with the merits of the archive: that of its own may be another."""
        if len(self._archive_shares) == 1:
            return found
        known = {one.codes for one in self.archive.formulas}
        return with_merits([one for one in found if one.codes not in known], self._arrays, self._archive_shares)

    def _work_on(self, number: int, guests: Sequence[Codes], fresh: int, steps: int) -> None:
        """Let an island draw fresh formulas, take in guests and make children."""
        codes = np.zeros((len(guests), MAXIMUM_NODES), np.int32)
        for row, guest in enumerate(guests):
            codes[row, : len(guest)] = guest
        evolve(
            self._islands[number],
            self._arrays._replace(top_share=self._top_shares[number]),
            self.alphabet,
            self._work[number],
            codes,
            np.array([len(guest) for guest in guests], np.int64),
            fresh,
            steps,
            self._settings.tournament,
            self._settings.parsimony,
            self._settings.crossover,
            self._settings.random_share,
        )

    def _exchange(self, found: Sequence[Sequence[Found]]) -> None:
        """Give every island formulas that the one before it remembers."""
        for number in range(len(self._islands)):
            source = found[number - 1]
            count = self._settings.migrants if source and len(self._islands) > 1 else 0
            self._work_on(number, [source[int(self._rng.integers(len(source)))].codes for _ in range(count)], 0, 0)

    def _restart(self) -> None:
        """Make islands forget that found nothing better for long."""
        settings = self._settings
        for number, island in enumerate(self._islands):
            if island.counts[MADE] - island.counts[IMPROVED] > settings.restart_after * settings.children:
                island.kept_fitness[:] = INVALID
                island.counts[IMPROVED] = island.counts[MADE]
                self._fresh[number] = True
