from __future__ import annotations

import json
import signal
from dataclasses import replace

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import files
from eznas.errors import EznasError
from eznas.observer import SilentObserver
from eznas.ops.notation import parse_program
from eznas.ops.program import Program
from eznas.runs.backend import own_evaluators
from eznas.runs.inputs import RunInputs
from eznas.runs.run import Run
from eznas.runs.settings import RunSettings
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.rounding import is_partly_rounding, rounding_stability
from eznas.search.fitness import Fitness
from eznas.statistics.store import StatisticsStore

VIEWS = ("hall_of_fame.json", "history.jsonl")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """Settings of a run that takes part of a second."""
    table = write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=16)
    quick = {"networks": 8, "generations": 3, "population": 8, "mu": 6, "lambda": 8, "hall_of_fame": 3, "threads": 2}
    return RunSettings.from_mapping({**quick, "benchmark": str(table)})


@pytest.fixture(scope="module")
def uninterrupted(settings, tmp_path_factory):
    """The directory of a finished run."""
    path = tmp_path_factory.mktemp("runs") / "whole"
    with Run.start(settings, path) as run:
        run.execute()
    return path


def contents(path):
    return {name: (path / name).read_bytes() for name in VIEWS}


def test_a_run_leaves_its_files(uninterrupted, settings):
    assert sorted(path.name for path in uninterrupted.iterdir()) == [
        "checkpoint.msgpack",
        "config.toml",
        "environment.json",
        "hall_of_fame.json",
        "history.jsonl",
        "networks.json",
        "run.lock",
        "seen.json",
        "summary.json",
        "timing.jsonl",
    ]
    history = [json.loads(line) for line in (uninterrupted / "history.jsonl").read_text().splitlines()]
    assert [record["generation"] for record in history] == [0, 1, 2, 3]
    assert "seconds" not in history[0]
    session = json.loads((uninterrupted / "environment.json").read_text())["sessions"][0]
    assert session["versions"].keys() >= {"eznas", "numpy", "torch"}


class Told(SilentObserver):
    """Keeps what a run tells, and counts the networks."""

    def __init__(self):
        self.told, self.advanced = [], 0

    def phase(self, name, total=None):
        self.told.append(f"{name.split()[0]} {total}" if total else name.split()[0])

    def expect(self, networks):
        self.told.append(f"to come {networks}")

    def evaluating(self, generation, total, *, collecting):
        self.told.append(f"{'collecting' if collecting else 'evaluating'} {generation} on {total}")

    def advance(self):
        self.advanced += 1

    def generation(self, record, timing, generations):
        self.told.append(f"generation {record['generation']}")


def test_a_run_tells_what_it_does_from_the_first_moment(settings, uninterrupted, tmp_path):
    observer = Told()
    with Run.start(settings, tmp_path / "run", observer) as run:
        assert observer.told == ["loading"]
        run.execute()
    steps = [f"{'evaluating' if number else 'collecting'} {number} on 8|generation {number}" for number in range(4)]
    end = ["scoring 8", "scoring 8", "intervals"]
    assert observer.told == ["loading", "to come 16", "loading", *"|".join(steps).split("|"), *end]
    # Each network once in every generation with a new program, and twice among those held out.
    new = [json.loads(line)["evaluated"] > 0 for line in (uninterrupted / "history.jsonl").read_text().splitlines()]
    assert observer.advanced == 8 * sum(new) + 16


def test_the_summary_has_programs_and_baselines_on_the_same_networks(uninterrupted):
    summary = json.loads((uninterrupted / "summary.json").read_text())
    hall_of_fame = json.loads((uninterrupted / "hall_of_fame.json").read_text())["programs"]
    assert [one["formula"] for one in summary["programs"]] == [one["formula"] for one in hall_of_fame]
    assert [one["name"] for one in summary["baselines"]] == ["eznas-a", "flops", "params"]
    ((name, about),) = summary["protocol"]["benchmarks"].items()
    assert (summary["protocol"]["networks"], about["held_out"]) == (8, 8)
    figures = summary["baselines"][1]["benchmarks"][name]["held_out"]
    low, high = figures["tau_interval"]
    assert low <= figures["tau"] <= high
    assert (figures["depends_on"], figures["scored"]) == ("counts only", 1.0)
    for one in [*summary["programs"], *summary["baselines"]]:
        assert one["benchmarks"][name]["held_out"].keys() == figures.keys()
    for one, stored in zip(summary["programs"], hall_of_fame, strict=True):
        assert one["fitness"] == stored["fitness"] == one["benchmarks"][name]["tau_training"]
        assert stored["taus"] == {name: stored["orientation"] * stored["fitness"]}
    assert summary["evolution"]["individuals"] == 8 * 4


