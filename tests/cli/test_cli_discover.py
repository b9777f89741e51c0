import json

import pytest

import eznas.discovery.discovery
import eznas.discovery.session
import eznas.report.html.report
from eznas.cli.app import main


@pytest.fixture
def settings_of(monkeypatch, capfd):
    """The settings that a command line makes; nothing is discovered."""
    made = []
    discovery = eznas.discovery.discovery.Discovery
    monkeypatch.setattr(discovery, "on_benchmarks", lambda settings, *_: made.append(settings))

    def session(make, folder, *_):
        make()
        return {"folder": str(folder)}

    monkeypatch.setattr(eznas.discovery.session, "discover", session)
    monkeypatch.setattr(eznas.report.html.report, "write_report", lambda _: None)

    def given(*arguments):
        assert main(["discover", "--json", *arguments]) == 0
        return made[-1], json.loads(capfd.readouterr().out)["folder"]

    return given


def test_without_options_digits_is_searched_for_tau(settings_of):
    settings, folder = settings_of()
    assert settings.benchmarks == ("digits",)
    assert (settings.objective, settings.given, settings.over, settings.draws) == ("tau", "", (), 1)
    assert folder == "runs/digits-formulas-0"


def test_another_evolution_has_a_folder_of_its_own(settings_of):
    settings, folder = settings_of("--seed", "3", "--evolution", "2")
    assert (settings.seed, settings.evolution) == (3, 2)
    assert folder == "runs/digits-formulas-3-2"


def test_what_is_good_is_taken_from_the_options(settings_of):
    settings, folder = settings_of(
        *("--nodes", "8", "--least-share", "0.3"),
        *("--benchmark", "digits", "--benchmark", "digits-chain", "--combine", "mean", "--objective", "both"),
        *("--over", "params, flops,sum(wt, abs(inp.data))", "--lead-cap", "0.1", "--draws", "3", "--seed", "4"),
    )
    assert settings.benchmarks == ("digits", "digits-chain")
    assert (settings.combine, settings.objective, settings.lead_cap, settings.draws) == ("mean", "both", 0.1, 3)
    assert (settings.nodes, settings.least_share) == (8, 0.3)
    assert settings.over == ("params", "flops", "sum(wt, abs(inp.data))")
    assert folder == "runs/digits+digits-chain-formulas-4"
    assert settings_of("--given", "params")[0].criterion.reference == "given"


def test_what_cannot_be_is_one_sentence(capfd):
    assert main(["discover", "--given", "params", "--over", "flops"]) == 1
    assert "given is 'params' and over flops: choose one of them." in capfd.readouterr().err
