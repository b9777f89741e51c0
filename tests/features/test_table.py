import multiprocessing

import numpy as np
import pytest

from eznas.features import table as table_module
from eznas.features.streaming import stream
from eznas.features.table import FeatureTable
from eznas.ops.notation import parse_program
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.evaluator import Evaluator
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.store import StatisticsStore

FORMULAS = ("numel(wt)", "l1_norm(inp_grad.data)", "normalized_sum(sigmoid(log_determinant(sign(inp_grad.noise))))")
FEATURES = [parse_program(text) for text in FORMULAS]
MORE = [parse_program("frobenius_norm(act.data)"), FEATURES[0]]
INDICES = np.array([5, 0, 17, 3])


def computed(benchmark, folder, features=FEATURES, threads=2, **settings):
    table = FeatureTable(benchmark, INDICES, folder=folder, **settings)
    table.compute(features, threads=threads)
    return table.read(features)


def assert_same_bits(one, other):
    for name in ("units", "values", "valid", "roundoff"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


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


def test_what_is_there_is_read_and_not_computed_again(tiny, tmp_path, monkeypatch):
    first = computed(tiny, tmp_path)
    monkeypatch.setattr(table_module, "stream", lambda *_: pytest.fail("computed again"))
    assert_same_bits(computed(tiny, tmp_path), first)


def test_new_features_are_added_and_old_ones_stay(tiny, tmp_path):
    first = computed(tiny, tmp_path)
    table = FeatureTable(tiny, INDICES, folder=tmp_path)
    assert table.missing(MORE) == MORE[:1]
    table.compute(MORE)
    assert len(table) == 4
    assert_same_bits(table.read(FEATURES), first)
    assert_same_bits(table.read(MORE), computed(tiny, tmp_path / "alone", MORE))


@pytest.mark.parametrize("networks_done", [0, 1, 3])
def test_an_interrupted_computation_goes_on_to_the_same_bits(tiny, tmp_path, monkeypatch, networks_done):
    whole = computed(tiny, tmp_path / "whole")

    def interrupted(features, collect, *rest):
        def collect_some(network):
            if network >= networks_done:
                raise KeyboardInterrupt
            return collect(network)

        stream(features, collect_some, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(table_module, "stream", interrupted)
        with pytest.raises(KeyboardInterrupt):
            computed(tiny, tmp_path / "torn", threads=1)

    collected = []

    def counting(features, collect, *rest):
        stream(features, lambda network: collected.append(network) or collect(network), *rest)

    monkeypatch.setattr(table_module, "stream", counting)
    assert_same_bits(computed(tiny, tmp_path / "torn"), whole)
    assert len(collected) == len(INDICES) - networks_done
    assert not list((tmp_path / "torn").rglob("*.unfinished"))


def compute_in_process(benchmark_path, folder):
    from eznas import benchmarks

    computed(benchmarks.load(benchmark_path), folder)


def test_two_processes_at_once_agree(tmp_path):
    from tiny_benchmark import write_tiny_benchmark

    path = str(write_tiny_benchmark(tmp_path))
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=compute_in_process, args=(path, tmp_path / "cache")) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(list((tmp_path / "cache").rglob("*.block.json"))) == 1


def test_a_damaged_block_is_computed_again(tiny, tmp_path):
    whole = computed(tiny, tmp_path)
    (block,) = tmp_path.rglob("*.values.npy")
    block.write_bytes(block.read_bytes()[:100])
    assert_same_bits(computed(tiny, tmp_path), whole)


@pytest.mark.parametrize("settings", [{"seed": 1}, {"batch_size": 2}, {"collection": CollectionSettings(unit="C-B-R")}])
def test_other_settings_have_another_table(tiny, tmp_path, settings):
    one = FeatureTable(tiny, INDICES, folder=tmp_path)
    assert FeatureTable(tiny, INDICES, folder=tmp_path, **settings).path != one.path
    assert FeatureTable(tiny, INDICES[::-1], folder=tmp_path).path != one.path
    assert FeatureTable(tiny, INDICES, folder=tmp_path).path == one.path


def test_a_tensor_is_no_feature(tiny, tmp_path):
    with pytest.raises(ValueError, match="as_feature"):
        computed(tiny, tmp_path, [parse_program("sign(wt)")])


def test_the_size_on_disk_is_bounded(tiny, tmp_path):
    first = FeatureTable(tiny, INDICES, folder=tmp_path)
    first.compute(FEATURES)
    second = FeatureTable(tiny, INDICES, seed=1, folder=tmp_path)
    second.compute(FEATURES, maximum_bytes=1)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == [second.path]
