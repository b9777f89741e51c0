from __future__ import annotations

import pytest

from eznas.errors import EznasError
from eznas.runs.settings import SETTINGS, RunSettings, parse_memory


def made(**values):
    return RunSettings.from_mapping(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("6GB", 6 * 10**9), ("512 MiB", 512 * 2**20), ("0", 0), ("1.5k", 1500), ("7B", 7), ("2tb", 2 * 10**12)],
)
def test_memory_is_read_with_its_unit(text, expected):
    assert parse_memory(text) == expected


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"memory": "much"}, "'much'"),
        ({"networks": 2}, "networks is 2"),
        ({"networks": 10.5}, "networks is 10.5"),
        ({"networks": "many"}, "networks is 'many'"),
        ({"networks": True}, "networks is True"),
        ({"seed": -1}, "seed is -1"),
        ({"crossover": 1.5}, "crossover is 1.5"),
        ({"crossover": float("nan")}, "crossover is nan"),
        ({"crossover": 0.7, "mutation": 0.7}, "add up to more than 1"),
        ({"mu": 200}, "mu is 200"),
        ({"unit": "RCB"}, "did you mean 'R-C-B'"),
        ({"to_scalar": "median"}, "to_scalar is 'median'"),
        ({"device": "gpu"}, "device is 'gpu'"),
        ({"benchmark": ""}, "benchmark is ''"),
        ({"benchmark": []}, "benchmark is []"),
        ({"benchmark": ["digits", ""]}, "benchmark is ['digits', '']"),
        ({"benchmark": ["digits", 3]}, "benchmark is ['digits', 3]"),
        ({"benchmark": 3}, "benchmark is 3"),
        ({"benchmark": ["digits", "nds-enas", "digits"]}, "benchmark names 'digits' twice"),
        ({"benchmark": ["a.csv", "./a.csv"]}, "a.csv' twice"),
        ({"combine": "maximum"}, "combine is 'maximum'"),
        *(
            ({"fitness_samples": text}, f"fitness_samples is {text!r}: give all, or 1 to 1000 subsamples of 3 to 100")
            for text in ("some", "0x20", "4x2", "4x101", "1001x20", "-4x20", "4x20.5", "x", "4x20x3")
        ),
        ({"fitness_samples": "2x9", "networks": 8}, "of 3 to 8 networks, such as 4x3"),
        ({"fitness_samples": 4}, "fitness_samples is 4"),
        ({"race_networks": 2}, "race_networks is 2: give 0 for no race, or 3 to 99"),
        ({"race_networks": 8, "networks": 8}, "race_networks is 8"),
        ({"race_share": 0.0}, "race_share is 0.0"),
        ({"units_per_shape": -1}, "units_per_shape is -1"),
        ({"genome": "graph"}, "graph"),
        ({"genome_settings": {"max_depth": 3}}, "did you mean 'maximum_depth'"),
        (
            {"genome_settings": {"maximum_depth": "deep"}},
            "tree.maximum_depth is 'deep': give a whole number from 0 to 100",
        ),
        ({"genome_settings": {"maximum_depth": True}}, "tree.maximum_depth is True"),
    ],
)
def test_a_wrong_value_is_named_in_the_sentence(wrong, named):
    with pytest.raises(EznasError) as refusal:
        made(**wrong)
    assert named in str(refusal.value)


def test_a_benchmark_may_be_given_as_one_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert made(benchmark="digits") == made(benchmark=["digits"]) == RunSettings()
    several = made(benchmark=["./some/table.csv", "digits"])
    table = f"{tmp_path}/some/table.csv"
    assert several.benchmark == (table, "digits")
    assert several.benchmark_label == f"{table} + digits"
    assert several.difference(RunSettings()) == f"benchmark is 'digits' there, '{table}' + 'digits' here"


def test_subsamples_are_their_number_and_size():
    assert RunSettings().subsamples is None
    assert made(fitness_samples="4x20").subsamples == (4, 20)
    assert made(fitness_samples="04x020") == made(fitness_samples="4x20")
    assert made(fitness_samples="1x100").subsamples == (1, 100)


def test_only_settings_that_results_depend_on_make_a_difference():
    settings = made(threads=1, memory="1GB")
    assert settings.difference(settings.changed({"threads": 2, "memory": "0"})) is None
    assert settings.difference(made(seed=1)) == "seed is 1 there, 0 here"
    deeper = made(genome_settings={"maximum_depth": 7})
    assert settings.difference(deeper) == "tree.maximum_depth is 7 there, 10 here"


def test_every_setting_but_threads_and_memory_is_part_of_the_identity():
    free = {key for key, place in SETTINGS.items() if not place.about.identity}
    assert free == {"threads", "memory"}


def test_the_preset_paper_is_what_the_appendix_says():
    settings = made(preset="paper")
    evolution = settings.evolution
    assert (evolution.generations, evolution.population, evolution.tournament) == (15, 50, 4)
    assert (evolution.mu, evolution.lambda_, evolution.crossover, evolution.mutation) == (25, 50, 0.4, 0.4)
    assert (evolution.selection, evolution.distinct) == ("survivors", "none")
    assert (evolution.novelty_retries, evolution.random_share) == (0, 0)
    assert (settings.networks, settings.batch_size, settings.to_scalar, settings.aggregation) == (
        100,
        1,
        "mean",
        "mean",
    )
    assert (settings.collection.unit, settings.collection.third_pass) == ("R-C-B", "perturbed")
    depths = {"minimum_depth": 2, "initial_maximum_depth": 10, "maximum_depth": 10, "mutation_depth": 2}
    assert settings.genome_settings == depths | {"own": "none"}
    assert settings.departures_from_paper() == made(preset="paper", genome="sequential").departures_from_paper() == {}


def test_what_is_given_wins_over_the_preset_and_is_listed():
    settings = made(preset="paper", mu=20, tree={"initial_maximum_depth": 6}, seed=3, hall_of_fame=4)
    assert settings.departures_from_paper() == {"mu": (20, 25), "tree.initial_maximum_depth": (6, 10)}
    assert made(preset="paper", genome_settings={"maximum_depth": 12}).genome_settings["initial_maximum_depth"] == 10


def test_changing_settings_keeps_the_others():
    settings = made(preset="paper", mu=20, tree={"mutation_depth": 3})
    changed = settings.changed({"threads": 7, "tree": {"maximum_depth": 12}})
    assert changed.to_mapping() == {
        **settings.to_mapping(),
        "threads": 7,
        "tree": {**settings.genome_settings, "maximum_depth": 12},
    }
    assert settings.changed({"genome": "sequential"}) == made(preset="paper", mu=20, genome="sequential")


@pytest.mark.parametrize("wrong", [{"genrations": 3}, {"lambda_": 3}, {"tree": 3}, {"mu": {"x": 1}}, {"genome": ["x"]}])
def test_a_key_that_is_no_setting_is_refused(wrong):
    with pytest.raises(EznasError):
        made(**wrong)
