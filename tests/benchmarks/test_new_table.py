import json
import sys

import numpy as np
import pytest
import torch
from foreign_table import IMAGES, TABLE, TEXTS, write_foreign_table
from torch import nn

import eznas
from eznas import benchmarks
from eznas.benchmarks.new_table import NewTable
from eznas.errors import EznasError

TASKS = {"accuracy_columns": ["top1"], "lower_is_better": ["latency"]}


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table with its space and images; the process is elsewhere."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return write_foreign_table(tmp_path)


def new(table, space="space.py:Space", images=None, **options):
    return NewTable.of(table, space, images or table.parent / "images.npz", **{**TASKS, **options})


def test_what_is_written_is_the_benchmark_that_was_described(table):
    described = new(table)
    images = described.write()
    assert sorted(path.name for path in table.parent.glob("*.*")) == sorted(
        ["images.npz", images.name, "space.py", "t.csv", "t.json"]
    )
    for split in ("top1", "latency"):
        made, loaded = described.benchmark(split), benchmarks.load(str(table), split)
        assert made.architectures == loaded.architectures
        np.testing.assert_array_equal(made.accuracies, loaded.accuracies)
        np.testing.assert_array_equal(made.images, loaded.images)
        for name in ("description", "num_classes", "image_size", "epochs", "lower_is_better", "accuracy_split"):
            assert getattr(made, name) == getattr(loaded, name)
        assert (made.normalisation.mean, made.normalisation.deviation) == (
            loaded.normalisation.mean,
            loaded.normalisation.deviation,
        )
    assert benchmarks.load(str(table)).build(0)(torch.zeros(2, 3, 10, 10)).shape == (2, 3)


def test_tasks_have_their_networks_and_higher_is_always_better(table):
    top1, latency = new(table).benchmark(), new(table).benchmark("latency")
    assert top1.architectures == tuple(TEXTS)
    assert latency.architectures == tuple(text for number, text in enumerate(TEXTS) if number != 5)
    assert latency.accuracies[0] == -1
    assert "trained" not in top1.description + latency.description


def test_all_that_can_be_found_out_is(table):
    record = new(table).record
    assert record["num_classes"] == 3
    assert record["image_size"] == 10
    assert record["dataset"] == "images"
    np.testing.assert_allclose(record["normalisation"]["mean"], IMAGES.mean(axis=(0, 1, 2)), atol=1e-4)
    assert (
        new(table, num_classes=5, image_size=8, dataset="noise").record.items()
        >= {
            "num_classes": 5,
            "image_size": 8,
            "dataset": "noise",
        }.items()
    )


def test_a_space_that_decides_its_own_outputs_is_asked_for_them(table, tmp_path):
    (tmp_path / "own.py").write_text(
        "from torch import nn\ndef build(text):\n    return nn.Sequential(nn.Flatten(), nn.Linear(300, 7))\n"
    )
    assert new(table, "own.py").record["num_classes"] == 7


def test_without_labels_the_number_of_classes_is_asked_for(table, tmp_path):
    np.savez(tmp_path / "bare.npz", x_train=IMAGES)
    with pytest.raises(EznasError, match=r"no labels for all 10 images in .*bare\.npz: give the number of classes"):
        new(table, images=tmp_path / "bare.npz")
    assert new(table, images=tmp_path / "bare.npz", num_classes=4).record["num_classes"] == 4
    with pytest.raises(EznasError, match="number of classes is 0"):
        new(table, num_classes=0)


def test_files_that_are_no_such_record_are_not_replaced(table):
    record = table.with_suffix(".json")
    for content in ("{}", "[1]", "{", '{"format": 2, "mine": 1}'):
        record.write_text(content)
        with pytest.raises(EznasError, match=r"t\.json, where the record of the table is to go, is something else"):
            new(table).write()
        assert record.read_text() == content
    record.unlink()
    new(table).write()
    new(table, dataset="again").write()
    written = json.loads(record.read_text())
    assert written["dataset"] == "again"
    record.write_text(json.dumps(written | {"training": {"epochs": 3}}))
    with pytest.raises(EznasError, match="says that eznas trained the networks"):
        new(table).write()


def test_a_benchmark_of_a_table_needs_no_files(table):
    class Space:
        def build(self, architecture, num_classes):
            return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, num_classes))

    benchmark = eznas.Benchmark.from_table(
        table, Space(), IMAGES, accuracy_column="top1", lower_is_better="latency", num_classes=6
    )
    assert benchmark.build(3)(torch.zeros(1, 3, 10, 10)).shape == (1, 6)
    assert not table.with_suffix(".json").exists()
    by_name = eznas.Benchmark.from_table(
        str(table), "space.py:Space", table.parent / "images.npz", accuracy_column=["top1"]
    )
    np.testing.assert_array_equal(by_name.accuracies, benchmark.accuracies)
    latency = eznas.Benchmark.from_table(
        table, Space, IMAGES, accuracy_column="top1", lower_is_better="latency", accuracy_split="latency", num_classes=6
    )
    assert len(latency) == len(benchmark) - 1
    evaluation = eznas.evaluate([eznas.load_proxy("eznas-a")], by_name, networks=6)
    assert evaluation.protocol["accuracy_split"] == "top1"


def test_mistakes_in_a_cell_are_told_before_anything_is_written(table):
    table.write_text(TABLE.replace('"', ""))
    with pytest.raises(EznasError, match=r"t\.csv, line 3: .* 4 cells where the header has 3"):
        new(table)
    table.write_text(TABLE.replace("latency\n", "latency\nx,nan,1\n"))
    with pytest.raises(EznasError, match=r"t\.csv, line 2, top1: 'nan' is no finite number"):
        new(table).benchmark()