@pytest.mark.parametrize("genome", ["tree", "sequential"])
def test_threads_and_memory_do_not_change_the_result(settings, tmp_path, genome):
    of_genome = settings.changed({"genome": genome})
    for name, threads, memory in (("one", 1, "2GB"), ("other", 3, "0")):
        with Run.start(replace(of_genome, threads=threads, memory=memory), tmp_path / name) as run:
            run.execute()
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_a_run_that_rejects_rounding_has_none_of_it_among_the_best(settings, tmp_path):
    with Run.start(settings.changed({"rounding": "rejected"}), tmp_path / "run") as run:
        summary = run.execute()
    assert "rounding rejected (paper accepted)" in summary["protocol"]["differs_from_paper"]
    assert "every operation rounded up" in summary["protocol"]["rounding"]
    hall_of_fame = json.loads((tmp_path / "run" / "hall_of_fame.json").read_text())["programs"]
    programs = [parse_program(one["formula"]) for one in hall_of_fame]
    inputs = RunInputs.of(settings)
    with own_evaluators(settings, inputs) as evaluators:
        nearest = evaluators.exact.scores(programs)
        upward = evaluators.exact.rounded_up(programs, range(8))
    stability = [rounding_stability(*pair) for pair in zip(nearest, upward, strict=True)]
    assert stability
    assert not any(is_partly_rounding(one) for one in stability)


LESS_WORK = {"units_per_shape": 1, "race_networks": 4, "race_share": 0.5}


@pytest.fixture(scope="module")
def less_work(settings, tmp_path_factory):
    """The directory of a finished run with all options for less work."""
    path = tmp_path_factory.mktemp("runs") / "less"
    with Run.start(settings.changed(LESS_WORK), path) as run:
        run.execute()
    return path


def test_with_less_work_the_best_programs_are_measured_on_all_units(settings, less_work):
    summary = json.loads((less_work / "summary.json").read_text())
    stored = json.loads((less_work / "hall_of_fame.json").read_text())
    assert stored["estimated"] is False
    programs = [Program.decode(one["program"]) for one in stored["programs"]]
    exact = RunInputs.of(settings)
    with StatisticsStore(exact.training_count, exact.collect, 2**30, workers=1) as store:
        expected = Fitness(Evaluator(store, "mean", "sum"), exact.ranked_networks()).of(programs)
    assert [one["fitness"] for one in stored["programs"]] == [one.fitness for one in expected]
    assert sorted((one.fitness for one in expected), reverse=True) == [one.fitness for one in expected]
    (name,) = summary["protocol"]["benchmarks"]
    for one, told in zip(summary["programs"], expected, strict=True):
        assert one["fitness"] == one["benchmarks"][name]["tau_training"] == told.fitness
    assert any(one["estimated_fitness"] != one["fitness"] for one in summary["programs"])


def test_with_less_work_the_report_says_so(less_work, uninterrupted):
    protocol, full = (
        json.loads((path / "summary.json").read_text())["protocol"] for path in (less_work, uninterrupted)
    )
    assert protocol["units_in_evolution"].startswith("at most 1 of the same shapes")
    assert "4 networks" in protocol["race"]
    assert "units_per_shape 1 (paper 0), race_networks 4 (paper 0)" in protocol["differs_from_paper"]
    assert full.keys() & {"units_in_evolution", "race"} == set()
    history = [json.loads(line) for line in (less_work / "history.jsonl").read_text().splitlines()]
    assert sum(record["lost"] for record in history) > 0


def test_with_less_work_an_interruption_changes_nothing(settings, less_work, tmp_path, monkeypatch):
    path = tmp_path / "run"
    with Run.start(replace(settings.changed(LESS_WORK), threads=1, memory="0"), path) as run:
        monkeypatch.setattr("eznas.runs.run.rescored", dies)
        with pytest.raises(Killed):
            run.execute()
    monkeypatch.undo()
    assert json.loads((path / "hall_of_fame.json").read_text())["estimated"] is True
    with Run.resume(path) as run:
        run.execute()
    assert contents(path) == contents(less_work)


def dies(*_):
    raise Killed


