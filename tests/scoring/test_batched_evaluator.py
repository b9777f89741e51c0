"""The batched evaluator, on CPU tensors and, where there is one, on a GPU."""

import importlib.util
import sys
from functools import cache, partial
from pathlib import Path

import numpy as np
import own_operations  # noqa: F401  registers them
import pytest
import torch
from synthetic_statistics import statistics, store

from eznas import benchmarks, genomes
from eznas.ops import batched
from eznas.ops.batched_plan import BatchedPlan, units_per_batch
from eznas.ops.catalogue import OPERATIONS
from eznas.ops.equivalence import simplified
from eznas.ops.notation import format_program, parse_program
from eznas.ops.plan import Plan
from eznas.runs.run import Run
from eznas.runs.settings import RunSettings
from eznas.scoring import batched_evaluator, unit_blocks
from eznas.scoring.batched_evaluator import BatchedEvaluator, evaluator_on
from eznas.scoring.evaluator import Evaluator, unit_numbers
from eznas.statistics.collect import collect, make_inputs
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import Layout, NetworkStatistics
from eznas.terminals import TERMINAL_COUNT

NETWORKS = 6
ALL = frozenset(range(TERMINAL_COUNT))
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))]
OWN = ["l1_norm(test_cube(sigmoid(act.data)))", "test_spread(act.noise) * test_energy", "l1_norm(test_square_only(wt))"]


def formulas(*texts):
    return [parse_program(text) for text in texts]


def random_programs(count, seed):
    rng = np.random.default_rng(seed)
    kinds = [genomes.get(name) for name in ("tree", "sequential")]
    drawn = [kind.genome.random(rng, kind.settings()).compile() for kind in kinds for _ in range(count)]
    return [program for program in drawn if program.is_well_formed]


def assert_agree(actual, expected):
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    np.testing.assert_allclose(actual, expected, rtol=1e-4)


@pytest.mark.parametrize("to_scalar", ["mean", "l2"])
@pytest.mark.parametrize("aggregation", ["mean", "sum"])
def test_scores_are_those_of_the_compiled_evaluator(to_scalar, aggregation):
    programs = [*formulas("wt", "numel(wt)", "wt + inp.data", "log(wt)"), *random_programs(40, 0)]
    scores = BatchedEvaluator(store(NETWORKS), "cpu", to_scalar, aggregation).scores(programs)
    assert_agree(scores, Evaluator(store(NETWORKS), to_scalar, aggregation).scores(programs))
    assert np.isnan(scores[2]).all()


def test_a_sample_of_units_and_a_race_are_those_of_the_compiled_evaluator():
    class FirstFew:
        networks = np.array([0, 2])

        def choose(self, programs, scores):
            assert scores.shape == (len(programs), 2)
            return np.arange(len(programs)) < 5

    programs = [*formulas("wt", "numel(wt)"), *random_programs(20, 3)]
    with_options = {"only_complete": True, "races": [FirstFew()]}
    actual = evaluator_on("cpu", store(NETWORKS), "mean", "sum", 1, units_per_shape=1).scores(programs, **with_options)
    batched = BatchedEvaluator(store(NETWORKS), "cpu", "mean", "sum", units_per_shape=1)
    for _ in range(2):
        assert_agree(batched.scores(programs, **with_options), actual)
    assert 0 < np.isfinite(actual).all(axis=1).sum() <= 5
    full = Evaluator(store(NETWORKS), "mean", "sum").scores(programs)
    assert not np.allclose(actual[:2], full[:2])


def test_rounded_up_scores_are_those_of_the_compiled_evaluator():
    programs = [*formulas("l1_norm(exp(wt))", "numel(wt)"), *random_programs(10, 3)]
    compiled = Evaluator(store(NETWORKS), "mean", "sum", units_per_shape=1).rounded_up(programs, [2, 0])
    batched = BatchedEvaluator(store(NETWORKS), "cpu", "mean", "sum", units_per_shape=1)
    np.testing.assert_array_equal(batched.rounded_up(programs, [2, 0]), compiled)


@pytest.mark.parametrize("to_scalar", ["mean", "l2"])
def test_what_is_remembered_changes_no_bit(to_scalar):
    first = formulas("normalized_sum(inp.data)", "normalized_sum(wt) * normalized_sum(wt)")
    second = formulas(
        "exp(normalized_sum(inp.data))", "normalized_sum(inp.data) - inp.noise", "normalized_sum(wt) < inp.data"
    )
    warm = BatchedEvaluator(store(NETWORKS), "cpu", to_scalar)
    warm.scores(first)
    for programs in (second, first, second[:1]):
        np.testing.assert_array_equal(
            warm.scores(programs), BatchedEvaluator(store(NETWORKS), "cpu", to_scalar).scores(programs)
        )


