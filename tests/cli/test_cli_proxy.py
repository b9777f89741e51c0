import json

import pytest

from eznas import proxies
from eznas.cli.app import main


@pytest.mark.parametrize("name", proxies.names())
def test_every_shipped_proxy_is_listed_and_shown(capfd, name):
    assert main(["proxy", "list", "--json"]) == 0
    assert name in json.loads(capfd.readouterr().out)
    assert main(["proxy", "show", name, "--json"]) == 0
    content = json.loads(capfd.readouterr().out)
    assert content["formula"] == proxies.load_program(name).formula
    assert main(["proxy", "show", name]) == 0
    assert name in capfd.readouterr().out


def test_a_folder_without_a_report_is_refused(tmp_path, capfd):
    assert main(["proxy", "add", str(tmp_path), "--name", "mine"]) == 1
    assert "give the folder of a finished `eznas discover`" in capfd.readouterr().err
    (tmp_path / "result.json").write_text("{}")
    assert main(["proxy", "add", str(tmp_path), "--name", "mine"]) == 1
    assert "is not what `eznas discover` writes" in capfd.readouterr().err
