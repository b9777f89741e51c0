from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from parsed_page import ParsedPage

from eznas.cli.app import main
from eznas.errors import EznasError
from eznas.report.html.report import write_comparison, write_report
from eznas.report.tables import interval_text, number_text

INJECTED = "<i onload='x'>&lt;"
SECTIONS = ["charts", "networks", "program", "units", "depends", "figures", "again"]


@pytest.fixture(params=["run", "discovery", "enumeration"])
def folder(request):
    return request.getfixturevalue(f"{request.param}_folder")


def parsed(path):
    return ParsedPage(path.read_text())


def copy_of(folder, tmp_path):
    """A copy of a folder, to be changed."""
    return Path(shutil.copytree(folder, tmp_path / folder.name))


def test_the_page_is_whole_and_needs_nothing_else(folder):
    page = parsed(write_report(folder))
    assert page.unbalanced == []
    assert page.sections == SECTIONS
    assert [reference for reference in page.references if not reference.startswith("#")] == []
    assert page.unlabelled == []
    assert "script" not in page.tags
    assert "url(" not in " ".join(page.texts["style"])
    assert "@import" not in " ".join(page.texts["style"])


def test_every_class_of_the_page_is_in_the_style_sheet_and_every_colour_for_light_and_dark(folder):
    page = parsed(write_report(folder))
    style = " ".join(page.texts["style"])
    assert {name for name in page.classes if f".{name}" not in style} == set()
    root, dark, printed = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colours = [set(re.findall(r"(--[\w-]+):", part)) for part in (root, dark, printed)]
    assert colours[0] == colours[1] == colours[2]
    assert set(re.findall(r"var\((--[\w-]+)\)", style)) == colours[0]


def test_the_figures_are_those_of_the_summary(folder):
    result = folder / "summary.json"
    content = json.loads((result if result.is_file() else folder / "result.json").read_text())
    if "programs" in content:
        best = content["programs"][0]
    elif "chosen" in content:
        best = content["chosen"]
    else:
        best = [one for one in content["best"] if one["on_front"]][-1]
        best["benchmarks"] = {content["benchmark"]: best}
    page = parsed(write_report(folder))
    ((name, figures),) = best["benchmarks"].items()
    held_out, lead = figures["held_out"], figures["lead"]["params"]
    for text in (
        f"Held-out tau {number_text(held_out['tau'])}",
        f"Kendall's tau {number_text(held_out['tau'])}, 95 % interval {interval_text(held_out['tau_interval'])}",
        f"{number_text(lead['tau'])}, paired 95 % interval {interval_text(lead['interval'])}",
    ):
        assert text in page.text()
    assert name in " ".join(page.texts["p"][:2])
    assert best["formula"] in page.texts["code"]
    cells = page.texts["td"]
    for one in content["baselines"]:
        assert number_text(one["benchmarks"][name]["held_out"]["tau"]) in cells
    values = [text for text in page.texts["div"] if re.fullmatch(r"-?\d\.\d{3}|–", text.strip())]
    assert values[:2] == [number_text(held_out["tau"]), number_text(lead["tau"])]


def test_what_stands_in_the_files_is_shown_as_text(folder, table, tmp_path):
    copy = copy_of(folder, tmp_path)
    for name in ("summary.json", "result.json", "networks.json"):
        if (copy / name).is_file():
            text = (copy / name).read_text()
            text = text.replace(table, "<b>&.csv").replace("the space nasbench201", INJECTED)
            (copy / name).write_text(text)
    page = write_report(copy)
    assert parsed(page).unbalanced == []
    assert {"b", "i"} & parsed(page).tags == set()
    assert "&lt;b&gt;&amp;.csv" in page.read_text()
    assert INJECTED in parsed(page).text()


def test_networks_of_all_parts_stand_in_the_scatter(discovery_folder):
    page = write_report(discovery_folder).read_text()
    assert "training: 10 networks" in page
    assert "validation: 6 networks" in page
    assert "held-out: 8 networks" in page