def test_another_seed_gives_another_result(settings, uninterrupted, tmp_path):
    with Run.start(replace(settings, seed=1), tmp_path / "run") as run:
        run.execute()
    assert contents(tmp_path / "run")["history.jsonl"] != contents(uninterrupted)["history.jsonl"]


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("after_rename", [False, True])
def test_a_run_that_dies_at_any_write_is_resumed_to_the_same_result(
    settings, uninterrupted, tmp_path, monkeypatch, after_rename
):
    path = tmp_path / "run"
    with Run.start(settings, path):
        pass
    write = files.write_atomically
    deaths = 0
    for survived in (2, 5, 1, 3, 4, 2, 1, 0):
        left = survived

        def write_or_die(target, content):
            nonlocal left
            left -= 1
            if left < 0 and not after_rename:
                raise Killed
            write(target, content)
            if left < 0:
                raise Killed

        monkeypatch.setattr("eznas.runs.directory.write_atomically", write_or_die)
        try:
            with Run.resume(path) as run:
                run.execute()
        except Killed:
            deaths += 1
    monkeypatch.undo()
    assert deaths >= 6
    with Run.resume(path) as run:
        run.execute()
    assert contents(path) == contents(uninterrupted)


def test_ctrl_c_during_a_write_waits_for_its_end(settings, uninterrupted, tmp_path, monkeypatch):
    path = tmp_path / "run"
    write = files.write_atomically

    def interrupted_write(target, content):
        if target.name == "checkpoint.msgpack":
            signal.raise_signal(signal.SIGINT)
        write(target, content)

    monkeypatch.setattr("eznas.runs.directory.write_atomically", interrupted_write)
    with Run.start(settings, path) as run, pytest.raises(KeyboardInterrupt):
        run.execute()
    monkeypatch.undo()
    assert len((path / "history.jsonl").read_text().splitlines()) == 1
    assert (path / "hall_of_fame.json").exists()
    with Run.resume(path) as run:
        run.execute()
    assert contents(path) == contents(uninterrupted)


def test_a_finished_run_gives_its_summary_again(uninterrupted):
    before = {path.name: path.stat().st_mtime_ns for path in uninterrupted.iterdir() if path.name != "config.toml"}
    with Run.resume(uninterrupted) as run:
        summary = run.execute()
    assert summary == json.loads((uninterrupted / "summary.json").read_text())
    assert before == {
        path.name: path.stat().st_mtime_ns for path in uninterrupted.iterdir() if path.name != "config.toml"
    }


def test_a_lost_summary_is_made_again(uninterrupted):
    path = uninterrupted / "summary.json"
    before = path.read_text()
    path.unlink()
    with Run.resume(uninterrupted) as run:
        run.execute()
    assert path.read_text() == before


