from __future__ import annotations

from dataclasses import replace

import pytest

from eznas.errors import EznasError
from eznas.experiments.evolving import TrainingStatistics, evolve, experiment_settings, generations
from eznas.runs.directory import RunDirectory
from eznas.runs.run import Run
from eznas.runs.settings import RunSettings
from eznas.statistics import collect


@pytest.fixture
def settings(table, quick):
    return RunSettings.from_mapping({**quick, "benchmark": table})


@pytest.fixture
def collected(monkeypatch):
    """The names of the networks whose statistics were collected, in order."""
    names = []
    original = collect.collect

    def counting(*arguments, **options):
        names.append(options["name"])
        return original(*arguments, **options)

    monkeypatch.setattr("eznas.scoring.benchmark_statistics.collect", counting)
    return names


@pytest.mark.parametrize("beforehand", [False, True])
def test_evolutions_on_the_same_networks_collect_their_statistics_once(settings, tmp_path, collected, beforehand):
    other = settings.changed({"genome": "sequential"})
    with TrainingStatistics(beforehand=beforehand) as statistics:
        assert evolve(tmp_path / "tree", settings, statistics)
        assert evolve(tmp_path / "sequential", other, statistics)
    assert len(collected) == settings.networks
    with TrainingStatistics() as statistics:
        assert not evolve(tmp_path / "tree", settings, statistics)
    assert len(collected) == settings.networks


def test_another_unit_is_collected_on_its_own(settings, tmp_path, collected):
    with TrainingStatistics() as statistics:
        evolve(tmp_path / "one", settings, statistics)
        evolve(tmp_path / "other", settings.changed({"unit": "C-B-R"}), statistics)
    assert len(collected) == 2 * settings.networks


def test_other_networks_are_collected_on_their_own_and_another_fitness_is_not(
    settings, other_table, tmp_path, collected
):
    two = replace(settings, benchmark=(*settings.benchmark, other_table))
    with TrainingStatistics() as statistics:
        evolve(tmp_path / "one", settings, statistics)
        evolve(tmp_path / "two", two, statistics)
        evolve(tmp_path / "mean", replace(two, combine="mean", fitness_samples="2x5"), statistics)
    assert len(collected) == 3 * settings.networks


def test_an_evolution_is_that_of_a_run(settings, tmp_path):
    with Run.start(replace(settings, held_out=0), tmp_path / "run") as run:
        run.execute()
    with TrainingStatistics(beforehand=True) as statistics:
        evolve(tmp_path / "evolution", settings, statistics)
    for name in ("history.jsonl", "hall_of_fame.json"):
        assert (tmp_path / "evolution" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()


def test_a_stopped_evolution_is_continued(settings, tmp_path, monkeypatch):
    original = RunDirectory.write

    def stop(self, checkpoint, hall_of_fame):
        original(self, checkpoint, hall_of_fame)
        raise KeyboardInterrupt

    with TrainingStatistics() as statistics:
        monkeypatch.setattr(RunDirectory, "write", stop)
        with pytest.raises(KeyboardInterrupt):
            evolve(tmp_path / "run", settings, statistics)
        monkeypatch.undo()
        assert len(generations(tmp_path / "run")) == 1
        evolve(tmp_path / "run", settings, statistics)
        evolve(tmp_path / "whole", settings, statistics)
    assert (tmp_path / "run" / "history.jsonl").read_bytes() == (tmp_path / "whole" / "history.jsonl").read_bytes()
    records = generations(tmp_path / "run")
    assert [record["generation"] for record in records] == [0, 1, 2]
    assert all(record["seconds"] > 0 for record in records)


def test_a_finished_evolution_with_other_settings_is_refused(settings, tmp_path):
    with TrainingStatistics() as statistics:
        evolve(tmp_path / "run", settings.changed({"generations": 0}), statistics)
        with pytest.raises(EznasError, match="generations is 0 there, 2 here"):
            evolve(tmp_path / "run", settings, statistics)


def test_a_lost_history_is_told(tmp_path):
    with pytest.raises(EznasError, match="delete that directory"):
        generations(tmp_path)


def test_the_record_of_an_experiment_has_what_results_depend_on(quick):
    one = experiment_settings({**quick, "memory": "1GB"})
    assert one == experiment_settings({**quick, "threads": 7, "seed": 3, "benchmark": "nds-enas"})
    assert one["generations"] == 2
    assert {"seed", "benchmark", "held_out", "threads", "memory"}.isdisjoint(one)
    both = experiment_settings(quick, ("tree", "sequential"))
    assert both["genome"] == ["tree", "sequential"]
    assert {"tree", "sequential"} <= both.keys()


def test_a_proxy_that_is_not_there_is_refused_before_an_experiment_makes_its_folder(quick):
    with pytest.raises(EznasError, match="did you mean synflow"):
        experiment_settings({**quick, "beside": ["synfow"]})
