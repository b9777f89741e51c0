import msgpack
import numpy as np
import pytest

from eznas.data.compact_table import CompactTable, merged
from eznas.errors import EznasError

TABLE = CompactTable(
    benchmark="nds-darts",
    epochs=100,
    trainings=3,
    origin="DARTS.json",
    architectures=("a", "b"),
    accuracies={"test": np.array([93.27, 10.0]), "validation": np.array([0.0, 100.0])},
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "DARTS.msgpack"
    path.write_bytes(TABLE.to_bytes())
    return path


def test_a_table_comes_back(path):
    table = CompactTable.read(path, "nds-darts")
    assert (table.benchmark, table.epochs, table.trainings, table.origin) == ("nds-darts", 100, 3, "DARTS.json")
    assert table.architectures == TABLE.architectures
    for split, accuracies in TABLE.accuracies.items():
        np.testing.assert_array_equal(table.accuracies[split], accuracies)


def test_repeated_trainings_become_one_network_with_their_mean():
    architectures, accuracies = merged([("a", 90.0), ("b", 50.0), ("a", 92.0), ("c", 10.0), ("a", 94.0)])
    assert architectures == ("a", "b", "c")
    np.testing.assert_array_equal(accuracies, [92.0, 50.0, 10.0])


def nested(depth):
    """As deep as msgpack reads it, which is deeper than Python writes it."""
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "has format 2, and this version of eznas reads format 1"),
        ({"benchmark": "nds-enas"}, "is of 'nds-enas', and nds-darts was to be read"),
        ({"epochs": 0}, "epochs is 0"),
        ({"trainings": True}, "trainings is True"),
        ({"origin": nested(500)}, r"its origin is \[\["),
        ({"format": nested(1000)}, r"has format \[\[\[\.\.\.\]\]\], and this version"),
        ({"epochs": nested(1000)}, r"epochs is \[\[\[\.\.\.\]\]\]"),
        ({"architectures": None}, "no list of architectures"),
        ({"architectures": []}, "no list of architectures"),
        ({"architectures": ["a", 1]}, "no list of architectures"),
        ({"architectures": ["a", "a"]}, "twice"),
        ({"accuracies": {}}, "no accuracies"),
        ({"accuracies": {"test": [1.0]}}, "'test' are not one percentage for each network"),
        ({"accuracies": {"test": [1.0, 101.0]}}, "'test' are not one percentage"),
        ({"accuracies": {"test": [1.0, float("nan")]}}, "'test' are not one percentage"),
        ({"accuracies": {"test": [1.0, "2"]}}, "'test' are not one percentage"),
    ],
)
def test_a_damaged_table_is_refused(path, changes, message):
    content = msgpack.unpackb(path.read_bytes()) | changes
    path.write_bytes(msgpack.packb(content))
    with pytest.raises(EznasError, match=message):
        CompactTable.read(path, "nds-darts")


def test_a_file_that_is_cut_off_or_missing_is_refused(path):
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(EznasError, match="is damaged"):
            CompactTable.read(path, "nds-darts")
    path.write_bytes(msgpack.packb([1]))
    with pytest.raises(EznasError, match="holds no object"):
        CompactTable.read(path, "nds-darts")
    with pytest.raises(EznasError, match="could not be read: No such file"):
        CompactTable.read(path.with_name("other"), "nds-darts")