@pytest.mark.parametrize("device", DEVICES)
def test_company_workers_and_cache_change_no_bit(device):
    batches = [random_programs(15, seed) for seed in range(2)]
    together = BatchedEvaluator(store(NETWORKS), device).scores([*batches[0], *batches[1]])
    evaluator = BatchedEvaluator(store(NETWORKS, workers=4), device, cache_bytes=400, threads=3)
    apart = [evaluator.scores(batch) for batch in batches]
    np.testing.assert_array_equal(np.concatenate(apart), together)


@pytest.mark.parametrize("device", DEVICES)
def test_programs_are_given_up_as_by_the_compiled_evaluator(device):
    programs = [*random_programs(40, seed=3), *formulas("invert(zeros_like(wt))", "wt", "numel(wt)")]
    everything = BatchedEvaluator(store(NETWORKS), device).scores(programs)
    complete = np.isfinite(everything).all(axis=1)
    assert 0 < complete.sum() < len(programs) - 1
    evaluator = BatchedEvaluator(store(NETWORKS), device)
    for _ in range(2):
        scores = evaluator.scores(programs, only_complete=True)
        np.testing.assert_array_equal(scores[complete], everything[complete])
        assert np.isnan(scores[~complete]).all()
    assert_agree(scores, Evaluator(store(NETWORKS)).scores(programs, only_complete=True))


def test_what_is_given_up_on_the_first_network_is_not_computed_on_the_others(monkeypatch):
    sizes = []
    run = BatchedEvaluator._numbers

    def noting(self, plan, *arguments):
        sizes.append(plan.size)
        return run(self, plan, *arguments)

    monkeypatch.setattr(BatchedEvaluator, "_numbers", noting)
    programs = formulas("exp(wt)", "exp(abs(abs(wt)) - abs(wt))", "invert(zeros_like(wt))")
    BatchedEvaluator(store(3), "cpu").scores(programs, only_complete=True)
    assert sizes == [6, 4]


def test_what_reads_a_remembered_number_runs_on_as_many_units_as_if_it_were_computed(monkeypatch):
    """On a GPU, how many units run at a time can decide the last bit."""
    elements = 640
    monkeypatch.setattr(batched_evaluator, "BatchedPlan", partial(BatchedPlan, batch_elements=elements))
    monkeypatch.setattr(unit_blocks, "units_per_batch", partial(units_per_batch, batch_elements=elements))
    units_of = []
    apply = batched.apply

    def noting(operation, *arguments, threads):
        units_of.append((OPERATIONS[operation].name, len(arguments[0])))
        return apply(operation, *arguments, threads=threads)

    def wide(network):
        layout = Layout.of([{"wt": (6, 5, 1, 1), "inp": (1, 5, 4, 4), "pre": (5,), "act": (5,)}] * 4, ALL)
        values = np.random.default_rng(network).standard_normal(layout.size, np.float32)
        return NetworkStatistics("", values, layout.offsets, layout.shapes, layout.axes)

    monkeypatch.setattr(batched, "apply", noting)
    distance, above = formulas("hamming_distance(wt, inp.data)", "exp(hamming_distance(wt, inp.data))")
    cold = BatchedEvaluator(StatisticsStore(3, wide, 2**30, 1), "cpu")
    expected = cold.scores([above])
    computed = [entry for entry in units_of if entry[0] == "exp"]
    assert computed == [("exp", 1)] * 12
    warm = BatchedEvaluator(StatisticsStore(3, wide, 2**30, 1), "cpu")
    warm.scores([distance])
    units_of.clear()
    np.testing.assert_array_equal(warm.scores([above]), expected)
    assert units_of == computed


def without_units_at(*numbers):
    def collected(network):
        return NetworkStatistics.without_tensors("empty") if network in numbers else statistics(network)

    return StatisticsStore(3, collected, memory_bytes=2**30, workers=2)


