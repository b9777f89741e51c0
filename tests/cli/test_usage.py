import pytest

from eznas.cli.app import main


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["run", "--networks", "two"], ("--networks", "not 'two'", "`eznas run --help`")),
        (["run", "--crossover=half"], ("--crossover", "not 'half'")),
        (["experiment", "repro-table", "--set", "unreal"], ("--set", "'unreal'", "embedded", "repro-table --help`")),
        (["evaluate", "eznas-a", "--networks", "5", "--networks=0"], ("--networks", "not '0'")),
        (["evaluate", "eznas-a", "--networks", "0", "--seed", "1", "--networks", "7x"], ("--networks", "not '7x'")),
        (["evaluate", "--networks", "0", "--", "--networks", "5"], ("--networks", "not '0'")),
        (["export", "eznas-a"], ("--to", "python, sympy, latex, json, dot", "`eznas export --help`")),
        (["operations", "more"], ("more", "`eznas operations --help`")),
    ],
)
def test_the_sentence_names_option_value_and_the_way_out(capfd, arguments, parts):
    assert main(arguments) == 2
    sentence = capfd.readouterr().err
    assert sentence.startswith("eznas: ")
    assert sentence.count("\n") == 1
    assert sentence.count(parts[1]) == 1
    for part in parts:
        assert part in sentence


def test_a_value_from_the_environment_is_named_too(capfd, monkeypatch):
    monkeypatch.setenv("EZNAS_NETWORKS", "dozens")
    assert main(["run"]) == 2
    assert "not 'dozens'" in capfd.readouterr().err


def test_a_group_without_a_command_shows_its_help_and_no_sentence(capfd):
    assert main(["benchmark"]) == 2
    printed = capfd.readouterr()
    assert "train" in printed.out
    assert printed.err == ""
