import pytest

from eznas.cli.app import main

GOES_ON = "eznas: Stopped; nothing finished is lost, and the same command goes on from here.\n"


def interrupted(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["discover"], "eznas.discovery.session.discover"),
        (["features", "build"], "eznas.features.table.FeatureTable.compute"),
        (["search", "params"], "eznas.architecture_search.search.search"),
        (["experiment", "few-networks"], "eznas.experiments.few_networks.FewNetworks.run"),
    ],
)
def test_a_command_that_goes_on_says_so_on_ctrl_c(arguments, place, monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(place, interrupted)
    assert main(arguments) == 130
    assert capfd.readouterr().err.endswith(GOES_ON)
