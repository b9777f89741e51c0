import json
from pathlib import Path

import numpy as np
import pytest

from eznas import benchmarks
from eznas.benchmarks.recorded_table import load_recorded_table
from eznas.errors import EznasError
from eznas.spaces.nasbench201 import NASBench201

TABLE = """architecture,accuracy_seed_0,accuracy_seed_1,loss
|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|,50,60,1.5
|skip_connect~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|,70.5,70.5,
"(3, 1, 1, 1, 1, 4)",80,81,0.5
"""
RECORD = {
    "format": 2,
    "space": {"name": "nasbench201", "settings": {"channels": 4, "cells": 1}},
    "dataset": "cluttered digits",
    "num_classes": 10,
    "image_size": 8,
    "epochs": 3,
    "architecture_column": "architecture",
    "splits": {
        "test": {"columns": ["accuracy_seed_0", "accuracy_seed_1"], "lower_is_better": False},
        "loss": {"columns": ["loss"], "lower_is_better": True},
    },
    "training": {"epochs": 3},
    "images": "small images.npz",
    "normalisation": {"mean": [0, 10, 20], "deviation": [1, 2, 4.0]},
    "reliability": {"tau": 0.7512},
    "anything else": None,
}
IMAGES = np.random.default_rng(0).integers(256, size=(6, 8, 8, 3), dtype=np.uint8)

OWN_SPACE = NASBench201(channels=2, cells=2)


@pytest.fixture
def table(tmp_path):
    """A complete table with its record and images."""
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "t.json").write_text(json.dumps(RECORD))
    np.savez(tmp_path / "small images.npz", x_train=IMAGES, y_train=np.arange(6))
    return tmp_path / "t.csv"


def changed(table, key, value):
    """Set a key of the record, given with dots between levels; Ellipsis removes it."""
    record = json.loads(json.dumps(RECORD))
    *outer, last = key.split(".")
    inside = record
    for name in outer:
        inside = inside[name]
    if value is ...:
        del inside[last]
    else:
        inside[last] = value
    table.with_suffix(".json").write_text(json.dumps(record))


def test_a_table_is_loaded_by_its_path(table):
    benchmark = benchmarks.load(str(table))
    assert benchmark.name == str(table)
    np.testing.assert_array_equal(benchmark.accuracies, [55.0, 70.5, 80.5])
    assert benchmark.architectures[2] == "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|none~1|avg_pool_3x3~2|"
    assert benchmark.space == NASBench201(channels=4, cells=1)
    assert (benchmark.dataset, benchmark.num_classes, benchmark.epochs) == ("cluttered digits", 10, 3)
    np.testing.assert_array_equal(benchmark.images, IMAGES)
    batch = benchmark.image_batch(6, np.random.default_rng(0))
    green = (IMAGES[..., 1].astype(float).mean() - 10) / 2
    assert batch[:, 1].mean() == pytest.approx(green, rel=1e-5)


def test_the_description_says_what_it_is_and_how_reliable(table):
    description = load_recorded_table(table, remark="A toy: ").description
    for part in ("A toy: 3 networks", "nasbench201", "cluttered digits", "3 epochs", "2 seeds", "tau 0.75"):
        assert part in description
    changed(table, "reliability", ...)
    assert load_recorded_table(table).description.endswith("mean over 2 seeds.")


