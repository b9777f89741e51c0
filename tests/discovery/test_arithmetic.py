import numpy as np
import pytest
from small_problem import FEATURE_COUNT, group

from eznas.discovery.chance import below
from eznas.discovery.codes import BINARY, MAXIMUM_NODES, UNARY, arity, to_program
from eznas.discovery.fitness import fitness_of, workspace_for
from eznas.discovery.problem import arrays_of
from eznas.discovery.variation import cross, draw_fresh, mutate
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.notation import parse_program
from eznas.ops.plan import Plan
from eznas.scoring.aggregation import aggregate_columns
from eznas.scoring.correlation import kendall_tau

STAND_INS = [parse_program(f"numel({name})") for name in ("wt", "inp.data", "pre.data", "act.data", "act.noise")]


def plan_of(codes):
    """A formula as a plan that loads its features, so that the interpreter computes what `score_networks` should."""
    columns = {feature.digests[-1]: row for row, feature in enumerate(STAND_INS)}
    return Plan.of([to_program(codes, STAND_INS)], cached=columns)


def expected_scores(codes, one, aggregation):
    """The scores as the interpreter and the scoring of programs compute them."""
    plan = plan_of(codes)
    scores = []
    for end, units in zip(np.cumsum(one.units), one.units, strict=True):
        span = slice(end - units, end)
        empty = np.zeros((units, 22), np.int64)
        values, valid = evaluate_plan(
            plan,
            np.empty(0, np.float32),
            empty,
            np.ones((units, 22, 4), np.int64),
            empty,
            one.values[:, span].T,
            one.valid[:, span].T,
            "mean",
        )
        scores.append(aggregate_columns(values, valid, aggregation)[plan.root_columns[0]])
    return np.array(scores)


def random_formulas(count, seed=0):
    """Formulas of every size, grown by variation."""
    state = np.array([seed], np.uint64)
    leaves = np.arange(FEATURE_COUNT)
    child, patch = np.zeros(MAXIMUM_NODES, np.int32), np.zeros(MAXIMUM_NODES + 2, np.int32)
    parents = [child[: draw_fresh(state, leaves, child)].copy()]
    while len(parents) < count:
        parent = parents[below(state, len(parents))]
        donor = parents[below(state, len(parents))]
        if below(state, 3):
            length = mutate(state, parent, len(parent), leaves, patch, child)
        else:
            length = cross(state, parent, len(parent), donor, len(donor), child)
        if length:
            parents.append(child[:length].copy())
    return parents


@pytest.mark.parametrize("aggregation", ["sum", "mean"])
def test_scores_and_fitness_are_those_of_programs(aggregation):
    one = group(networks=60)
    arrays = arrays_of([one], aggregation)
    work = workspace_for(arrays)
    valid = 0
    for codes in random_formulas(200):
        fitness = fitness_of(codes, len(codes), arrays, work)
        scores = expected_scores(codes, one, aggregation)
        tau = kendall_tau(scores, one.accuracies)
        if np.isnan(scores).any() or np.isnan(tau):
            assert fitness == -1.0
            continue
        np.testing.assert_allclose(work.scores, scores, rtol=1e-12, atol=1e-12)
        assert work.taus[0] == pytest.approx(tau, abs=0.003)  # sums in another order may make or break a tie
        assert fitness == abs(work.taus[0])
        valid += 1
    assert valid > 100


def test_every_formula_is_one_whole_tree_within_the_limit():
    sizes = set()
    for codes in random_formulas(3000, seed=1):
        depth = 0
        for code in codes:
            assert code in UNARY or code in BINARY or 0 <= code < FEATURE_COUNT
            depth += 1 - arity(code)
            assert depth >= 1
        assert depth == 1
        assert len(codes) <= MAXIMUM_NODES
        sizes.add(len(codes))
    assert sizes == set(range(1, MAXIMUM_NODES + 1))
