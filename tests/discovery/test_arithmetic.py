import numpy as np
import pytest
from small_problem import FEATURE_COUNT, group, random_formulas

from eznas.correlation.rank_correlation import kendall_tau
from eznas.discovery.alphabet import alphabet_of
from eznas.discovery.codes import ADDED, SUBTRACTED, arity, is_join, term_spans, to_terms
from eznas.discovery.fitness import INVALID, fitness_of, workspace_for
from eznas.discovery.limits import MAXIMUM_NODES, MAXIMUM_TERMS
from eznas.discovery.problem import arrays_of
from eznas.discovery.variation import drop_term
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.notation import parse_program
from eznas.ops.plan import Plan
from eznas.ops.unit_tensors import UnitTensors
from eznas.scoring.aggregation import aggregate_columns, join_terms
from eznas.scoring.ties import tied

STAND_INS = [parse_program(f"numel({name})") for name in ("wt", "inp.data", "pre.data", "act.data", "act.noise")]


COLUMNS = {feature.digests[-1]: row for row, feature in enumerate(STAND_INS)}


def expected_scores(codes, one, aggregation):
    """The scores as the interpreter and the scoring of programs compute them."""
    terms = to_terms(codes, STAND_INS)
    # A plan that loads the features, so that the interpreter computes what `score_networks` should.
    plan = Plan.of([term.program for term in terms], cached=COLUMNS)
    scores = []
    for end, units in zip(np.cumsum(one.units), one.units, strict=True):
        span = slice(end - units, end)
        empty = np.zeros((units, 22), np.int64)
        values, valid, _ = evaluate_plan(
            plan,
            np.empty(0, np.float32),
            empty,
            np.ones((units, 22, 4), np.int64),
            empty,
            "mean",
            UnitTensors.of_numbers(one.values[:, span].T, one.valid[:, span].T),
        )
        aggregates = aggregate_columns(values, valid, aggregation)[plan.root_columns]
        scores.append(join_terms(aggregates, np.array([term.sign for term in terms], float)))
    return np.array(scores)


@pytest.mark.parametrize("terms", [1, 3])
@pytest.mark.parametrize("aggregation", ["sum", "mean"])
def test_scores_and_fitness_are_those_of_programs(aggregation, terms):
    one = group(networks=60)
    arrays = arrays_of([one], aggregation)
    work = workspace_for(arrays)
    valid = 0
    for codes in random_formulas(200, terms=terms):
        fitness = fitness_of(codes, len(codes), arrays, work)
        scores = expected_scores(codes, one, aggregation)
        tau = kendall_tau(tied(scores), one.accuracies)
        if np.isnan(scores).any() or np.isnan(tau):
            assert fitness == INVALID
            continue
        np.testing.assert_allclose(work.scores, scores, rtol=1e-12, atol=1e-12)
        assert work.taus[0] == tau
        assert fitness == abs(work.taus[0])
        valid += 1
    assert valid > 100


def test_every_formula_is_one_whole_tree_within_the_limit():
    sizes = set()
    alphabet = alphabet_of(np.arange(FEATURE_COUNT))
    for codes in random_formulas(3000, seed=1):
        depth = 0
        for code in codes:
            assert code in (*alphabet.unary, *alphabet.binary) or 0 <= code < FEATURE_COUNT
            depth += 1 - arity(code)
            assert depth >= 1
        assert depth == 1
        assert len(codes) <= MAXIMUM_NODES
        sizes.add(len(codes))
    assert sizes == set(range(1, MAXIMUM_NODES + 1))


@pytest.mark.parametrize("most", [2, 3])
def test_variation_adds_and_drops_terms_and_keeps_joins_at_the_root(most):
    counts = set()
    spans = np.empty((MAXIMUM_TERMS, 3), np.int64)
    for codes in random_formulas(3000, seed=3, terms=most):
        count = term_spans(codes, len(codes), spans)
        assert spans[0, 0] == 0
        assert sum(is_join(code) for code in codes) == count - 1
        assert not any(is_join(code) for start, end, _ in spans[:count] for code in codes[start:end])
        assert len(codes) <= MAXIMUM_NODES
        counts.add(count)
    assert counts == set(range(1, most + 1))


def test_the_signs_of_terms_against_each_other_stay_when_one_is_dropped():
    codes = np.array([0, 1, SUBTRACTED, 2, ADDED], np.int32)
    kept = set()
    for seed in range(20):
        into = np.zeros(MAXIMUM_NODES, np.int32)
        length = drop_term(np.array([seed], np.uint64), codes, len(codes), into)
        kept.add(tuple(into[:length].tolist()))
    assert kept == {(0, 1, SUBTRACTED), (0, 2, ADDED), (1, 2, SUBTRACTED)}
    assert drop_term(np.array([0], np.uint64), codes[:1], 1, into) == 0
