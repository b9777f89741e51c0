from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from synthetic_statistics import statistics, store

from eznas import genomes
from eznas.ops.notation import parse_program
from eznas.ops.plan import LOAD
from eznas.ops.reference import run_program
from eznas.scoring import evaluator as evaluator_module
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.plan_evaluation import run_plan
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.unit_sample import UnitSamples
from eznas.terminals import TERMINAL_COUNT

NETWORKS = 6


def formulas(*texts):
    return [parse_program(text) for text in texts]


def random_programs(count, seed):
    kind = genomes.get("tree")
    rng = np.random.default_rng(seed)
    return [kind.genome.random(rng, kind.settings()).compile() for _ in range(count)]


def by_reference(program, network, to_scalar, aggregation):
    """The score by the PyTorch reference, unit by unit."""
    numbers = []
    described = statistics(network)
    for unit in range(described.units):
        tensors = [torch.from_numpy(described.tensor(unit, address).copy()) for address in range(TERMINAL_COUNT)]
        result = run_program(program, tensors)
        if result is not None:
            numbers.append(float(result.mean() if to_scalar == "mean" else torch.linalg.vector_norm(result)))
    if not numbers or not np.isfinite(numbers).all():
        return np.nan
    return float(np.mean(numbers) if aggregation == "mean" else np.sum(numbers))


@pytest.mark.parametrize("to_scalar", ["mean", "l2"])
@pytest.mark.parametrize("aggregation", ["mean", "sum"])
def test_scores_are_those_of_the_reference(to_scalar, aggregation):
    programs = formulas(
        "sigmoid(inp.data)",
        "normalized_sum(inp_grad.data) - l1_norm(wt)",
        "abs_log(wt * wt_grad.noise)",
        "wt @ wt",
        "wt + inp.data",  # shapes that no unit of these networks has in common
        "log_determinant(wt)",
        "wt",
    )
    scores = Evaluator(store(NETWORKS), to_scalar, aggregation).scores(programs)
    expected = [[by_reference(program, n, to_scalar, aggregation) for n in range(NETWORKS)] for program in programs]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    assert np.isnan(scores[4]).all()


@pytest.mark.parametrize("to_scalar", ["mean", "l2"])
def test_what_is_remembered_changes_no_bit(to_scalar):
    """A negative number below an l2 norm is the trap: remembered as a norm, it would lose its sign."""
    first = formulas("normalized_sum(inp.data)", "normalized_sum(wt) * normalized_sum(wt)")
    second = formulas(
        "exp(normalized_sum(inp.data))", "normalized_sum(inp.data) - inp.noise", "normalized_sum(wt) < inp.data"
    )
    warm = Evaluator(store(NETWORKS), to_scalar)
    warm.scores(first)
    cold = Evaluator(store(NETWORKS), to_scalar)
    np.testing.assert_array_equal(warm.scores(second), cold.scores(second))
    np.testing.assert_array_equal(warm.scores(first), cold.scores(first))


@pytest.mark.parametrize("cache_bytes", [2**28, 3000, 0])
def test_determinants_that_are_remembered_change_no_bit(cache_bytes):
    first = formulas("l1_norm(log_determinant(inp.data))", "determinant(wt)", "determinant(wt @ wt) + wt")
    second = formulas(
        "sigmoid(log_determinant(inp.data))",
        "exp(determinant(wt)) * log_determinant(inp.data)",
        "determinant(wt @ wt) @ act.data",
        "numel(log_determinant(inp.noise))",
    )
    warm, cold = (Evaluator(store(NETWORKS), cache_bytes=cache_bytes) for _ in range(2))
    warm.scores(first)
    np.testing.assert_array_equal(warm.scores(second), cold.scores(second))
    np.testing.assert_array_equal(warm.scores(first), cold.scores(first))
    np.testing.assert_array_equal(warm.scores([*second, *first]), cold.scores([*second, *first]))


def test_a_determinant_is_computed_once(monkeypatch):
    sizes = []

    def counting(plan, *arguments):
        sizes.append((plan.size, LOAD in plan.operation))
        return run_plan(plan, *arguments)

    monkeypatch.setattr(evaluator_module, "run_plan", counting)
    evaluator = Evaluator(store(1, workers=1))
    evaluator.scores(formulas("abs(determinant(sigmoid(inp.data)))"))
    evaluator.scores(formulas("sign(determinant(sigmoid(inp.data)))"))
    assert sizes == [(3, False), (2, True)]


