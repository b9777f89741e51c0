import numpy as np
import pytest

from eznas.benchmarks.record import Record
from eznas.benchmarks.table_layout import AccuracySplit, TableLayout
from eznas.data.tables import read_own_table
from eznas.errors import EznasError
from eznas.spaces.foreign import ForeignSpace

SPACE = ForeignSpace("any", lambda text: None)


def table(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    return read_own_table(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("header", "row", "architecture", "task"),
    [
        ("architecture,accuracy", "a,1", "architecture", "accuracy"),
        ("net,score", "a,1", "net", "score"),
        ("score,net", "1,a", "net", "score"),
        ("architecture,accuracy,params", "a,1,2", "architecture", "accuracy"),
        ("architecture,accuracy", "12,1", "architecture", "accuracy"),
        (",net,score", "0,a,1", "net", "score"),
        ("architecture,note,top1", "a,b,1", "architecture", "top1"),
        ("net,loss", "a,nan", "net", "loss"),
    ],
)
def test_what_can_only_be_meant_need_not_be_named(tmp_path, header, row, architecture, task):
    layout = TableLayout.of(table(tmp_path, f"{header}\n{row}\n"))
    assert layout == TableLayout(architecture, (AccuracySplit(task, (task,)),))


@pytest.mark.parametrize(
    ("text", "named", "message"),
    [
        ("net,note,top1\na,b,1\n", {}, "several columns of texts, 'net', 'note': name the one"),
        ("id,top1\n0,1\n", {}, "no column of texts: name the one"),
        ("net,top1,top5\na,1,2\n", {}, "several columns of numbers, 'top1', 'top5': name those"),
        ("net,note\na,\n", {"architecture": "net"}, "no column of numbers: name those"),
        ("net,top1\na,1\n", {"architecture": "arch"}, "no column 'arch': choose of 'net', 'top1'"),
        ("net,top1\na,1\n", {"accuracies": ["top"]}, "no column 'top' for accuracies: choose of 'top1'"),
        ("net,top1\na,1\n", {"accuracies": ["net"]}, "no column 'net' for accuracies"),
        ("net,top1\na,1\n", {"lower_is_better": ["net"]}, "no column 'net' for accuracies"),
        ("net,top1\na,1\n", {"accuracies": ["top1"], "lower_is_better": ["top1"]}, "named twice"),
        ("net,top1\na,1\n", {"accuracies": ["top1", "top1"]}, "named twice"),
    ],
)
def test_what_cannot_be_told_is_asked_for(tmp_path, text, named, message):
    with pytest.raises(EznasError, match=message):
        TableLayout.of(table(tmp_path, text), **named)


def test_columns_of_seeds_are_one_task(tmp_path):
    seeds = table(tmp_path, "net,top1_seed_0,top1_seed_1,top1_seed_x\na,1,2,3\n")
    layout = TableLayout.of(seeds, accuracies=["top1"], lower_is_better=["top1_seed_x"])
    assert layout.splits == (
        AccuracySplit("top1", ("top1_seed_0", "top1_seed_1")),
        AccuracySplit("top1_seed_x", ("top1_seed_x",), lower_is_better=True),
    )
    assert layout.measurements(seeds, layout.splits[0], SPACE).values == [1.5]


def test_a_layout_survives_its_record(tmp_path):
    layout = TableLayout("net", (AccuracySplit("a", ("a_seed_0", "a_seed_1")), AccuracySplit("b", ("b",), True)))
    assert TableLayout.from_record(Record(tmp_path / "t.json", layout.to_record())) == layout


def test_the_first_split_is_the_default():
    layout = TableLayout("net", (AccuracySplit("a", ("a",)), AccuracySplit("b", ("b",))))
    assert layout.split(None, "t").name == "a"
    assert layout.split("b", "t").name == "b"
    with pytest.raises(EznasError, match="t has no split 'c': choose a or b"):
        layout.split("c", "t")


def test_networks_are_those_with_a_value_in_the_order_of_the_table(tmp_path):
    rows = table(tmp_path, "net,top1\nb,1\na,\nc,-3e5\nb ,2\nd, 4 \na,\n")
    measured = TableLayout.of(rows).measurements(rows, AccuracySplit("top1", ("top1",)), SPACE)
    assert measured.architectures == ("b", "c", "d")
    np.testing.assert_array_equal(measured.values, [1.5, -3e5, 4])
    assert (measured.repeated, measured.without_value) == (2, 1)


def test_an_architecture_must_be_there(tmp_path):
    rows = table(tmp_path, "net,top1\na,1\n ,2\n")
    with pytest.raises(EznasError, match=r"t\.csv, line 3, net: the cell is empty"):
        TableLayout.of(rows, "net").measurements(rows, AccuracySplit("top1", ("top1",)), SPACE)


def test_the_lines_of_a_long_table_are_checked_once_each(tmp_path):
    checked = []
    space = ForeignSpace("counting", lambda text: None, lambda text: checked.append(text) or text)
    rows = table(tmp_path, "net,top1\n" + "".join(f"net {n % 15_000},{n}\n" for n in range(16_000)))
    measured = TableLayout.of(rows).measurements(rows, AccuracySplit("top1", ("top1",)), space)
    assert (len(measured.architectures), measured.repeated, measured.values[0]) == (15_000, 1000, 7500)
    assert len(checked) == 16_000
