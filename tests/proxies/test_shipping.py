import json
from dataclasses import replace

import pytest

from eznas import proxies
from eznas.errors import EznasError
from eznas.ops.notation import parse_program
from eznas.proxies import Proxy, data_folder
from eznas.proxies.provenance import MeasuredTau, Provenance
from eznas.proxies.proxy import read_proxy
from eznas.proxies.shipping import with_evaluations, write_named

TAU = MeasuredTau("digits", 100, 0, 1, 0.6, 0.5, 0.7, 0.1)
PROXY = Proxy("p", parse_program("numel(wt)"), provenance=Provenance("eznas discover", 0, {}, {}, (TAU,)))


def evaluation(path, **changes):
    figures = {"formula": "numel(wt)", "tau": 0.4, "tau_interval": [0.3, 0.5], "top_decile_tau": None, **changes}
    protocol = {"benchmark": "digits-chain", "networks": 80, "seed": 2, "batch_size": 8}
    path.write_text(json.dumps({"proxies": [{"score": "params"}, figures], "protocol": protocol}))
    return path


def test_a_proxy_gets_a_name_and_a_file_of_its_own(tmp_path):
    path = write_named(PROXY, "best-small", "the smallest", tmp_path, overwrite=False)
    assert path == tmp_path / "best-small.json"
    assert read_proxy(path) == replace(PROXY, name="best-small", note="the smallest")
    with pytest.raises(EznasError, match="--replace"):
        write_named(PROXY, "best-small", "", tmp_path, overwrite=False)
    write_named(PROXY, "best-small", "", tmp_path, overwrite=True)
    assert read_proxy(path).note == ""


@pytest.mark.parametrize("name", ["params", "a b", "../up", "", "Best"])
def test_a_name_that_cannot_be_is_refused(tmp_path, name):
    with pytest.raises(EznasError, match="can't be the name"):
        write_named(PROXY, name, "", tmp_path, overwrite=False)


def test_figures_of_evaluations_are_added_and_replaced(tmp_path):
    proxy = with_evaluations(PROXY, [evaluation(tmp_path / "one.json"), evaluation(tmp_path / "two.json", tau=0.45)])
    assert proxy.provenance.taus == (TAU, MeasuredTau("digits-chain", 80, 2, 8, 0.45, 0.3, 0.5, None))
    with pytest.raises(EznasError, match="evaluates other proxies"):
        with_evaluations(PROXY, [evaluation(tmp_path / "other.json", formula="wt")])
    (tmp_path / "none.json").write_text("[]")
    with pytest.raises(EznasError, match=r"is not what `eznas evaluate"):
        with_evaluations(PROXY, [tmp_path / "none.json"])


def test_every_shipped_file_has_a_name_a_formula_and_a_source():
    files = sorted(data_folder().glob("*.json"))
    assert [file.stem for file in files] == sorted(proxies.names())
    for file in files:
        proxy = read_proxy(file)
        assert proxy.name == file.stem
        assert proxies.load(proxy.name) == proxy
        assert proxies.load_program(proxy.formula).terms == proxy.terms
        assert proxy.source
        if proxy.name not in (proxies.REFERENCE, "units"):
            assert proxy.provenance is not None
            assert proxy.provenance.taus
            assert proxy.note
