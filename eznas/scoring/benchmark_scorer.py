"""One network of a benchmark scored by its index, in this process or in one that helps it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from eznas import seeds
from eznas.benchmarks.base import Benchmark
from eznas.proxies import HandMadeProxy, Proxy
from eznas.scoring import helping
from eznas.scoring.benchmark_recipe import BenchmarkRecipe
from eznas.scoring.candidate import Candidate, GivenNetworks
from eznas.scoring.drawn_images import draw_images, draw_labelled
from eznas.scoring.scorer import Column, Scorer
from eznas.scoring.settings import ScoringSettings
from eznas.statistics.collect import make_inputs

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


class BenchmarkScorer:
    """Scores networks of a benchmark by their index, in this process or in those that help it, to the same bits.

    Attributes:
        scorer: of the networks that are scored here.
    """

    def __init__(
        self, proxies: tuple[Proxy | HandMadeProxy, ...], benchmark: Benchmark, settings: ScoringSettings
    ) -> None:
        """Draw the images.

        Raises:
            EznasError: as `score_networks` raises it.
        """
        inputs = make_inputs(draw_images(benchmark, settings.batch_size, settings.seed), settings.seed)
        wanted = [one.images for one in proxies if isinstance(one, HandMadeProxy)]
        images = draw_labelled(benchmark, max(wanted, default=1), settings.seed)
        self.scorer = Scorer(proxies, inputs, settings, images, GivenNetworks())
        self._benchmark = benchmark
        # What is registered in this process alone, another one does not know.
        self._may_help = settings.device == "cpu" and not any(isinstance(one, Proxy) and one.own for one in proxies)

    def column(self, index: int) -> Column:
        """Return the scores of a network by every proxy; may run in many threads at once."""
        if not self._may_help:
            return self.here(index)

        def ask(helper: Connection, _: dict[str, Any]) -> Column | None:
            try:
                helper.send((self._task, index))
            except (pickle.PicklingError, AttributeError, TypeError):
                self._may_help = False
                return None
            column: Column | None = helper.recv()
            # It would say so of every network: one that cannot be scored has a column, too.
            self._may_help &= column is not None
            return column

        return helping.HELPERS.share(ask, lambda: self.here(index))

    def here(self, index: int) -> Column:
        """Return the same from the calling thread."""
        seed = self.scorer.settings.seed
        build = partial(self._benchmark.build, index)
        architecture, size = self._benchmark.architectures[index], self._benchmark.network_size(index)
        return self.scorer.column(Candidate(architecture, build, seeds.network_seed(seed, index), size))

    @cached_property
    def _task(self) -> bytes:
        recipe = BenchmarkRecipe.of(self._benchmark)
        return helping.encoded(ScoringTask(tuple(self.scorer.proxies), recipe, self.scorer.settings))


@dataclass(frozen=True)
class ScoringTask:
    """What the scores of a network depend on beside its index, as `BenchmarkScorer` takes it."""

    proxies: tuple[Proxy | HandMadeProxy, ...]
    benchmark: BenchmarkRecipe
    settings: ScoringSettings

    def answer(self, connection: Connection, index: int) -> None:
        """Send the column of the network; `helping.Task` has more."""
        connection.send(self._scorer.here(index))

    @cached_property
    def _scorer(self) -> BenchmarkScorer:
        return BenchmarkScorer(self.proxies, self.benchmark.load(), self.settings)
