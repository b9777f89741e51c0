from __future__ import annotations

import io

import pytest
from rich.console import Console

from eznas.cli.output import print_all
from eznas.report.discovery import discovery_parts

LEAD = {"params": {"tau": 0.123, "interval": [0.05, 0.2]}}


def figures(tau):
    """Figures of a ranking; none is defined where tau is None."""
    figures = {
        "tau": tau,
        "tau_interval": [0.3, 0.5],
        "top_decile_tau": 0.1,
        "picked_accuracy": 91.5,
        "picked_rank": 3.5,
        "scored": 0.995,
        "seed_stability": 0.87,
        "depends_on": "counts only",
    }
    return dict.fromkeys(figures) if tau is None else figures


def a_formula(size, names, tau=0.5):
    by_benchmark = {
        name: {"tau_training": 0.6, "tau_validation": None, "held_out": figures(tau), "lead": LEAD} for name in names
    }
    return {
        "formula": "sigmoid(" * 60 + "wt" + ")" * 60,
        "orientation": -1,
        "size": size,
        "fitness": 0.77,
        "validation_fitness": None,
        "benchmarks": by_benchmark,
        "worst": None if tau is None else {"benchmark": names[-1], "tau": tau},
    }


def a_report(names=("toy",), tau=0.5, **protocol):
    return {
        "chosen": a_formula(3, names, tau),
        "front": [a_formula(1, names, tau), a_formula(3, names, tau)],
        "baselines": [
            {
                "name": "params",
                "orientation": 1,
                "benchmarks": {name: {"held_out": figures(tau)} for name in names},
                "worst": None,
            }
        ],
        "protocol": {
            "benchmarks": {name: {"description": "a toy", "accuracy": "test", "held_out": 20} for name in names},
            "networks": 40,
            "validation": 10,
            "objective": "tau",
            "given": "",
            "over": [],
            **protocol,
        },
        "search": {"epochs": 4},
    }


def printed(report):
    console = Console(file=io.StringIO(), width=400)
    print_all(console, discovery_parts(report))
    return console.file.getvalue()


def test_one_benchmark_has_taus_picks_and_leads_beside_the_baselines():
    text = printed(a_report())
    assert "40 training, 10 validation and 20 held-out networks of toy" in text
    chosen = [line for line in text.splitlines() if line.startswith("chosen")]
    assert len(chosen) == 2
    assert "0.600" in chosen[0]
    assert "[0.300, 0.500]" in chosen[0]
    assert "91.50   3.5  0.123 [0.050, 0.200]" in chosen[1]
    assert len([line for line in text.splitlines() if line.startswith("params")]) == 2
    assert "sigmoid(" * 60 in text
    assert "Fitness" not in text


@pytest.mark.parametrize(
    ("reported", "lead", "margin", "label", "lines"),
    [
        ("seed", 0.1, 1.0, "evolved", ("the best seed formula", "a-proxy", "0.100, standard error 0.200", "than 1 t")),
        ("evolved", 0.1, 0.0, "best seed", ("what evolved", "a-proxy", "0.100, standard error 0.200", "any lead")),
        ("seed", None, 2.0, "evolved", ("the best seed formula", "a-proxy", "unknown, 10 v", "more than 2 times")),
    ],
)
def test_a_choice_between_seeds_and_what_evolved_is_stated(reported, lead, margin, label, lines):
    choice = {
        "reported": reported,
        "best_seed": "a-proxy",
        "margin": margin,
        "validation": 10,
        "lead": lead,
        "standard_error": 0.2,
        "seeds_too_large": 2,
        "validation_seen_by_seeds": {"own/toy.csv": 3},
    }
    text = printed({**a_report(), "choice": choice, "other": a_formula(9, ("toy",))})
    assert [line.split()[-1] for line in text.splitlines() if line.startswith(label + " ")] != []
    chosen = text.splitlines()[text.splitlines().index("How it was chosen") + 1 :]
    assert all(part in line for part, line in zip(lines, chosen, strict=False))
    assert "2, which are not reported" in chosen[len(lines)]
    assert "toy" in chosen[len(lines) + 1]
    assert "3 of the validation networks" in chosen[len(lines) + 1]
    assert "How it was chosen" not in printed(a_report())
    none = {"reported": "evolved", "best_seed": None, "seeds_too_large": 1}
    assert "1, which are not reported" in printed({**a_report(), "choice": none})


def test_several_benchmarks_and_other_objectives_have_a_table_of_fitness():
    text = printed(a_report(("toy", "folder/own.csv")))
    assert "Fitness, and Kendall tau on held-out networks" in text
    assert "0.500 own" in text
    assert text.count("The network that each would pick") == 2
    for protocol in ({"objective": "top"}, {"given": "params"}, {"over": ["params"]}):
        assert "0.770" in printed(a_report(**protocol))


def test_the_protocol_leaves_out_options_that_were_not_used():
    lines = printed(a_report(lead_cap=0.15, combine="minimum")).splitlines()
    protocol = [line.split() for line in lines[lines.index("How it was measured") + 1 :]]
    assert ["benchmark", "toy:", "a", "toy", "(test;", "20", "held", "out)"] in protocol
    assert not {"given", "over", "lead", "combine"} & {words[0] for words in protocol if words}
    several = printed(a_report(names=("a", "b"), given="params", combine="mean"))
    assert all(one in several for one in ("benchmark 1", "benchmark 2", "given", "combine"))


def test_what_is_undefined_is_a_dash():
    text = printed(a_report(tau=None, objective="both"))
    assert "None" not in text
    assert "nan" not in text
