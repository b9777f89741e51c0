"""What a run stores of single networks, for its report: how the best program scores those of every benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eznas.runs.inputs import BenchmarkInputs
from eznas.runs.proxy_argument import evolved_proxy
from eznas.runs.settings import RunSettings
from eznas.runs.summary import scoring_settings
from eznas.scoring.detail_format import BEST
from eznas.scoring.network_detail import ranked_networks, scored_networks, unit_contributions
from eznas.scoring.ranking import Ranking
from eznas.search.evaluated import Evaluated


def best_on_networks(
    settings: RunSettings,
    benchmarks: Sequence[BenchmarkInputs],
    best: Evaluated,
    training_scores: NDArray[np.float64],
    rankings: Mapping[str, Mapping[str, Ranking]],
) -> dict[str, Any]:
    """Return the content of a run's `networks.json`.

    Args:
        settings: of the run.
        benchmarks: that it evolved on.
        best: the best program.
        training_scores: float64 (networks,), what it gives the training networks of all benchmarks, one after the
            other, as computed.
        rankings: of the held-out networks of each benchmark, as `summarise` returned them.
    """
    proxy = evolved_proxy(settings, best.program, best.orientation, BEST)
    content = {}
    for one, scores in zip(benchmarks, np.split(training_scores, len(benchmarks)), strict=True):
        name, held_out = one.benchmark.name, one.split.held_out
        # No negative zero: it would print as such.
        turned = best.orientation * scores + 0.0
        content[name] = {
            "training": scored_networks(one.training_accuracies, turned),
            "held_out": ranked_networks(one.benchmark.accuracies[held_out], rankings[name]),
            "units": unit_contributions(
                proxy, one.benchmark, held_out, rankings[name][BEST], scoring_settings(settings)
            ),
        }
    return {"benchmarks": content}
