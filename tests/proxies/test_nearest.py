import pytest

from eznas.proxies.nearest import nearest

KNOWN = ("eznas-a", "flops", "grad_norm", "jacob_cov", "naswot", "params", "synflow", "zen", "torch_flops")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("synflo", ["synflow"]),
        ("SynFlow", ["synflow"]),
        ("EZNAS_A", ["eznas-a"]),
        ("gradnorm", ["grad_norm"]),
        ("jacov", ["jacob_cov"]),
        ("nwot", ["naswot"]),
        ("zenscore", ["zen"]),
        ("flop", ["flops", "torch_flops"]),
        ("resnet", []),
        ("nosuch", []),
    ],
)
def test_near_names_are_suggested_and_no_others(given, expected):
    assert nearest(given, KNOWN) == expected
