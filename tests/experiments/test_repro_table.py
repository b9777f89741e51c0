from __future__ import annotations

import json

import pytest

from eznas.errors import EznasError
from eznas.experiments import measure
from eznas.experiments.repro_table import ReproTable
from eznas.experiments.table_sets import chosen

MISSING = "nds-enas"


@pytest.fixture(scope="module")
def settings(quick):
    return {**quick, "generations": 1}


@pytest.fixture(scope="module")
def repro(table, other_table, settings):
    return ReproTable(chosen([table, other_table, MISSING]), (0,), settings, nasbench201_test=6, nds_test=200)


@pytest.fixture(scope="module")
def finished(repro, tmp_path_factory):
    """The folder of a finished table, its content, and what was reported."""
    folder, lines = tmp_path_factory.mktemp("tables") / "table", []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EZNAS_DATA", str(tmp_path_factory.mktemp("no data")))
        return folder, repro.run(folder, lines.append), lines


@pytest.fixture
def measured(monkeypatch):
    """The benchmark and the programs of every measurement."""
    calls = []
    original = measure.rank_test_networks

    def counting(benchmark, programs, settings):
        calls.append((benchmark.name, sorted(programs)))
        return original(benchmark, programs, settings)

    monkeypatch.setattr(measure, "rank_test_networks", counting)
    return calls


def test_every_cell_at_hand_is_there(finished, table, other_table):
    _, content, _ = finished
    rows = {row["benchmark"]: row for row in content["rows"]}
    for name in (table, other_table):
        assert rows[name]["networks"] == 6
        for column in (table, other_table, "flops", "params", "eznas-a"):
            cell = rows[name]["cells"][column]
            assert -1 <= cell["tau"] <= 1
            assert "missing" not in cell
        marks = [cell["mark"] for key, cell in rows[name]["cells"].items() if key != "eznas-a"]
        assert "best" in marks
        assert rows[name]["cells"]["eznas-a"]["mark"] == ""


def test_missing_cells_say_which_file_and_which_command(finished, table):
    folder, content, lines = finished
    rows = {row["benchmark"]: row for row in content["rows"]}
    for cell in (rows[table]["cells"][MISSING], rows[MISSING]["cells"][table], rows[MISSING]["cells"]["flops"]):
        assert cell["tau"] is None
        assert "nds/ENAS.msgpack" in cell["missing"]
        assert "eznas data fetch nds" in cell["missing"]
    assert rows[MISSING]["cells"]["flops"]["published"] == 0.4739
    assert any("eznas data fetch nds" in line for line in lines)
    assert "eznas data fetch nds" in (folder / "table.md").read_text()


def test_a_rerun_measures_nothing(finished, repro, measured, monkeypatch, tmp_path):
    folder, content, _ = finished
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    again = repro.run(folder, lambda _: None)
    assert measured == []
    for name in ("columns", "programs"):
        assert again[name] == content[name]
    assert [row["cells"].keys() for row in again["rows"]] == [row["cells"].keys() for row in content["rows"]]
    assert json.loads((folder / "table.json").read_text())["rows"] == json.loads(json.dumps(again["rows"]))


def test_a_lost_cell_alone_is_measured_again(finished, repro, measured, monkeypatch, tmp_path, table, other_table):
    folder, content, _ = finished
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    lost = [path for path in folder.glob("cells/seed-0/*other/*.json") if path.name.endswith("_first0_tiny.json")]
    assert len(lost) == 1
    lost[0].unlink()
    again = repro.run(folder, lambda _: None)
    assert measured == [(other_table, [table])]
    assert again["rows"][1]["cells"][table]["tau"] == content["rows"][1]["cells"][table]["tau"]


def test_another_seed_is_added_to_what_is_there(finished, repro, measured, monkeypatch, tmp_path, settings, table):
    folder, content, _ = finished
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    one = chosen([table])
    wider = ReproTable(one, (0, 1), settings, nasbench201_test=6, nds_test=200).run(folder, lambda _: None)
    assert measured == [(table, sorted([table, "eznas-a", "flops", "params"]))]
    cell = wider["rows"][0]["cells"]["params"]
    assert cell["seeds_measured"] == len(cell["taus"]) == 2
    assert cell["taus"][0] == content["rows"][0]["cells"]["params"]["tau"]
    assert cell["tau"] == pytest.approx(sum(cell["taus"]) / 2)
    assert cell["deviation"] is not None


def test_other_settings_are_refused(finished, repro, settings):
    folder, _, _ = finished
    with pytest.raises(EznasError, match="nasbench201 is 6 there, 7 here"):
        ReproTable(repro.table_set, (0,), settings, nasbench201_test=7, nds_test=200).run(folder, lambda _: None)
    with pytest.raises(EznasError, match=r"evolution\.genome is 'tree' there, 'sequential' here"):
        ReproTable(repro.table_set, (0,), {**settings, "genome": "sequential"}, 6).run(folder, lambda _: None)
