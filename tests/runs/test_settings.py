from __future__ import annotations

from dataclasses import replace

import pytest

from eznas.errors import EznasError
from eznas.runs.settings import (
    RunSettings,
    parse_memory,
    settings_by_key,
)


def test_the_defaults_are_those_of_the_paper():
    settings = RunSettings()
    assert (settings.generations, settings.population, settings.tournament) == (15, 50, 4)
    assert (settings.mu, settings.lambda_, settings.crossover, settings.mutation) == (25, 50, 0.4, 0.4)
    assert (settings.networks, settings.batch_size, settings.unit, settings.to_scalar) == (100, 1, "R-C-B", "mean")
    assert settings.genome == "tree"
    assert (settings.genome_settings["minimum_depth"], settings.genome_settings["maximum_depth"]) == (2, 10)


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
        ({"genome": "graph"}, "graph"),
        ({"genome_settings": {"max_depth": 3}}, "did you mean 'maximum_depth'"),
        ({"genome_settings": {"maximum_depth": "deep"}}, "tree.maximum_depth is 'deep'"),
        ({"genome_settings": {"maximum_depth": True}}, "tree.maximum_depth is True"),
    ],
)
def test_a_wrong_value_is_named_in_the_sentence(wrong, named):
    with pytest.raises(EznasError) as refusal:
        RunSettings(**wrong)
    assert named in str(refusal.value)


def test_a_benchmark_may_be_given_as_one_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert RunSettings(benchmark="digits") == RunSettings(benchmark=["digits"]) == RunSettings()
    several = RunSettings(benchmark=["./some/table.csv", "digits"])
    table = f"{tmp_path}/some/table.csv"
    assert several.benchmark == (table, "digits")
    assert several.benchmark_label == f"{table} + digits"
    assert several.difference(RunSettings()) == f"benchmark is 'digits' there, '{table}' + 'digits' here"


def test_subsamples_are_their_number_and_size():
    assert RunSettings().subsamples is None
    assert RunSettings(fitness_samples="4x20").subsamples == (4, 20)
    assert RunSettings(fitness_samples="04x020") == RunSettings(fitness_samples="4x20")
    assert RunSettings(fitness_samples="1x100").subsamples == (1, 100)


def test_only_settings_that_results_depend_on_make_a_difference():
    settings = RunSettings(threads=1, memory="1GB")
    assert settings.difference(replace(settings, threads=2, memory="0")) is None
    assert settings.difference(RunSettings(seed=1)) == "seed is 1 there, 0 here"
    deeper = RunSettings(genome_settings={"maximum_depth": 7})
    assert settings.difference(deeper) == "tree.maximum_depth is 7 there, 10 here"


def test_every_setting_but_threads_and_memory_is_part_of_the_identity():
    free = {key for key, one in settings_by_key().items() if not one.metadata["setting"].identity}
    assert free == {"threads", "memory"}
