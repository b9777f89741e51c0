from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from eznas.errors import EznasError
from eznas.files import LARGEST_TEXT
from eznas.runs.config import config_text, parse_assignments, read_config
from eznas.runs.settings import RunSettings


def test_config_text_reads_back_to_the_same_settings(tmp_path):
    settings = RunSettings.from_mapping(
        {"benchmark": 'odd "name"\\', "genome": "sequential", "lambda": 7, "mu": 3, "crossover": 0.25, "threads": 3}
    )
    path = tmp_path / "config.toml"
    path.write_text(config_text(settings, {"eznas": "1.2.3"}))
    assert RunSettings.from_mapping(read_config(path)) == settings
    assert tomllib.loads(path.read_text())["written_by"] == {"eznas": "1.2.3"}


@pytest.mark.parametrize(
    ("benchmark", "written"), [(["digits"], "digits"), (("nds-enas", "digits"), ["nds-enas", "digits"])]
)
def test_one_benchmark_is_written_as_a_text_and_several_as_a_list(tmp_path, benchmark, written):
    path = tmp_path / "config.toml"
    settings = RunSettings(benchmark=benchmark, combine="median", fitness_samples="4x20")
    path.write_text(config_text(settings, {}))
    assert read_config(path)["benchmark"] == written
    assert RunSettings.from_mapping(read_config(path)) == settings


def test_a_config_of_one_genome_serves_another(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(config_text(RunSettings(genome="tree", genome_settings={"maximum_depth": 5}), {}))
    values = {**read_config(path), "genome": "sequential"}
    assert RunSettings.from_mapping(values) == RunSettings(genome="sequential")


def test_keys_may_be_written_as_the_flags_are(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("batch-size = 4\nlambda = 9\n")
    assert read_config(path) == {"batch_size": 4, "lambda": 9}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("genrations = 3", "did you mean 'generations'"),
        ("generations = ", "not a TOML file"),
        ("tree = 3", "give a table"),
        ("[networks]\nx = 1", "give a single value"),
        (f"seed = {'[' * 100_000}", "nested too deeply"),
        (f"seed = {'1' * 5_000}", "a number with too many digits"),
        ("x" * (LARGEST_TEXT + 1), "too many for a file of its kind"),
    ],
)
def test_a_wrong_config_is_refused(tmp_path, text, named):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(EznasError) as refusal:
        read_config(path)
    assert named in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_a_missing_config_is_refused(tmp_path):
    with pytest.raises(EznasError, match="No such file"):
        read_config(tmp_path / "absent.toml")


def test_a_config_that_never_ends_is_refused_before_it_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(EznasError, match=f"{path} is a device, a pipe or a socket: give a regular file"):
            read_config(path)


def test_assignments_are_read_as_toml_values():
    assert parse_assignments(["maximum-depth=6", "share = 0.5", "flag=true", "word=deep"]) == {
        "maximum_depth": 6,
        "share": 0.5,
        "flag": True,
        "word": "deep",
    }
    with pytest.raises(EznasError, match="name=value"):
        parse_assignments(["maximum_depth"])
    for value in ("[" * 50_000, "1" * 5_000):
        with pytest.raises(EznasError, match=r"depth is '.*\.\.\..*', nested too deeply or with too many digits"):
            parse_assignments([f"depth={value}"])
