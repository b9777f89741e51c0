"""Discoveries that are over, as a choice among their formulas reads them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from eznas.discovery.archive import Archive, Found, fitness_on
from eznas.discovery.problem import NetworkGroup, arrays_of
from eznas.discovery.settings import DiscoverySettings


def ranked_by(accuracies, *noises, seed=0):
    """A group of one unit for each network, whose features are the accuracies with more and more noise."""
    rng = np.random.default_rng(seed)
    values = [accuracies + noise * rng.normal(size=len(accuracies)) for noise in noises]
    valid = np.ones((len(values), len(accuracies)), bool)
    return NetworkGroup(np.ones(len(accuracies), np.int64), np.array(values, np.float32), valid, accuracies)


def searched(training, validation, seed_codes=(), **settings):
    """A discovery that is over, as a choice reads it."""
    benchmarks = len(training) // settings.get("draws", 1)
    made = DiscoverySettings(
        benchmarks=tuple(f"b{number}" for number in range(benchmarks)),
        networks=len(training[0].units),
        validation=len(validation[0].units),
        **settings,
    )
    problems = [arrays_of(groups, "sum", made.criterion) for groups in (training, validation)]
    return SimpleNamespace(
        settings=made, training_problem=problems[0], validation_problem=problems[1], seed_codes=tuple(seed_codes)
    )


def archive_of(discovery, *formulas):
    archive = Archive()
    archive.add(map(Found, formulas, fitness_on(formulas, discovery.training_problem)))
    return archive


def accuracies(count, seed=1):
    return np.random.default_rng(seed).normal(size=count)
