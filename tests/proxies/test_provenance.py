import json

import pytest

from eznas.errors import EznasError
from eznas.ops.notation import parse_program
from eznas.proxies import Proxy, save
from eznas.proxies.provenance import MeasuredTau, Provenance
from eznas.proxies.proxy import read_proxy

TAU = MeasuredTau("digits", 100, 0, 1, 0.6, 0.5, 0.7)
PROVENANCE = Provenance(
    "eznas discover --seed 3",
    3,
    {"digits": {"training": 200, "validation": 100}},
    {"rounds": 2, "seeds": ["wt"]},
    (TAU,),
)


def test_the_provenance_stands_in_the_file_of_its_proxy(tmp_path):
    proxy = Proxy("evolved", parse_program("numel(wt)"), provenance=PROVENANCE)
    save(proxy, tmp_path / "p.json")
    assert read_proxy(tmp_path / "p.json") == proxy
    assert {proxy: 1}[read_proxy(tmp_path / "p.json")] == 1
    save(Proxy("plain", parse_program("numel(wt)")), tmp_path / "plain.json")
    assert "provenance" not in json.loads((tmp_path / "plain.json").read_text())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": "3"}, "seed '3'"),
        ({"networks": []}, r"networks \[\]"),
        ({"author": "me"}, "no 'author'"),
        ({"taus": {}}, "are a list"),
        ({"taus": [{"benchmark": "digits"}]}, "no 'networks'"),
        ({"taus": [{**PROVENANCE.to_dict()["taus"][0], "tau": "high"}]}, "tau 'high'"),
        ({"taus": [7]}, "7 is none"),
    ],
)
def test_what_is_no_provenance_is_named(change, message):
    with pytest.raises(EznasError, match=message):
        Provenance.from_dict({**PROVENANCE.to_dict(), **change})


def test_what_is_missing_is_named():
    with pytest.raises(EznasError, match="no 'command'"):
        Provenance.from_dict({"seed": 3})
    with pytest.raises(EznasError, match="JSON objects"):
        Provenance.from_dict([])
