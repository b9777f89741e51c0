from __future__ import annotations

import io

from rich.console import Console

from eznas.cli.output import print_all
from eznas.report.summary import summary_parts

LONG = "sigmoid(" * 60 + "wt" + ")" * 60


def figures(tau):
    """Figures of a ranking; none is defined where tau is None."""
    return {
        "tau": tau,
        "tau_interval": [None, None] if tau is None else [0.3, 0.5],
        "top_decile_tau": None if tau is None else 0.1,
        "scored": None if tau is None else 0.995,
        "seed_stability": None if tau is None else 0.87,
        "depends_on": None if tau is None else "counts only",
        "picked_accuracy": None if tau is None else 91.234,
        "picked_rank": None if tau is None else 3.5,
    }


def a_summary(programs, names=("toy",), samples="all"):
    return {
        "programs": programs,
        "baselines": [
            {
                "name": "params",
                "formula": "number of parameters",
                "orientation": 1,
                "benchmarks": {name: {"held_out": figures(None)} for name in names},
            }
        ],
        "protocol": {
            "benchmarks": {
                name: {"description": f"a [{name}] benchmark", "accuracy": "test", "held_out": 20 + position}
                for position, name in enumerate(names)
            },
            "networks": 10,
            "combine": "minimum",
            "fitness_samples": samples,
        },
        "evolution": {"live_share": 0.123456},
        "files": {"best programs": "runs/x/hall_of_fame.json"},
        "use": {"measure": "eznas evaluate runs/x"},
    }


def a_program(formula, orientation=-1, names=("toy",)):
    return {
        "formula": formula,
        "orientation": orientation,
        "size": 3,
        "fitness": 0.46,
        "benchmarks": {
            name: {
                "tau_training": 0.51249 - position,
                "held_out": figures(0.4 + position / 10),
                "lead": {"params": {"tau": 0.139, "interval": [0.088, 0.19]}},
            }
            for position, name in enumerate(names)
        },
    }


def printed(summary):
    console = Console(file=io.StringIO(), width=160, color_system=None)
    print_all(console, summary_parts(summary))
    return console.file.getvalue()


def test_the_table_holds_training_held_out_and_baselines():
    lines = printed(a_summary([a_program("sigmoid(wt)")])).splitlines()
    assert lines[0].strip() == "Kendall tau on 10 training and 20 held-out networks"
    assert lines[2].split() == [
        *("program", "1", "0.512", "0.400", "[0.300,", "0.500]"),
        *("0.100", "99.5", "%", "0.870", "counts", "only", "-1", "3"),
    ]
    assert lines[3].split() == ["params", "–", "–", "–", "–", "–", "–", "–", "+1", "–"]


def test_the_lead_over_baselines_and_what_each_would_pick_stand_in_a_table():
    lines = [line.split() for line in printed(a_summary([a_program("sigmoid(wt)")])).splitlines()]
    assert ["score", "size", "accuracy", "rank", "over", "params"] in lines
    assert ["program", "1", "3", "91.23", "3.5", "0.139", "[0.088,", "0.190]"] in lines
    assert ["params", "–", "–", "–", "–"] in lines


def test_what_nothing_is_compared_with_has_a_row_and_no_column():
    summary = a_summary([a_program("sigmoid(wt)")])
    summary["baselines"].append({**summary["baselines"][0], "name": "synflow"})
    lines = [line.split() for line in printed(summary).splitlines()]
    assert ["score", "size", "accuracy", "rank", "over", "params"] in lines
    assert ["synflow", "–", "–", "–", "–"] in lines


def test_a_fitness_of_subsamples_has_a_column():
    lines = printed(a_summary([a_program("sigmoid(wt)")], samples="4x5")).splitlines()
    assert lines[1].split()[:3] == ["score", "fitness", "training"]
    assert lines[2].split()[:5] == ["program", "1", "0.460", "0.512", "0.400"]
    assert lines[3].split()[:4] == ["params", "–", "–", "–"]


def test_every_one_of_several_benchmarks_has_a_column():
    names = ("toy", "tables/large.csv")
    shown = printed(a_summary([a_program("sigmoid(wt)", names=names)], names)).splitlines()
    assert shown[0].strip() == "Kendall tau on 20 and 21 held-out networks, with its 95 % interval"
    assert shown[1].split() == ["score", "fitness", "toy", "large", "sign", "size"]
    program = ["program", "1", "0.460", "0.400", "[0.300,", "0.500]", "0.500", "[0.300,", "0.500]", "-1", "3"]
    assert shown[2].split() == program
    assert shown[3].split() == ["params", "–", "–", "–", "–", "–", "+1", "–"]
    text = " ".join("\n".join(shown).split())
    beside = "score top decile scored stability depends on program 1 0.100 99.5 % 0.870 counts only params – – – –"
    for label in ("toy", "large"):
        assert f"Top-decile tau, and what scores depend on, on {label} {beside}" in text
    assert "on 10 training networks score toy large program 1 0.512 -0.488 The network that each would pick" in text
    assert "benchmark 2 tables/large.csv: a [tables/large.csv] benchmark (test; 21 held out)" in text
    assert "combine minimum" in text


def test_tables_of_one_stem_keep_their_paths():
    names = ("a/t.csv", "b/t.csv")
    assert printed(a_summary([a_program("wt", names=names)], names)).splitlines()[1].split()[2:4] == list(names)


def test_how_benchmarks_are_combined_is_no_matter_of_one():
    assert "combine" not in printed(a_summary([a_program("sigmoid(wt)")]))


def test_every_formula_stands_in_full_on_a_line_of_its_own():
    lines = printed(a_summary([a_program(LONG), a_program("sigmoid(wt)")])).splitlines()
    place = lines.index("Programs")
    assert lines[place + 1 : place + 3] == [f" 1  {LONG}", " 2  sigmoid(wt)"]


def test_texts_are_no_markup():
    assert "a [toy] benchmark" in printed(a_summary([a_program("sigmoid(wt)")]))


def test_a_run_without_a_valid_program_says_so():
    assert "No program was valid" in printed(a_summary([]))
