from __future__ import annotations

import copy
import json

import pytest
from rich.console import Console

from eznas.experiments.folder import ExperimentFolder
from eznas.experiments.repro_content import table_content
from eznas.experiments.repro_report import table_markdown, table_parts
from eznas.experiments.table_sets import chosen
from eznas.report.html.report import write_report

TAUS = {"nds-darts": 0.5, "nds-enas": 0.25, "flops": 0.5, "params": 0.1, "eznas-a": 0.9}
RECORD = {"test_networks": {"nasbench201": 1000}, "evolution": {"generations": 15}}


@pytest.fixture
def folder(tmp_path):
    folder = ExperimentFolder.open(tmp_path / "table", "repro-table", RECORD)
    for column, tau in TAUS.items():
        piece = {
            "tau": tau,
            "tau_interval": [tau - 0.1, tau + 0.1],
            "top_decile_tau": tau - 0.3,
            "networks": 200,
            "unscored": int(column == "nds-enas"),
            "formula": "" if column in ("flops", "params") else f"abs({column}) < 1 & more",
            "description": "NDS <in short>.",
        }
        folder.write_piece(piece, "seed-0", "nds-darts", column)
    return folder


@pytest.fixture
def content(folder):
    missing = {"nds-enas": "nds/ENAS.msgpack is missing: `eznas data fetch nds` gets it."}
    return table_content(chosen(["nds-darts", "nds-enas"]), [0], folder, missing, {}, RECORD)


def test_equal_values_share_their_mark_and_the_reference_has_none(content):
    marks = {key: cell["mark"] for key, cell in content["rows"][0]["cells"].items()}
    assert marks == {"nds-darts": "best", "flops": "best", "nds-enas": "second", "params": "", "eznas-a": ""}


def test_a_row_that_is_not_there_has_no_marks(content):
    cells = content["rows"][1]["cells"]
    assert {cell["mark"] for cell in cells.values()} == {""}
    assert all("eznas data fetch nds" in cell["missing"] for cell in cells.values())


def test_the_markdown_has_ours_and_theirs_in_each_cell(content):
    text = table_markdown(content)
    assert "| DARTS | **0.500** (0.508) | *0.250* (0.460) | **0.500** (0.508) | 0.100 (0.504) | 0.900 (0.508) |" in text
    assert "| ENAS | missing (0.380) |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {7}
    assert "| DARTS | 0.200 | -0.050 | 0.200 | -0.200 | 0.600 |" in text
    assert "| ENAS | – | – | – | – | – |" in text
    assert "eznas data fetch nds" in text
    assert "- DARTS: ENAS 1\n" in text  # a network of DARTS without a score by the program of ENAS


def test_the_page_of_the_folder_has_the_table(content, tmp_path):
    (tmp_path / "experiment.json").write_text(json.dumps({"experiment": "repro-table", "settings": {}, "sessions": []}))
    (tmp_path / "table.md").write_text(table_markdown(content))
    page = write_report(tmp_path).read_text()
    assert page.count("<tr>") >= 3
    assert "abs(nds-darts) &lt; 1 &amp; more" in page
    assert "NDS &lt;in short&gt;." in page
    assert "<strong>0.500</strong> (0.508)" in page


def test_deviations_and_partial_seeds_are_shown(folder):
    wider = table_content(chosen(["nds-darts"]), [0, 1, 2], folder, {}, {}, RECORD)
    assert "0.500 [1/3]" in table_markdown(wider)
    piece = folder.piece("seed-0", "nds-darts", "flops")
    folder.write_piece({**piece, "tau": 0.4}, "seed-1", "nds-darts", "flops")
    wider = table_content(chosen(["nds-darts"]), [0, 1], folder, {}, {}, RECORD)
    assert "*0.450 ± 0.071* (0.508)" in table_markdown(wider)
    assert "Means over 2 seeds" in table_markdown(wider)


def test_the_share_scored_stands_in_a_cell(content):
    cells = content["rows"][0]["cells"]
    assert (cells["nds-enas"]["unscored"], cells["nds-enas"]["scored"]) == (1, 1 - 1 / 200)
    assert cells["nds-darts"]["scored"] == 1.0
    assert content["rows"][1]["cells"]["flops"]["scored"] is None


def test_a_new_hand_made_score_has_a_column(folder, monkeypatch):
    from eznas.proxies import hand_made
    from eznas.proxies.hand_made import params

    class Depth(params.Params):
        name = "depth"

    monkeypatch.setattr(params, "Depth", Depth, raising=False)
    monkeypatch.setitem(hand_made.HAND_MADE, "depth", "eznas.proxies.hand_made.params:Depth")
    columns = table_content(chosen(["nds-darts"]), [0], folder, {}, {}, RECORD)["columns"]
    assert [column["key"] for column in columns] == ["nds-darts", "depth", "flops", "params", "eznas-a"]


def test_an_undefined_tau_is_no_missing_file(folder):
    piece = folder.piece("seed-0", "nds-darts", "flops")
    folder.write_piece({**piece, "tau": None}, "seed-0", "nds-darts", "flops")
    cell = table_content(chosen(["nds-darts"]), [0], folder, {}, {}, RECORD)["rows"][0]["cells"]["flops"]
    assert cell["tau"] is None
    assert "missing" not in cell


def test_the_terminal_shows_the_same_numbers(content):
    console = Console(width=220, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        for part in table_parts(copy.deepcopy(content)):
            console.print(part)
    for text in ("most accurate tenth", "▲0.500 (0.508)", "△0.250 (0.460)", "missing (0.380)", "eznas data fetch nds"):
        assert text in " ".join(captured.get().split())