def test_a_space_of_ones_own_is_loaded_from_its_module(table, monkeypatch, tmp_path):
    (tmp_path / "my_own_space.py").write_text(
        "from eznas.spaces.nasbench201 import NASBench201\nSPACE = NASBench201(channels=2, cells=2)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    changed(table, "space", {"name": "my_own_space:SPACE", "settings": {}})
    assert benchmarks.load(str(table)).space == OWN_SPACE


def test_a_space_in_a_file_is_found_from_the_tables_folder(table, monkeypatch, tmp_path):
    (tmp_path / "beside.py").write_text("from torch import nn\ndef build(text):\n    return nn.Conv2d(3, 4, 3)\n")
    changed(table, "space", {"name": "beside.py:build", "settings": {}})
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in (str(table), "../t.csv"):
        benchmark = benchmarks.load(name)
        assert Path(benchmark.name).is_absolute()
        assert benchmark.build(0).out_channels == 4


def test_a_split_is_a_task_of_its_own(table):
    """The second of the three networks has no loss; its accuracy is there."""
    assert benchmarks.load(str(table)).accuracy_split == "test"
    loss = benchmarks.load(str(table), split="loss")
    np.testing.assert_array_equal(loss.accuracies, [-1.5, -0.5])
    assert loss.architectures == tuple(benchmarks.load(str(table)).architectures[index] for index in (0, 2))
    assert loss.lower_is_better


def test_another_split_is_refused(table):
    with pytest.raises(EznasError, match="no split 'validation': choose test or loss"):
        benchmarks.load(str(table), split="validation")
    changed(table, "splits", {"test": RECORD["splits"]["test"]})
    with pytest.raises(EznasError, match="no split 'validation': its accuracies are of the test split"):
        benchmarks.load(str(table), split="validation")


def test_a_table_that_eznas_did_not_train_does_not_say_so(table):
    changed(table, "training", ...)
    description = benchmarks.load(str(table)).description
    assert "trained" not in description
    assert "with test as given in t.csv, mean over 2 seeds" in description
    loss = benchmarks.load(str(table), split="loss").description
    assert "loss as given in t.csv, of which lower is better" in loss
    assert "1 more have no value and are left out" in loss


def test_a_mean_is_over_the_seeds_that_are_there(table):
    table.write_text(TABLE.replace("50,60", "50,"))
    np.testing.assert_array_equal(benchmarks.load(str(table)).accuracies, [50.0, 70.5, 80.5])


def test_lines_of_one_network_are_averaged(table):
    table.write_text(TABLE + "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|,90,,7.5\n")
    benchmark = benchmarks.load(str(table))
    np.testing.assert_allclose(benchmark.accuracies, [(50 + 60 + 90) / 3, 70.5, 80.5], rtol=1e-15)
    assert "1 on several lines, whose values are averaged" in benchmark.description
    np.testing.assert_array_equal(benchmarks.load(str(table), "loss").accuracies, [-4.5, -0.5])


def test_a_mistyped_path_is_told_as_that(tmp_path):
    with pytest.raises(EznasError, match=r"no such table\.csv could not be read: No such file"):
        benchmarks.load(str(tmp_path / "no such table.csv"))


def test_missing_companions_are_named(table):
    (table.parent / "small images.npz").unlink()
    with pytest.raises(EznasError, match=r"small images\.npz could not be read"):
        _ = benchmarks.load(str(table)).images
    table.with_suffix(".json").unlink()
    with pytest.raises(EznasError, match=r"t\.json, which says what the table beside it is of, could not be read"):
        benchmarks.load(str(table))


def test_images_of_another_size_are_refused(table):
    changed(table, "image_size", 16)
    with pytest.raises(EznasError, match=r"\(6, 8, 8, 3\): it must be uint8 of shape \(images, 16, 16, 3\)"):
        _ = benchmarks.load(str(table)).images


@pytest.mark.parametrize("key", [key for key in RECORD if key not in ("reliability", "training", "anything else")])
def test_a_missing_key_is_named(table, key):
    changed(table, key, ...)
    with pytest.raises(EznasError, match=rf"t\.json has no {key}"):
        benchmarks.load(str(table))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", 1, "format 1, and this version of eznas reads format 2"),
        ("splits", {}, "no split in splits"),
        ("splits.test", ["accuracy"], r"splits\.test \['accuracy'\]: it must be an object"),
        ("splits.test.columns", "accuracy", r"splits\.test\.columns 'accuracy': it must be a list of texts"),
        ("splits.test.columns", [], r"splits\.test\.columns"),
        ("splits.test.lower_is_better", 1, r"lower_is_better 1: it must be true or false"),
        ("format", True, "format True: it must be a whole number"),
        ("space", "nasbench201", "space 'nasbench201': it must be an object"),
        ("space.name", "nasbench2001", "'nasbench2001'"),
        ("space.settings", {"width": 3}, "width"),
        ("space.settings", ..., r"no space\.settings"),
        ("num_classes", 2.5, r"num_classes 2\.5"),
        ("epochs", 0, "epochs 0"),
        ("dataset", "", "dataset '': it must be a text"),
        ("normalisation.mean", [1, 2], r"normalisation\.mean \[1, 2\]: it must be a list of three numbers"),
        ("normalisation.mean", [1, 2, None], r"normalisation\.mean"),
        ("normalisation.mean", [1, 2, float("nan")], r"normalisation\.mean"),
        ("normalisation.deviation", [1, 0, 1], r"normalisation\.deviation \[1, 0, 1\]: .*three positive numbers"),
        ("reliability.tau", "high", r"reliability\.tau 'high': it must be a number"),
    ],
)
def test_a_wrong_value_is_named(table, key, value, message):
    changed(table, key, value)
    with pytest.raises(EznasError, match=message):
        benchmarks.load(str(table))


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_a_record_that_is_no_object_is_refused(table, content):
    table.with_suffix(".json").write_text(content)
    with pytest.raises(EznasError, match=r"t\.json (is|holds) no JSON"):
        benchmarks.load(str(table))


def test_a_column_that_the_table_lacks_is_named(table):
    table.write_text(TABLE.replace("accuracy_seed", "score"))
    with pytest.raises(
        EznasError, match="no column 'accuracy_seed_0', only 'architecture', 'score_0', 'score_1', 'loss'"
    ):
        benchmarks.load(str(table))


@pytest.mark.parametrize("cell", ["nan", "inf", "-inf", "high", "6_0", "1e999"])
def test_every_value_must_be_finite(table, cell):
    table.write_text(TABLE.replace("60", cell))
    with pytest.raises(EznasError, match=rf"t\.csv, line 2, accuracy_seed_1: '{cell}' is no finite number"):
        benchmarks.load(str(table))


def test_values_need_not_be_percentages(table):
    table.write_text(TABLE.replace("60", "-1e6"))
    assert benchmarks.load(str(table)).accuracies[0] == (50 - 1e6) / 2


def test_a_wrong_architecture_is_named_with_its_line(table):
    table.write_text(TABLE.replace("(3, 1,", "(9, 1,"))
    with pytest.raises(EznasError, match=r"t\.csv, line 4, architecture: "):
        benchmarks.load(str(table))


def test_a_task_without_any_value_is_refused(table):
    table.write_text(TABLE.replace("1.5", "").replace("0.5\n", "\n"))
    with pytest.raises(EznasError, match=r"t\.csv has no value in loss"):
        benchmarks.load(str(table), "loss")
