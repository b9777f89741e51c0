from __future__ import annotations

from dataclasses import replace

import pytest

from eznas.report.html.findings import Findings, Scored
from eznas.report.html.verdict import headline, verdict, warnings

NAME = "tables/toy.csv"


def findings(lead=(0.1, 0.05, 0.15), units=(), training=0.6, networks=300, **held_out):
    figures = {
        "tau": 0.55,
        "tau_interval": [0.5, 0.6],
        "top_decile_tau": 0.3,
        "top_decile_tau_interval": [0.1, 0.5],
        "scored": 1.0,
        "seed_stability": 0.9,
        "depends_on": "weights or images",
        **held_out,
    }
    leads = {"params": {"tau": lead[0], "interval": list(lead[1:])}} if lead else {}
    best = Scored("best", "wt", 1, 1, {NAME: {"tau_training": training, "held_out": figures, "lead": leads}})
    return Findings(
        *("folder", "Run", "about", best, [best], []),
        benchmarks={NAME: {"description": "toy", "accuracy": "test", "held_out": networks}},
        aggregation="sum",
        progress=None,
        parts=[],
        commands={},
        settings="",
        versions="",
        networks={NAME: {"units": list(units)}},
    )


def words(found):
    return [word for word, _ in warnings(found)]


def unit(*shares):
    return {"terms": [{"sign": 1, "contributions": list(shares)}]}


@pytest.mark.parametrize(
    ("lead", "title", "sentence"),
    [
        ((0.1, 0.05, 0.15), "0.100 ahead of counting parameters", "ranks them better than the number of parameters"),
        ((-0.1, -0.2, -0.05), "0.100 behind counting parameters", "ranks them worse than the number of parameters"),
        ((0.1, -0.1, 0.2), "no clear lead over counting parameters", "these networks do not tell"),
        ((None, None, None), "Held-out tau 0.550", "was not compared with the number of parameters"),
        (None, "Held-out tau 0.550", "was not compared with the number of parameters"),
    ],
)
def test_the_verdict_follows_the_paired_interval(lead, title, sentence):
    one = findings(lead)
    assert title in headline(one)
    text = verdict(one.best, NAME, 300)
    assert sentence in text
    assert "tau 0.550, 95 % interval [0.500, 0.600]" in text


def test_a_lead_over_what_ranks_wrongly_is_no_merit_where_tau_may_be_chance():
    one = findings(tau=0.05, tau_interval=[-0.1, 0.2], training=0.1)
    assert headline(one) == "Held-out tau 0.050, no better than chance"
    assert "That may be chance." in verdict(one.best, NAME, 300)


def test_a_seed_that_stayed_is_told_first():
    one = replace(findings(training=0.9), kept_seed="this is the seed wt.")
    assert headline(one).startswith("A seed formula stays: held-out tau 0.550")
    assert warnings(one)[0] == ("Not evolved here:", "this is the seed wt.")
    assert "evolved on" not in " ".join(text for _, text in warnings(one))


def test_a_good_proxy_has_no_warning():
    assert words(findings()) == []
    assert words(findings(rounding_gradients=0.04)) == []


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"depends_on": "counts only", "seed_stability": 1.0}, "Counts only:"),
        ({"seed_stability": 0.69}, "Low seed stability:"),
        ({"depends_on": "partly rounding", "rounding_stability": 0.7}, "Partly rounding:"),
        ({"rounding_gradients": 0.05}, "Gradients that cancel:"),
        ({"scored": 0.99}, "Unscored networks:"),
        ({"lead": (0.1, 0.0, 0.2)}, "Not better than counting parameters:"),
        ({"top_decile_tau_interval": [-0.1, 0.5]}, "The best networks:"),
        ({"training": 0.66}, "Overfitted:"),
        ({"tau_interval": [0.0, 0.6]}, "No better than chance:"),
        ({"networks": 99}, "Few networks:"),
        (
            {"depends_on": "counts only", "units": [unit(2.0, 2.0), unit(2.0, 2.0, 2.0)]},
            "Constant in disguise:",
        ),
        ({"depends_on": "counts only", "units": [unit(2.0, 2.0), unit(3.0)]}, "Counts only:"),
    ],
)
def test_each_fault_has_its_warning(changed, word):
    assert words(findings(**changed)) == [word]


def test_undefined_figures_are_no_reason_to_fail():
    undefined = findings(
        lead=(None, None, None),
        training=None,
        tau=None,
        tau_interval=[None, None],
        top_decile_tau=None,
        top_decile_tau_interval=[None, None],
        scored=None,
        seed_stability=None,
        depends_on=None,
    )
    assert headline(undefined) == "Held-out tau undefined"
    assert "no correlation is defined" in verdict(undefined.best, NAME, 0)
    assert words(undefined) == []
