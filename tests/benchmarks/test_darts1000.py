import os

import numpy as np
import pytest
import torch

from eznas import benchmarks
from eznas.benchmarks.darts1000 import load_cells
from eznas.errors import EznasError

real_data = pytest.mark.skipif("EZNAS_DATA" not in os.environ, reason="EZNAS_DATA does not name the data folder")
NAMES = ["darts-1000", "darts-1000-w16-d20", "darts-1000-w36-d8", "darts-1000-w36-d20"]


def cell(first):
    edges = [(first, 0), ("none", 1), ("skip_connect", 0), ("sep_conv_3x3", 2), *[("max_pool_3x3", 1)] * 4]
    return f"Genotype(normal={edges}, normal_concat=[2, 3, 4, 5], reduce={edges}, reduce_concat=range(2, 6))"


ROWS = [f'"{cell("sep_conv_5x5")}",85.0\r\n', f'"{cell("dil_conv_3x3")}",81.29000091552734\r\n']


@pytest.fixture
def table(monkeypatch, tmp_path):
    monkeypatch.setenv("EZNAS_DATA", str(tmp_path))
    (tmp_path / "darts").mkdir()
    (tmp_path / "images").mkdir()
    np.savez(tmp_path / "images" / "cifar10_1280.npz", x_train=np.zeros((4, 32, 32, 3), dtype=np.uint8))
    path = tmp_path / "darts" / "DARTS_archs_CIFAR10.csv"
    path.write_bytes("".join(ROWS).encode())
    return path


@pytest.mark.parametrize(("name", "width", "depth"), list(zip(NAMES, [16, 16, 36, 36], [8, 20, 8, 20], strict=True)))
def test_the_size_of_the_networks_is_chosen_by_the_name(table, name, width, depth):
    benchmark = benchmarks.load(name)
    assert benchmark.name == name
    assert all(f'"width":{width},"depth":{depth},' in text for text in benchmark.architectures)
    assert f"width {width} and depth {depth}" in benchmark.description
    np.testing.assert_array_equal(benchmark.accuracies, [85.0, 81.29000091552734])
    assert benchmark.find(cell("dil_conv_3x3")) == 1


def test_any_other_size_can_be_asked_for(table):
    benchmark = load_cells(width=4, depth=3)
    with torch.no_grad():
        assert benchmark.build(0)(torch.from_numpy(benchmark.image_batch(2, np.random.default_rng(0)))).shape == (2, 10)
    with pytest.raises(EznasError, match="depths"):
        load_cells(depth=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty or cut off"),
        ("".join(ROWS)[:-2], "is empty or cut off"),
        (ROWS[0] + ROWS[0], "twice, on line 1 and on line 2"),
        (ROWS[0] + ROWS[1].replace("81.2", "181.2"), "line 2, accuracy: '181.29"),
        (ROWS[0] + ROWS[1].replace(",81", ";81"), "line 2"),
        (ROWS[0] + ROWS[1].replace("dil_conv_3x3", "conv"), "line 2, genotype: .*'conv'"),
        (ROWS[0] + '"x\n', "line 2"),
        (b"\xff\n", "no UTF-8 text"),
    ],
)
def test_a_damaged_table_is_refused(table, content, message):
    table.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(EznasError, match=message):
        benchmarks.load("darts-1000")


def test_what_is_not_there_is_told(table):
    with pytest.raises(EznasError, match="darts-1000 has no split 'test'"):
        benchmarks.load("darts-1000", "test")
    table.unlink()
    with pytest.raises(EznasError, match=r"is missing .*`eznas data fetch darts-1000` gets it"):
        benchmarks.load("darts-1000")


@real_data
def test_the_real_table_has_a_thousand_cells_that_can_be_built():
    benchmark = benchmarks.load("darts-1000")
    assert (len(benchmark), len(benchmark.images)) == (1000, 1280)
    assert benchmark.accuracies.min() == pytest.approx(10.22, abs=1e-4)
    assert benchmark.accuracies.max() == pytest.approx(86.61, abs=1e-4)
    batch = torch.from_numpy(benchmark.image_batch(1, np.random.default_rng(0)))
    for index in (0, 27, 999):
        with torch.no_grad():
            assert torch.isfinite(benchmark.build(index)(batch)).all()
