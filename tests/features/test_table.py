import multiprocessing

import numpy as np
import pytest

from eznas.errors import EznasError
from eznas.features.source import BenchmarkSource
from eznas.features.table import SHAKEN_NETWORKS, FeatureTable
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.notation import parse_program
from eznas.ops.plan import Plan
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.evaluator import Evaluator
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.store import StatisticsStore

FORMULAS = ("numel(wt)", "l1_norm(inp_grad.data)", "normalized_sum(sigmoid(log_determinant(sign(inp_grad.noise))))")
FEATURES = [parse_program(text) for text in FORMULAS]
MORE = [parse_program("frobenius_norm(act.data)"), FEATURES[0]]
INDICES = np.array([5, 0, 17, 3])
ALL = np.arange(24)


def table_of(benchmark, folder, indices=INDICES, **settings):
    return FeatureTable(BenchmarkSource(benchmark, **settings), indices, folder)


def computed(benchmark, folder, features=FEATURES, indices=INDICES, threads=2, **settings):
    table = table_of(benchmark, folder, indices, **settings)
    table.compute(features, threads=threads)
    return table.read(features)


def assert_same_bits(one, other):
    for name in ("units", "values", "valid", "roundoff"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture
def collected(monkeypatch):
    """The networks whose statistics are collected, as they are."""
    indices = []
    collect = BenchmarkStatistics.collect

    def noting(source, index):
        indices.append(index)
        return collect(source, index)

    monkeypatch.setattr(BenchmarkStatistics, "collect", noting)
    return indices


def test_the_values_are_those_of_every_program_run_alone(tiny, tmp_path):
    values = computed(tiny, tmp_path, indices=ALL)  # some are shaken, and of some only what is read is collected
    source = BenchmarkStatistics(tiny, 1, 0, CollectionSettings())
    alone, valid = [], []
    for index in ALL:
        statistics = source.collect(int(index))
        numbers = [
            evaluate_plan(
                Plan.of([feature]),
                statistics.values,
                statistics.offsets,
                statistics.shapes,
                statistics.axes,
                "mean",
            )
            for feature in FEATURES
        ]
        alone.append([one[:, -1] for one, _, _ in numbers])
        valid.append([one[:, -1] for _, one, _ in numbers])
    np.testing.assert_array_equal(values.values, np.concatenate(alone, axis=1))
    np.testing.assert_array_equal(values.valid, np.concatenate(valid, axis=1))


def test_the_sum_over_units_is_the_score_that_the_evaluator_gives(tiny, tmp_path):
    values = computed(tiny, tmp_path)
    source = BenchmarkStatistics(tiny, 1, 0, CollectionSettings())
    with StatisticsStore(4, lambda n: source.collect(int(INDICES[n])), 2**30, 1) as store:
        scores = Evaluator(store, aggregation="sum").scores(FEATURES)
    starts = np.cumsum(values.units) - values.units
    assert values.valid.all()
    np.testing.assert_allclose(np.add.reduceat(values.values.astype(float), starts, axis=1), scores, rtol=1e-12)


def test_the_values_do_not_depend_on_the_threads(tiny, tmp_path):
    assert_same_bits(computed(tiny, tmp_path / "a", threads=1), computed(tiny, tmp_path / "b", threads=3))


def test_what_is_there_is_read_and_not_computed_again(tiny, tmp_path, collected):
    first = computed(tiny, tmp_path)
    assert sorted(collected) == sorted(INDICES)
    collected.clear()
    assert_same_bits(computed(tiny, tmp_path), first)
    assert collected == []


def test_other_networks_and_features_find_what_is_there(tiny, tmp_path, collected):
    computed(tiny, tmp_path)
    collected.clear()
    others = np.array([3, 8, 5])
    table = table_of(tiny, tmp_path, others)
    assert table.unfinished(FEATURES) == [8]
    assert table.unfinished(MORE) == [3, 8, 5]
    grown = computed(tiny, tmp_path, indices=others)
    assert collected == [8]
    assert_same_bits(grown, computed(tiny, tmp_path / "alone", indices=others))
    assert_same_bits(computed(tiny, tmp_path, MORE, others), computed(tiny, tmp_path / "more", MORE, others))


def test_the_effect_of_roundoff_depends_on_the_networks_and_not_on_what_was_computed_before(tiny, tmp_path):
    assert len(ALL) > SHAKEN_NETWORKS
    some = ALL[3:21]
    alone = computed(tiny, tmp_path / "alone", indices=some)
    computed(tiny, tmp_path / "grown", indices=ALL[:6])
    computed(tiny, tmp_path / "grown", indices=ALL)
    assert_same_bits(computed(tiny, tmp_path / "grown", indices=some), alone)
    backwards = computed(tiny, tmp_path / "grown", indices=some[::-1])
    np.testing.assert_array_equal(backwards.roundoff, alone.roundoff)
    np.testing.assert_array_equal(backwards.values[:, : backwards.units[0]], alone.values[:, -alone.units[-1] :])
    assert alone.roundoff[0] == 0
    assert alone.roundoff[1] > 0


def test_a_larger_choice_shakes_no_network_that_it_would_not_collect_anyway(tiny, tmp_path, collected):
    computed(tiny, tmp_path, indices=ALL[:18])
    collected.clear()
    computed(tiny, tmp_path, indices=ALL)
    assert sorted(collected) == list(range(18, 24))


@pytest.mark.parametrize("networks_done", [1, 3])
def test_an_interrupted_computation_goes_on_to_the_same_bits(tiny, tmp_path, collected, networks_done):
    whole = computed(tiny, tmp_path / "whole")
    torn = table_of(tiny, tmp_path / "torn")

    def interrupt(done, _count):
        if done == networks_done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        torn.compute(FEATURES, interrupt, threads=1)
    before = len(torn.unfinished(FEATURES))
    assert before <= len(INDICES) - networks_done
    collected.clear()
    assert_same_bits(computed(tiny, tmp_path / "torn"), whole)
    assert len(collected) == before
    assert not list((tmp_path / "torn").rglob(".*"))


def compute_in_process(benchmark_path, folder, indices):
    from eznas import benchmarks

    benchmark = benchmarks.load(benchmark_path)
    computed(benchmark, folder, indices=indices)


def test_two_processes_at_once_agree(tmp_path):
    from tiny_benchmark import write_tiny_benchmark

    from eznas import benchmarks

    path = str(write_tiny_benchmark(tmp_path))
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=compute_in_process, args=(path, tmp_path / "cache", indices))
        for indices in (ALL[:16], ALL[8:])
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    benchmark = benchmarks.load(path)
    assert table_of(benchmark, tmp_path / "cache", ALL).unfinished([]) == []
    table = table_of(benchmark, tmp_path / "cache", ALL[:16])
    assert table.unfinished(FEATURES) == []
    assert_same_bits(table.read(FEATURES), computed(benchmark, tmp_path / "alone", indices=ALL[:16]))
    assert not list((tmp_path / "cache").rglob("*-*.lock"))


