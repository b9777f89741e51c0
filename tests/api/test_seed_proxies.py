from __future__ import annotations

import pytest

import eznas
from eznas.api.seed_proxies import seed_texts

FORMULA = "l1_norm(wt)"


def proxy(name="mine", **settings):
    return eznas.Proxy(name, eznas.parse_program(FORMULA), **settings)


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ("nasbench201-best", ("nasbench201-best",)),
        (["numel(wt)", "my.json"], ("numel(wt)", "my.json")),
        ((), ()),
        (eznas.load_proxy("nasbench201-best"), ("nasbench201-best",)),
        ([eznas.load_proxy("params"), "numel(wt)"], ("params", "numel(wt)")),
        ([proxy()], (FORMULA,)),
        ([proxy("nasbench201-best")], (FORMULA,)),  # another proxy of that name
        ([proxy(to_scalar="l2")], ("abs(l1_norm(wt))",)),
    ],
)
def test_one_proxy_or_several_as_text(given, texts):
    assert seed_texts(given, "R-C-B", "perturbed") == texts


@pytest.mark.parametrize(
    ("given", "unit", "message"),
    [
        (None, "R-C-B", "seed_proxies is None: give a list"),
        ([3], "R-C-B", "A seed proxy is 3: give a name"),
        ([proxy(unit="A-L-N")], "R-C-B", "mine is computed with unit A-L-N, and the search with R-C-B"),
        ([proxy(unit="A-L-N")], "A-L-N", "write it with eznas.proxies.save, and give the file"),
    ],
)
def test_what_has_no_such_text_is_refused(given, unit, message):
    with pytest.raises(eznas.EznasError, match=message):
        seed_texts(given, unit, "perturbed")