def test_an_older_folder_gets_a_sentence_where_something_was_not_stored(folder, tmp_path):
    copy = copy_of(folder, tmp_path)
    (copy / "networks.json").unlink()
    (copy / "history.jsonl").unlink(missing_ok=True)
    page = parsed(write_report(copy))
    assert page.sections == SECTIONS
    text = page.text()
    assert "does not hold the scores of single networks, which older versions did not store" in text
    assert "does not hold what units contribute" in text
    assert ("does not hold how fitness rose" in text) == ("enumeration" not in copy.name)
    assert f"--output {copy}" in text or f"--resume {copy}" in text


def test_the_command_for_an_older_run_adds_what_is_missing_and_changes_no_figure(run_folder, tmp_path, capsys):
    copy = copy_of(run_folder, tmp_path)
    before = json.loads((copy / "summary.json").read_text())
    networks = (copy / "networks.json").read_text()
    (copy / "networks.json").unlink()
    (copy / "summary.json").unlink()
    assert main(["run", "--resume", str(copy), "--quiet", "--json"]) == 0
    after = json.loads(capsys.readouterr().out)
    assert after["programs"] == before["programs"]
    assert (copy / "networks.json").read_text() == networks
    assert parsed(copy / "report.html").sections == SECTIONS


def test_a_comparison_has_every_folder_with_its_formula(run_folder, discovery_folder, tmp_path):
    page = parsed(write_comparison([run_folder, discovery_folder], tmp_path / "both.html"))
    assert page.unbalanced == []
    assert page.unlabelled == []
    assert page.sections == ["tau-0", "progress", "formulas"]
    for folder in (run_folder, discovery_folder):
        assert str(folder) in page.texts["th"]
        assert str(folder) in page.texts["h3"]
    formulas = [
        json.loads((run_folder / "summary.json").read_text())["programs"][0]["formula"],
        json.loads((discovery_folder / "result.json").read_text())["chosen"]["formula"],
    ]
    assert page.texts["code"] == formulas


def test_the_command_says_where_the_page_is(run_folder, discovery_folder, tmp_path, capsys):
    assert main(["report", str(run_folder)]) == 0
    assert capsys.readouterr().out.strip() == str(run_folder / "report.html")
    target = tmp_path / "c.html"
    assert main(["report", str(run_folder), str(discovery_folder), "--output", str(target)]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    assert target.is_file()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "has nothing to report .it has neither summary.json nor result.json"),
        ({"config.toml": ""}, "has nothing to report .it is not finished"),
        ({"summary.json": "{"}, "summary.json cannot be read"),
        ({"summary.json": "[]"}, "summary.json holds no JSON object"),
        ({"summary.json": "{}"}, "summary.json lacks what a report shows"),
        ({"result.json": '{"best": []}'}, "result.json lacks what a report shows"),
        ({"experiment.json": "{}"}, "has no result yet"),
    ],
)
def test_a_folder_without_a_report_is_refused(tmp_path, files, sentence):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(EznasError, match=sentence):
        write_report(tmp_path)


def test_what_is_no_folder_is_refused(tmp_path):
    with pytest.raises(EznasError, match="is no folder"):
        write_report(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("lead", "margin", "told"),
    [
        (None, 1.0, "6 validation networks do not tell how far what evolved is ahead of it."),
        (0.02, 0.0, "the lead of what evolved over it is 0.020, standard error 0.050; any lead was asked for."),
        (0.02, 1.5, "more than 1.5 times that error was asked for."),
    ],
)
def test_a_page_of_a_seed_that_stayed_says_why(discovery_folder, tmp_path, lead, margin, told):
    copy = copy_of(discovery_folder, tmp_path)
    content = json.loads((copy / "result.json").read_text())
    choice = {"reported": "seed", "best_seed": "numel(wt)", "lead": lead, "standard_error": 0.05, "margin": margin}
    (copy / "result.json").write_text(json.dumps({**content, "choice": {**choice, "validation": 6}}))
    text = parsed(write_report(copy)).text()
    assert "A seed formula stays" in text
    assert "this is the seed numel(wt)." in text
    assert told in text