@pytest.mark.parametrize("ending", [".values.npy", ".moves.npy"])
def test_a_damaged_file_is_computed_again(tiny, tmp_path, collected, ending):
    whole = computed(tiny, tmp_path)
    (file,) = tmp_path.rglob(f"{INDICES[0]:06d}-*{ending}")
    file.write_bytes(file.read_bytes()[:-1])
    collected.clear()
    assert_same_bits(computed(tiny, tmp_path), whole)
    assert collected == [INDICES[0]]


def test_what_was_not_computed_is_not_read(tiny, tmp_path):
    table = table_of(tiny, tmp_path)
    with pytest.raises(EznasError, match="lacks features"):
        table.read(FEATURES)
    table.compute(FEATURES)
    with pytest.raises(EznasError, match="lacks features"):
        table.read(MORE)


def test_progress_counts_the_networks_that_are_there(tiny, tmp_path):
    computed(tiny, tmp_path, indices=INDICES[:2])
    told = []
    table_of(tiny, tmp_path).compute(FEATURES, lambda done, count: told.append((done, count)))
    assert told == [(3, 4), (4, 4)]


@pytest.mark.parametrize("settings", [{"seed": 1}, {"batch_size": 2}, {"collection": CollectionSettings(unit="C-B-R")}])
def test_other_settings_have_another_table(tiny, tmp_path, settings):
    one = table_of(tiny, tmp_path)
    assert table_of(tiny, tmp_path, **settings).path != one.path
    assert table_of(tiny, tmp_path, INDICES[:2]).path == one.path


def test_a_tensor_is_no_feature(tiny, tmp_path):
    with pytest.raises(ValueError, match="as_feature"):
        computed(tiny, tmp_path, [parse_program("sign(wt)")])


def test_the_size_on_disk_is_bounded(tiny, tmp_path):
    first = table_of(tiny, tmp_path)
    first.compute(FEATURES)
    second = table_of(tiny, tmp_path, seed=1)
    second.compute(FEATURES, maximum_bytes=1)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [second.path]
