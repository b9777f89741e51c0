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
    with pytest.raises(EznasError, match=r"no proxy called 'qqq': choose one of eznas-a.*, flops.*, params"):
        proxies.load("qqq")


def test_a_hand_made_score_is_told_from_a_program():
    with pytest.raises(EznasError, match="params is a hand-made score and no program"):
        proxies.load("params")


def test_a_bad_formula_is_answered_by_the_parser():
    with pytest.raises(EznasError, match="sigmoyd"):
        proxies.load("sigmoyd(wt)")


def test_neither_torch_nor_numba_is_loaded():
    code = (
        "import sys; from eznas import proxies; proxies.load('eznas-a'); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numba')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
