import subprocess
import sys

import pytest

from eznas import proxies
from eznas.errors import EznasError


def test_every_named_proxy_loads_under_its_own_name():
    assert "eznas-a" in proxies.names()
    for name in proxies.names():
        proxy = proxies.load(name)
        assert proxy.name == name
        assert proxy.source


def test_eznas_a_is_the_published_formula():
    proxy = proxies.load("eznas-a")
    assert proxy.formula == "frobenius_norm(sigmoid(log_determinant(sign(inp_grad.data))))"
    assert (proxy.orientation, proxy.unit, proxy.to_scalar, proxy.aggregation) == (1, "R-C-B", "mean", "mean")


def test_a_path_and_a_formula_are_loaded(tmp_path):
    path = tmp_path / "mine.json"
    proxies.save(proxies.load("eznas-a"), path)
    assert proxies.load(str(path)) == proxies.load("eznas-a")
    assert proxies.load("wt").formula == "wt"
    assert proxies.load("sigmoid( inp_grad.data )").formula == "sigmoid(inp_grad.data)"


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(EznasError, match="no proxy called 'eznasa': did you mean eznas-a"):
        proxies.load("eznasa")
    with pytest.raises(EznasError, match="no proxy called 'synflw': did you mean synflow"):
        proxies.load("synflw")
    with pytest.raises(EznasError, match="did you mean naswot"):
        proxies.load("nwot")
    with pytest.raises(EznasError, match="did you mean zen"):
        proxies.load("Zen-score")


def test_a_name_that_is_near_to_none_is_answered_with_all():
    with pytest.raises(EznasError, match="called 'nosuch': choose one of across-spaces, az_expressivity") as raised:
        proxies.load("nosuch")
    assert all(
        f" {name}," in str(raised.value) or f" {name}." in str(raised.value) for name in proxies.every_name()[1:]
    )


def test_a_hand_made_proxy_is_told_from_a_program():
    assert isinstance(proxies.load("params"), proxies.HandMadeProxy)
    with pytest.raises(EznasError, match="params is a hand-made proxy, and this takes a program"):
        proxies.load_program("params")


def test_baselines_are_the_hand_made_proxies_that_want_to_be(monkeypatch):
    assert [score.name for score in proxies.baselines()] == ["flops", "params"]
    monkeypatch.setattr("eznas.proxies.hand_made.flops.Flops.is_baseline", False)
    assert [score.name for score in proxies.baselines()] == ["params"]


def test_what_a_score_depends_on_is_plain_data():
    assert proxies.load("params").describe() == {
        "score": "number of trainable parameters",
        "orientation": 1,
        "source": "common practice",
        "images": 1,
    }
    described = proxies.load("eznas-a").describe()
    assert described["formula"] == "frobenius_norm(sigmoid(log_determinant(sign(inp_grad.data))))"
    assert {"unit", "to_scalar", "aggregation", "third_pass", "orientation", "source"} <= set(described)


def test_a_bad_formula_is_answered_by_the_parser():
    with pytest.raises(EznasError, match="sigmoyd"):
        proxies.load("sigmoyd(wt)")


def test_neither_torch_nor_numba_is_loaded():
    code = (
        "import sys; from eznas import proxies; proxies.load('eznas-a'); proxies.every_name(); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numba')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