def test_resuming_may_change_threads_but_no_setting_of_the_result(settings, uninterrupted):
    with pytest.raises(EznasError, match="seed is 0 there, 5 here"):
        Run.resume(uninterrupted, {"seed": 5})
    with pytest.raises(EznasError, match="maximum_depth is 10 there, 12 here"):
        Run.resume(uninterrupted, {"tree": {"maximum_depth": 12}})
    with Run.resume(uninterrupted, {"threads": 1, "memory": "1GB", "seed": 0}):
        pass
    assert 'memory = "1GB"' in (uninterrupted / "config.toml").read_text()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"benchmark": "digit"}, "'digit'"),
        ({"benchmark": ("digits", "absent.csv")}, "absent.csv"),
        ({"benchmark": "absent.csv"}, "absent.csv"),
        ({"networks": 17}, "networks is 17"),
        ({"device": "cuda:99"}, "cuda:99"),
        ({"accuracy_split": "validation"}, "'validation'"),
        ({"batch_size": 1000}, "1000"),
    ],
)
def test_what_cannot_be_run_leaves_no_directory(settings, tmp_path, change, named):
    with pytest.raises(EznasError, match=named):
        Run.start(settings.changed(change), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_held_out_networks_reports_its_training(settings, tmp_path):
    with Run.start(settings.changed({"networks": 16, "generations": 0}), tmp_path / "run") as run:
        summary = run.execute()
    ((name, about),) = summary["protocol"]["benchmarks"].items()
    assert about["held_out"] == 0
    stored = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert stored["baselines"][0]["benchmarks"][name]["held_out"]["tau"] is None


@pytest.fixture(scope="module")
def on_two(settings, tmp_path_factory):
    """Settings of a run on two benchmarks, with subsamples."""
    folder = tmp_path_factory.mktemp("second")
    table = write_tiny_benchmark(folder, networks=12)
    for file in (table, table.with_suffix(".json")):
        file.rename(file.with_stem("other"))
    other = str(folder / "other.csv")
    return replace(settings, benchmark=(*settings.benchmark, other), fitness_samples="2x6", combine="mean")


def test_a_run_on_two_benchmarks_reports_each(on_two, tmp_path):
    with Run.start(on_two, tmp_path / "run") as run:
        summary = run.execute()
    assert list(summary["protocol"]["benchmarks"]) == list(on_two.benchmark)
    assert [about["held_out"] for about in summary["protocol"]["benchmarks"].values()] == [8, 4]
    for one in [*summary["programs"], *summary["baselines"]]:
        assert list(one["benchmarks"]) == list(on_two.benchmark)
    hall_of_fame = json.loads((tmp_path / "run" / "hall_of_fame.json").read_text())
    assert hall_of_fame["benchmarks"] == list(on_two.benchmark)
    assert (hall_of_fame["combine"], hall_of_fame["fitness_samples"]) == ("mean", "2x6")
    for one in hall_of_fame["programs"]:
        assert list(one["taus"]) == list(on_two.benchmark)


def test_each_benchmark_of_a_run_is_reported_as_by_a_run_on_it_alone(on_two, tmp_path):
    first_generation = on_two.changed({"generations": 0})
    with Run.start(first_generation, tmp_path / "both") as run:
        both = run.execute()
    for position, benchmark in enumerate(on_two.benchmark):
        with Run.start(replace(first_generation, benchmark=benchmark), tmp_path / str(position)) as run:
            alone = run.execute()
        assert both["protocol"]["benchmarks"][benchmark] == alone["protocol"]["benchmarks"][benchmark]
        for one, other in zip(both["baselines"], alone["baselines"], strict=True):
            assert one["benchmarks"][benchmark] == other["benchmarks"][benchmark]


def test_a_run_on_two_benchmarks_is_resumed_to_the_same_result(on_two, tmp_path, monkeypatch):
    with Run.start(replace(on_two, memory="0", threads=1), tmp_path / "whole") as run:
        run.execute()
    write = files.write_atomically

    def write_and_die(target, content):
        write(target, content)
        if target.name == "checkpoint.msgpack":
            raise Killed

    path = tmp_path / "stopped"
    with Run.start(on_two, path):
        pass
    for _ in range(on_two.evolution.generations):
        monkeypatch.setattr("eznas.runs.directory.write_atomically", write_and_die)
        with Run.resume(path) as run, pytest.raises(Killed):
            run.execute()
        monkeypatch.undo()
    with Run.resume(path) as run:
        run.execute()
    assert contents(path) == contents(tmp_path / "whole")


def test_resuming_with_other_benchmarks_is_refused(settings, on_two, uninterrupted):
    with pytest.raises(EznasError, match=r"benchmark is '\S+tiny.csv' there, '\S+tiny.csv' \+ '\S+other.csv' here"):
        Run.resume(uninterrupted, {"benchmark": list(on_two.benchmark)})
    with pytest.raises(EznasError, match="combine is 'minimum' there, 'mean' here"):
        Run.resume(uninterrupted, {"combine": "mean"})


def test_the_directory_of_a_run_is_named_after_its_benchmarks(on_two, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Run.start(on_two) as run:
        assert run.path.name == "tiny+other-tree-0"


@pytest.mark.parametrize("changed", ["tiny.csv", "tiny.npz"])
def test_data_that_changed_since_the_start_is_told(settings, tmp_path, changed):
    table = write_tiny_benchmark(tmp_path, networks=16)
    path = tmp_path / "run"
    Run.start(replace(settings, benchmark=str(table)), path).close()
    whole = (tmp_path / changed).read_bytes()
    if changed == "tiny.csv":
        first, second, *others = whole.decode().splitlines()
        (tmp_path / changed).write_text("\n".join([first, second + "1", *others, ""]))
    else:
        np.savez(tmp_path / changed, x_train=np.full((8, 8, 8, 3), 7, dtype=np.uint8))
    with pytest.raises(EznasError, match=rf"accuracies or images of {table} are not those that {path} was started"):
        Run.resume(path)
    (tmp_path / changed).write_bytes(whole)
    Run.resume(path).close()