@pytest.mark.parametrize(
    ("memory", "workers", "cache_bytes"), [(2**30, 1, 2**28), (0, 3, 2**28), (2**30, 2, 0), (2**30, 2, 400)]
)
def test_threads_memory_and_cache_change_no_bit(memory, workers, cache_bytes):
    batches = [random_programs(30, seed) for seed in range(3)]
    expected = [Evaluator(store(NETWORKS)).scores(batch) for batch in batches]
    with store(NETWORKS, memory, workers) as kept_elsewhere:
        evaluator = Evaluator(kept_elsewhere, cache_bytes=cache_bytes)
        for batch, scores in zip(batches, expected, strict=True):
            np.testing.assert_array_equal(evaluator.scores(batch), scores)


def test_company_changes_no_bit():
    programs = random_programs(40, seed=7)
    together = Evaluator(store(NETWORKS)).scores(programs)
    alone = np.concatenate([Evaluator(store(NETWORKS)).scores([program]) for program in programs])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_program_that_is_given_up_has_no_score_and_others_keep_every_bit(workers):
    programs = [*random_programs(60, seed=3), *formulas("invert(zeros_like(wt))", "wt", "numel(wt)")]
    expected = Evaluator(store(NETWORKS)).scores(programs)
    complete = np.isfinite(expected).all(axis=1)
    assert 0 < complete.sum() < len(programs) - 1
    evaluator = Evaluator(store(NETWORKS, workers=workers))
    for _ in range(2):  # the second time with what the first one remembered
        scores = evaluator.scores(programs, only_complete=True)
        np.testing.assert_array_equal(scores[complete], expected[complete])
        assert np.isnan(scores[~complete]).all()
    np.testing.assert_array_equal(evaluator.scores(programs), expected)


@pytest.mark.parametrize("per_shape", [1, 2])
def test_a_sample_of_units_gives_the_scores_of_that_sample(per_shape):
    programs = [*random_programs(20, seed=8), *formulas("wt", "numel(wt)")]
    estimating = Evaluator(store(NETWORKS), units_per_shape=per_shape)
    of_samples = StatisticsStore(
        NETWORKS, lambda network: UnitSamples(per_shape).of(network, statistics(network)), 2**30, 1
    )
    expected = Evaluator(of_samples).scores(programs)
    for _ in range(2):
        np.testing.assert_array_equal(estimating.scores(programs), expected)
    assert not np.array_equal(expected, Evaluator(store(NETWORKS)).scores(programs), equal_nan=True)


def test_units_count_as_often_as_they_stand_for_others_remembered_or_not():
    def sampled(network):
        described = statistics(network)
        return replace(described, stands_for=np.arange(1.0, described.units + 1))

    def repeated(network):
        described = statistics(network)
        chosen = np.repeat(np.arange(described.units), np.arange(1, described.units + 1))
        return replace(
            described,
            offsets=described.offsets[chosen],
            shapes=described.shapes[chosen],
            axes=described.axes[chosen],
        )

    programs = formulas("normalized_sum(inp.data)", "exp(wt)", "numel(wt) * l1_norm(act.noise)")
    expected = Evaluator(StatisticsStore(4, repeated, 2**30, 1)).scores(programs)
    evaluator = Evaluator(StatisticsStore(4, sampled, 2**30, 1))
    for _ in range(2):
        np.testing.assert_allclose(evaluator.scores(programs), expected)
    np.testing.assert_allclose(evaluator.scores(formulas("normalized_sum(inp.data)")), expected[:1])


class FirstOnes:
    """Lets the first programs go on, and remembers what it saw."""

    def __init__(self, networks, count):
        self.networks, self.count, self.seen = np.array(networks), count, None

    def choose(self, programs, scores):
        self.seen = programs, scores
        return np.arange(len(programs)) < self.count


