from __future__ import annotations

import math

import numpy as np
import pytest
from finished_discovery import accuracies, archive_of, ranked_by, searched

from eznas.discovery.archive import Found, fitness_on
from eznas.discovery.choice import LEAST_NETWORKS, choose, validation_judgements
from eznas.discovery.problem import NetworkGroup
from eznas.ops.catalogue import BY_NAME

CONSTANT = (0, 0, -1 - BY_NAME["difference"].id)


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


def test_a_seed_stays_unless_what_evolved_is_ahead(make):
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


def test_few_networks_never_drop_a_seed(make):
    few = make(LEAST_NETWORKS - 1, seed_codes=[(1,)], seed_margin=0)
    choice = choose(few, archive_of(few, (0,)))
    assert math.isnan(choice.lead)
    assert math.isnan(choice.standard_error)
    assert (choice.reported.codes, choice.other.codes) == ((1,), (0,))
    enough = make(LEAST_NETWORKS, seed_codes=[(1,)], seed_margin=0)
    assert choose(enough, archive_of(enough, (0,))).reported.codes == (0,)


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


def test_a_seed_of_too_many_nodes_is_no_candidate_and_counted(make):
    large = (0, 1, -1 - BY_NAME["sum"].id)
    alone, beside = (make(seed_codes=codes, nodes=2) for codes in ([large], [large, (1,)]))
    assert (choose(alone, archive_of(alone, (0,))).seed, choose(alone, archive_of(alone, (0,))).too_large) == (None, 1)
    choice = choose(beside, archive_of(beside, (0,)))
    assert (choice.seed.codes, choice.too_large) == ((1,), 1)


def test_seeds_are_left_out_where_that_is_asked_for(make):
    discovery = make(seed_codes=[(0,)])
    assert choose(discovery, archive_of(discovery, (1,)), among_seeds=False).reported.codes == (1,)


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
