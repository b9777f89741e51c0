from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from eznas import seeds
from eznas.discovery.archive import Archive, Found, fitness_on
from eznas.discovery.choice import LEAST_NETWORKS, choose, validation_judgements
from eznas.discovery.problem import NetworkGroup, arrays_of
from eznas.discovery.settings import DiscoverySettings
from eznas.ops.catalogue import BY_NAME
from eznas.scoring.bootstrap import RESAMPLES
from eznas.scoring.correlation import kendall_tau

CONSTANT = (0, 0, -1 - BY_NAME["difference"].id)


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


@pytest.fixture
def make():
    """A discovery in which feature 0 ranks well, feature 1 badly, on so many validation networks."""

    def made(validation=30, noises=(0.2, 2.0), **settings):
        groups = [ranked_by(accuracies(count, count), *noises, seed=count) for count in (40, validation)]
        return searched(groups[:1], groups[1:], **settings)

    return made


def test_without_seeds_what_evolved_is_reported(make):
    discovery = make()
    choice = choose(discovery, archive_of(discovery, (0,), (1,)))
    assert (choice.reported, choice.seed, choice.other) == (choice.evolved, None, None)
    assert choice.evolved.codes == (0,)


def test_a_seed_stays_unless_what_evolved_is_clearly_ahead(make):
    ahead = make(seed_codes=[(1,)])
    choice = choose(ahead, archive_of(ahead, (0,)))
    assert choice.lead > choice.standard_error > 0
    assert (choice.reported.codes, choice.other.codes) == ((0,), (1,))
    behind = make(seed_codes=[(0,)])
    choice = choose(behind, archive_of(behind, (1,)))
    assert choice.lead < 0
    assert (choice.reported.codes, choice.other.codes) == ((0,), (1,))
    cautious = make(seed_codes=[(1,)], seed_margin=50)
    choice = choose(cautious, archive_of(cautious, (0,)))
    assert (choice.reported.codes, choice.other.codes) == ((1,), (0,))


def test_few_networks_never_drop_a_seed_unless_any_lead_is_enough(make):
    few = make(LEAST_NETWORKS - 1, seed_codes=[(1,)])
    choice = choose(few, archive_of(few, (0,)))
    assert choice.lead > 0
    assert choice.standard_error == math.inf
    assert choice.reported.codes == (1,)
    eager = make(LEAST_NETWORKS - 1, seed_codes=[(1,)], seed_margin=0)
    assert choose(eager, archive_of(eager, (0,))).reported.codes == (0,)
    enough = make(LEAST_NETWORKS, seed_codes=[(1,)])
    assert math.isfinite(choose(enough, archive_of(enough, (0,))).standard_error)


def test_what_is_as_good_as_a_seed_does_not_replace_it(make):
    discovery = make(seed_codes=[(0,)], seed_margin=0)
    choice = choose(discovery, archive_of(discovery, (0,)))
    assert (choice.lead, choice.standard_error) == (0, 0)
    assert choice.keeps_seed
    assert choice.other is None


def test_the_best_seed_that_ranks_the_networks_is_compared(make):
    discovery = make(noises=(0.2, 2.0, 0.5), seed_codes=[CONSTANT, (1,), (2,)])
    assert choose(discovery, archive_of(discovery, (0,))).seed.codes == (2,)
    nothing = make(seed_codes=[CONSTANT])
    assert choose(nothing, archive_of(nothing, (0,))).seed is None
    small = make(seed_codes=[(0, 1, -1 - BY_NAME["sum"].id)], nodes=2)
    assert choose(small, archive_of(small, (0,))).seed is None


def test_training_and_validation_networks_speak_by_their_number(make):
    training = ranked_by(accuracies(40), 0.3, 0.35)
    validation = ranked_by(accuracies(20, 2), 3.0, 0.0)
    few, many = (searched([training], [group]) for group in (validation.subset(np.arange(2)), validation))
    assert fitness_on([(0,)], few.training_problem) > fitness_on([(1,)], few.training_problem)
    assert choose(few, archive_of(few, (0,), (1,))).evolved.codes == (0,)
    assert choose(many, archive_of(many, (0,), (1,))).evolved.codes == (1,)


def test_validation_networks_do_not_turn_a_formula(make):
    group = ranked_by(accuracies(20), 0.1)
    turned = NetworkGroup(group.units, -group.values, group.valid, group.accuracies)
    discovery = searched([group], [turned])
    ((judgement,), (fitness,)) = (
        validation_judgements([Found((0,), 1.0)], discovery),
        fitness_on([(0,)], discovery.validation_problem),
    )
    assert judgement.fitness == -fitness < 0
    assert judgement.orientation == 1


def by_hand(groups, draws, rows, combine):
    """The standard deviation of the difference, computed with the tau of `scoring`."""
    rng = seeds.generator(0, "bootstrap")
    count, benchmarks = len(groups[0].units), len(groups) // draws
    differences = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(count, size=(benchmarks, count))
        first, second = (
            combine(
                [
                    np.mean(
                        [
                            kendall_tau(group.values[row, networks], group.accuracies[networks])
                            for group in groups[number * draws : (number + 1) * draws]
                        ]
                    )
                    for number, networks in enumerate(drawn)
                ]
            )
            for row in rows
        )
        differences.append(first - second)
    return np.std(differences)


@pytest.mark.parametrize(("combine", "draws"), [("minimum", 1), ("mean", 2)])
def test_the_standard_error_is_that_of_resampled_networks(combine, draws):
    samples = []
    for count, seed in ((30, 3), (12, 4)):
        truths = [accuracies(count, seed + number) for number in (0, 0, 1, 1)]
        samples.append([ranked_by(truth, 0.4, 0.8, seed=seed + number) for number, truth in enumerate(truths)])
    if draws == 1:
        samples = [groups[::2] for groups in samples]
    discovery = searched(*samples, seed_codes=[(1,)], combine=combine, draws=draws)
    choice = choose(discovery, archive_of(discovery, (0,)))
    expected = by_hand(samples[1], draws, (0, 1), min if combine == "minimum" else np.mean)
    assert choice.standard_error == pytest.approx(expected, rel=1e-9)
    fitness = fitness_on([(0,), (1,)], discovery.validation_problem)
    assert choice.lead == fitness[0] - fitness[1]