@pytest.mark.parametrize("empty", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_networks_without_units(empty):
    programs = formulas("wt", "exp(l1_norm(wt))", "test_energy")
    evaluator = BatchedEvaluator(without_units_at(*empty), "cpu")
    scores = evaluator.scores(programs, only_complete=True)
    assert_agree(scores, Evaluator(without_units_at(*empty)).scores(programs, only_complete=True))
    assert np.flatnonzero(evaluator.unscorable).tolist() == list(empty)


def test_own_operations_have_the_numbers_of_the_compiled_evaluator():
    programs = formulas(*OWN, "l1_norm(wt)")
    evaluator = BatchedEvaluator(store(4), "cpu")
    expected = Evaluator(store(4)).scores(programs)
    assert_agree(evaluator.scores(programs[:1]), expected[:1])
    assert_agree(evaluator.scores(programs), expected)


def test_statistics_are_taken_from_the_store_once():
    collected = []

    def collect_noting(network):
        collected.append(network)
        return statistics(network)

    with StatisticsStore(NETWORKS, collect_noting, memory_bytes=0, workers=2, reuse=False) as counting:
        evaluator = BatchedEvaluator(counting, "cpu")
        evaluator.scores(formulas("frobenius_norm(inp.data)"))
        evaluator.scores(formulas("abs(inp.data)"))
    assert sorted(collected) == list(range(NETWORKS))


def test_progress_counts_networks():
    evaluator = BatchedEvaluator(store(3), "cpu")
    for text in ("numel(wt)", "wt"):  # while statistics are collected, and afterwards
        seen = []
        evaluator.scores(formulas(text), lambda done, count, seen=seen: seen.append((done, count)))
        assert seen == [(1, 3), (2, 3), (3, 3)]


def test_no_programs_give_no_rows():
    assert BatchedEvaluator(store(3), "cpu").scores([]).shape == (0, 3)


def test_every_device_has_its_evaluator():
    assert type(evaluator_on("cpu", store(1), "mean", "mean", threads=1)) is Evaluator
    assert type(evaluator_on("cuda:3", store(1), "mean", "mean", threads=1)) is BatchedEvaluator


@cache
def agreement():
    """The study that tells a real disagreement from one where float32 does not determine the number."""
    spec = importlib.util.spec_from_file_location("agreement", Path(__file__).parents[2] / "bench" / "agreement.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@cache
def real_networks():
    """Statistics of three small networks of the embedded benchmark."""
    benchmark = benchmarks.load("digits")
    rng = np.random.default_rng(0)
    inputs = make_inputs(torch.from_numpy(benchmark.image_batch(2, rng)), 0)
    return [collect(benchmark.build(int(index)), inputs, copy=False) for index in benchmark.sample(3, rng)]


def store_of(networks):
    return StatisticsStore(len(networks), networks.__getitem__, memory_bytes=2**30, workers=1)


def disagreement(program, network, device):
    """What the study calls the unit of a network on which the evaluators differ most."""
    study, plan = agreement(), Plan.of([simplified(program)])
    values, valid = unit_numbers(plan, network, "mean")
    alone = BatchedEvaluator(store_of([network]), device)
    recorded = alone._numbers(plan, alone._collected(None).first, 0, network.units, [], {})
    numbers, device_valid = (part[:, plan.root_columns[0]] for part in recorded)
    np.testing.assert_array_equal(device_valid, valid[:, 0])
    kinds = []
    for unit in np.flatnonzero(~np.isclose(numbers, values[:, 0], rtol=1e-4, equal_nan=True) & device_valid):
        tensors = [torch.from_numpy(np.array(network.tensor(unit, address))) for address in range(TERMINAL_COUNT)]
        for number in (numbers[unit], values[unit, 0]):
            rng = np.random.default_rng(0)
            kinds.append(study.compare(program, float(number), tensors, "mean", rng, study.Tally()))
    return max(kinds, key=study.SEVERITY.index, default=study.AGREE)


@pytest.mark.parametrize("device", DEVICES)
def test_populations_on_real_networks_agree_where_float32_determines_the_number(device):
    networks = real_networks()
    programs = random_programs(60, seed=5)
    scores = BatchedEvaluator(store_of(networks), device).scores(programs)
    expected = Evaluator(store_of(networks)).scores(programs)
    differing = ~np.isclose(scores, expected, rtol=1e-4, equal_nan=True)
    assert differing.any(axis=1).mean() < 0.1
    for number, network in zip(*np.nonzero(differing), strict=True):
        kind = disagreement(programs[number], networks[network], device)
        assert kind != agreement().REAL, format_program(programs[number])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_where_statistics_are_kept_changes_no_bit_on_a_gpu():
    programs = random_programs(40, seed=6)
    expected = BatchedEvaluator(store_of(real_networks()), "cuda").scores(programs)
    for device_bytes in (0, real_networks()[0].nbytes):
        evaluator = BatchedEvaluator(store_of(real_networks()), "cuda", device_bytes=device_bytes)
        np.testing.assert_array_equal(evaluator.scores(programs), expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_run_on_a_gpu_repeats_itself(tmp_path):
    quick = {"networks": 8, "held_out": 8, "generations": 2, "population": 12, "mu": 6, "lambda": 12, "threads": 2}
    settings = RunSettings.from_mapping({**quick, "benchmark": "digits", "device": "cuda"})
    views = []
    for name in ("one", "two"):
        with Run.start(settings, tmp_path / name) as run:
            run.execute()
        views.append([(tmp_path / name / file).read_bytes() for file in ("hall_of_fame.json", "history.jsonl")])
    assert views[0] == views[1]
