from __future__ import annotations

import io

from rich.console import Console

from eznas.cli.output import print_all
from eznas.report.evaluation import evaluation_parts


def a_proxy(name, **about):
    figures = dict.fromkeys(("tau", "spearman", "top_decile_tau"))
    intervals = {f"{key}_interval": None for key in figures}
    rest = {"scored": None, "seed_stability": None, "depends_on": None, "unscored": {}}
    return {"proxy": name, **figures, **intervals, **rest, **about}


def printed(*proxies):
    console = Console(file=io.StringIO(), width=200)
    protocol = {"benchmark": "my_table", "networks": 9, "second_draw": "as said"}
    print_all(console, evaluation_parts({"proxies": proxies, "protocol": protocol, "warnings": []}))
    return console.file.getvalue()


def test_names_and_formulas_stay_as_they_are_and_keys_are_words():
    for proxies in (
        [a_proxy("l1_norm(wt)", to_scalar="mean")],
        [a_proxy("l1_norm(wt)", to_scalar="mean"), a_proxy("grad_norm", score="norm of gradients")],
    ):
        text = printed(*proxies)
        assert "l1 norm" not in text
        assert "grad norm" not in text
        assert "second draw" in text
    assert "1 l1_norm(wt)" in text
    assert "2 grad_norm" in text


def test_networks_without_a_score_have_their_own_names():
    text = printed(a_proxy("l1_norm(wt)", unscored={"|nor_conv_3x3~0|": "has no unit"}))
    assert "|nor_conv_3x3~0|" in text
    assert "l1_norm(wt) gives no score" in text


def test_what_it_depends_on_tells_of_gradients_that_are_rounding():
    text = printed(
        *(
            a_proxy(name, depends_on="weights or images", rounding_gradients=share)
            for name, share in (("a", 0.349), ("b", 0.04), ("c", None))
        )
    )
    text += printed(a_proxy("numel(wt_grad.data)", depends_on="counts only", rounding_gradients=0.349))
    assert text.count("weights or images") == 3
    assert text.count("% rounding") == 1
    assert "weights or images; gradients: 34.9 % rounding" in text
