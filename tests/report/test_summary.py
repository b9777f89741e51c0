from __future__ import annotations

import io

from rich.console import Console

from eznas.report.summary import summary_parts

LONG = "sigmoid(" * 60 + "wt" + ")" * 60


def a_summary(programs):
    return {
        "programs": programs,
        "baselines": [
            {
                "name": "params",
                "formula": "number of parameters",
                "orientation": 1,
                "tau_held_out": None,
                "tau_held_out_interval": [None, None],
            }
        ],
        "protocol": {"networks": 10, "held_out": 20, "description": "a [toy] benchmark"},
        "evolution": {"live_share": 0.123456},
        "files": {"best programs": "runs/x/hall_of_fame.json"},
        "use": {"measure": "eznas evaluate runs/x"},
    }


def a_program(formula, orientation=-1):
    return {
        "formula": formula,
        "orientation": orientation,
        "size": 3,
        "tau_training": 0.51249,
        "tau_held_out": 0.4,
        "tau_held_out_interval": [0.3, 0.5],
    }


def printed(summary):
    console = Console(file=io.StringIO(), width=100, color_system=None)
    for part in summary_parts(summary):
        console.print(part)
    return console.file.getvalue()


def test_the_table_holds_training_held_out_and_baselines():
    lines = printed(a_summary([a_program("sigmoid(wt)")])).splitlines()
    assert lines[0].strip() == "Kendall tau on 10 training and 20 held-out networks"
    assert lines[2].split() == ["program", "1", "0.512", "0.400", "[0.300,", "0.500]", "-1", "3"]
    assert lines[3].split() == ["params", "–", "–", "–", "+1", "–"]


def test_the_best_formula_stands_in_full_and_others_are_cut():
    shown = "".join(printed(a_summary([a_program(LONG), a_program(LONG)])).split())
    assert shown.count(LONG) == 1
    assert shown.count("…") == 1


def test_texts_are_no_markup():
    assert "a [toy] benchmark" in printed(a_summary([a_program("sigmoid(wt)")]))


def test_a_run_without_a_valid_program_says_so():
    assert "No program was valid" in printed(a_summary([]))
