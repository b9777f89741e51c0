"""`eznas run`: where settings come from, and what it says to values that make no sense."""

from __future__ import annotations

import json

import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas.cli.app import main
from eznas.runs.directory import stored_settings
from eznas.runs.presets import PAPER

QUICK = ["--networks", "8", "--generations", "1", "--population", "6", "--mu", "4", "--lambda", "6", "--threads", "1"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=16)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Run every command in a folder of its own, without settings from outside."""
    monkeypatch.chdir(tmp_path)
    for variable in ("EZNAS_DATA", "EZNAS_SEED", "EZNAS_BENCHMARK", "EZNAS_CONFIG", "EZNAS_PRESET"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def settings_of_a_run(table, tmp_path):
    """Runs with options, and returns the settings that the run stored."""

    def run(*options):
        path = tmp_path / f"run-{len(list(tmp_path.glob('run-*')))}"
        assert main(["run", "--benchmark", str(table), "--output", str(path), "--quiet", *QUICK, *options]) == 0
        return stored_settings(path)

    return run


def test_a_preset_comes_from_option_environment_or_file_and_all_of_these_win_over_it(
    settings_of_a_run, tmp_path, monkeypatch
):
    config = tmp_path / "config.toml"
    config.write_text('preset = "paper"\ntournament = 5\ndistinct = "program"\n[tree]\nmutation_depth = 1\n')
    from_file = settings_of_a_run("--config", str(config), "--distinct", "ranking")
    assert from_file.preset == "paper"
    assert (from_file.evolution.selection, from_file.evolution.tournament) == ("survivors", 5)
    assert (from_file.evolution.distinct, from_file.evolution.population) == ("ranking", 6)
    assert (from_file.genome_settings["initial_maximum_depth"], from_file.genome_settings["mutation_depth"]) == (10, 1)
    monkeypatch.setenv("EZNAS_PRESET", "default")
    from_environment = settings_of_a_run("--config", str(config))
    assert (from_environment.preset, from_environment.evolution.selection) == ("default", "parents")
    assert from_environment.evolution.tournament == 5
    from_option = settings_of_a_run("--preset", "paper", "--genome-setting", "initial_maximum_depth=6")
    assert (from_option.evolution.selection, from_option.evolution.tournament) == ("survivors", 4)
    assert from_option.genome_settings["initial_maximum_depth"] == 6


def test_a_run_says_in_what_it_differs_from_the_paper(capfd, table, tmp_path):
    command = ["run", "--benchmark", str(table), *QUICK, "--preset", "paper"]
    assert main([*command, "--output", "paper", "--selection", "parents"]) == 0
    printed = capfd.readouterr()
    sentence = (
        "Differs from the paper in: networks 8 (paper 100), generations 1 (paper 15), population 6 (paper 50), "
        "mu 4 (paper 25), lambda 6 (paper 50), selection parents (paper survivors)"
    )
    assert sentence in printed.err
    assert "differs from paper" in printed.out
    assert sentence in (tmp_path / "paper" / "config.toml").read_text()
    summary = json.loads((tmp_path / "paper" / "summary.json").read_text())
    assert f"Differs from the paper in: {summary['protocol']['differs_from_paper']}" == sentence


def test_a_resumed_run_keeps_its_preset(capfd, table, tmp_path, monkeypatch):
    assert main(["run", "--benchmark", str(table), "--output", "run", "--quiet", *QUICK, "--preset", "paper"]) == 0
    (tmp_path / "run" / "summary.json").unlink()
    assert main(["run", "--resume", "run", "--quiet"]) == 0
    assert main(["run", "--resume", "run", "--quiet", "--preset", "paper"]) == 0
    settings = stored_settings(tmp_path / "run")
    assert (settings.preset, settings.evolution.selection) == ("paper", PAPER["selection"])
    capfd.readouterr()
    monkeypatch.setenv("EZNAS_PRESET", "default")
    assert main(["run", "--resume", "run"]) == 1
    assert "preset is 'paper' there, 'default' here" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (
            ["--tournament=9223372036854775808"],
            "tournament is 9223372036854775808: give a whole number from 1 to 10000.",
        ),
        (
            [f"--seed={'9' * 4000}"],
            "seed is a whole number of 13288 bits: give a whole number from 0 to 9223372036854775807.",
        ),
        (
            ["--genome-setting", "initial_maximum_depth=10000"],
            "tree.initial_maximum_depth is 10000: give a whole number",
        ),
        (
            ["--genome-setting", "maximum_depth=10000"],
            "tree.maximum_depth is 10000: give a whole number from 0 to 100.",
        ),
        (["--genome-setting", f"maximum_depth={'9' * 5000}"], "maximum_depth is '99999"),
        (["--genome-setting", f"maximum_depth={'[' * 50_000}"], "maximum_depth is '[[[[["),
        (["--genome", "sequential", "--genome-setting", "maximum_length=1000000"], "from 2 to 10000"),
        *(
            ([f"--{name}={10**25}"], f"{name.replace('-', '_')} is 10000000000000000000000000: give a whole number")
            for name in ("networks", "held-out", "batch-size", "generations", "population", "mu", "lambda", "threads")
        ),
        ([f"--hall-of-fame={10**25}"], "hall_of_fame is 1"),
        ([f"--novelty-retries={10**25}"], "novelty_retries is 1"),
        (["--preset", "papr"], "preset is 'papr': choose default or paper (did you mean 'paper'?)."),
        (["--selection", "both"], "selection is 'both': choose parents or survivors"),
        (["--device", "cuda:99999999999999999999"], "device is 'cuda:99999999999999999999': choose cpu"),
        (["--device", "cuda:300"], "The device 'cuda:300' is not there"),
    ],
)
def test_a_value_that_makes_no_sense_is_told_in_a_sentence(capfd, tmp_path, arguments, named):
    assert main(["run", *arguments]) == 1
    printed = capfd.readouterr()
    assert printed.out == ""
    assert named in printed.err
    assert printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (f"seed = {'9' * 4000}", "seed is a whole number of 13288 bits"),
        (f"seed = {'9' * 5000}", "nested too deeply, or has a number with too many digits"),
        (f"seed = {'[' * 50_000}", "nested too deeply, or has a number with too many digits"),
        ('preset = "papr"', "did you mean 'paper'"),
        ("genome = 3", "genome is 3: give a text."),
        ("[tree]\nmaximum_depth = true", "tree.maximum_depth is True: give a whole number"),
    ],
)
def test_a_file_that_makes_no_sense_is_told_in_a_sentence(capfd, tmp_path, content, named):
    config = tmp_path / "config.toml"
    config.write_text(content)
    assert main(["run", "--config", str(config)]) == 1
    printed = capfd.readouterr()
    assert named in printed.err
    assert printed.err.count("\n") == 1


@pytest.fixture
def begun(monkeypatch):
    """The networks and threads for which helpers were begun."""
    calls = []
    monkeypatch.setattr("eznas.cli.run.begin_helpers", lambda *call: calls.append(call))
    return calls


def test_helpers_are_begun_for_the_networks_of_all_benchmarks(capfd, table, begun):
    shown = main(["run", "--benchmark", str(table), "--benchmark", "digits", "--networks", "900", "--threads", "3"])
    assert shown == 1  # the first has not so many
    assert begun == [(1800, 3)]


@pytest.mark.parametrize("options", [["--resume", "nowhere"], ["--device", "cuda:0"], ["--generations", "none"]])
def test_no_helper_is_begun_that_nobody_would_ask(capfd, begun, options):
    assert main(["run", *options]) != 0
    assert begun == []