@pytest.mark.parametrize("workers", [1, 3])
def test_after_a_race_only_the_chosen_have_scores_and_those_keep_every_bit(workers):
    programs = [*random_programs(30, seed=4), *formulas("numel(wt)", "wt")]
    expected = Evaluator(store(NETWORKS)).scores(programs)
    evaluator = Evaluator(store(NETWORKS, workers=workers))
    for _ in range(2):
        race = FirstOnes([1, 4], 7)
        scores = evaluator.scores(programs, only_complete=True, races=[race])
        left, of_race = race.seen
        np.testing.assert_array_equal(of_race, expected[left][:, [1, 4]])
        complete = [one for one in left[:7] if np.isfinite(expected[one]).all()]
        assert 0 < len(complete) < len(left)
        np.testing.assert_array_equal(scores[complete], expected[complete])
        assert np.isnan(np.delete(scores, complete, axis=0)).all()
    np.testing.assert_array_equal(evaluator.scores(programs), expected)


def test_a_second_race_is_among_those_that_the_first_chose():
    programs = formulas("wt", "abs(wt)", "exp(wt)", "sign(wt)", "power(wt)")
    expected = Evaluator(store(NETWORKS)).scores(programs)
    races = FirstOnes([4], 3), FirstOnes([1, 4], 2)
    scores = Evaluator(store(NETWORKS)).scores(programs, races=races)
    assert [race.seen[0].tolist() for race in races] == [[0, 1, 2, 3, 4], [0, 1, 2]]
    np.testing.assert_array_equal(races[1].seen[1], expected[:3][:, [1, 4]])
    np.testing.assert_array_equal(scores[:2], expected[:2])
    assert np.isnan(scores[2:]).all()


@pytest.mark.parametrize("units_per_shape", [0, 1])
def test_rounded_up_scores_are_the_same_but_for_rounding(units_per_shape):
    programs = formulas("l1_norm(exp(wt))", "numel(wt)", "sign(determinant(wt / wt + wt / wt))", "wt - inp.data")
    evaluator = Evaluator(store(NETWORKS), units_per_shape=units_per_shape)
    nearest = evaluator.scores(programs)
    upward = evaluator.rounded_up(programs, [4, 1])
    np.testing.assert_allclose(upward[:2], nearest[:2][:, [4, 1]], rtol=1e-6)
    assert (upward[0] > nearest[0, [4, 1]]).all()
    np.testing.assert_array_equal(np.isnan(upward), np.isnan(nearest[:, [4, 1]]))
    np.testing.assert_array_equal(evaluator.scores(programs), nearest)


def test_a_program_that_is_given_up_is_not_computed_again(monkeypatch):
    sizes = []

    def counting(plan, *arguments):
        sizes.append(plan.size)
        return run_plan(plan, *arguments)

    monkeypatch.setattr(evaluator_module, "run_plan", counting)
    programs = formulas("exp(wt)", "exp(abs(abs(wt)) - abs(wt))", "invert(zeros_like(wt))")
    Evaluator(store(3, workers=1)).scores(programs, only_complete=True)
    assert sizes == [6, 4, 4]


def test_a_network_without_units_gives_no_program_up():
    def collect(network):
        return NetworkStatistics.without_tensors("empty") if network == 0 else statistics(network)

    with StatisticsStore(2, collect, memory_bytes=2**30, workers=1) as networks:
        evaluator = Evaluator(networks)
        scores = evaluator.scores(formulas("wt"), only_complete=True)
    assert np.isfinite(scores).tolist() == [[False, True]]
    assert evaluator.unscorable.tolist() == [True, False]


def test_networks_are_left_alone_when_every_number_is_remembered():
    collected = []

    def collect(network):
        collected.append(network)
        return statistics(network)

    with StatisticsStore(NETWORKS, collect, memory_bytes=0, workers=2, reuse=False) as counting:
        evaluator = Evaluator(counting)
        evaluator.scores(formulas("frobenius_norm(inp.data)"))
        assert sorted(collected) == list(range(NETWORKS))
        evaluator.scores(formulas("log(frobenius_norm(inp.data))"))
        assert len(collected) == NETWORKS


def test_progress_counts_networks():
    seen = []
    Evaluator(store(3)).scores(formulas("numel(wt)"), lambda done, count: seen.append((done, count)))
    assert seen == sorted(seen)
    assert seen[-1] == (3, 3)


def test_no_programs_give_no_rows():
    assert Evaluator(store(3)).scores([]).shape == (0, 3)
