import numpy as np
import pytest
import torch

from eznas.errors import EznasError
from eznas.spaces.complexity import flops, parameters
from eznas.spaces.wiring import Cell, Wiring


def test_the_text_is_what_each_node_reads():
    assert Wiring().parse("0-01-2/0") == [((0,), (0, 1), (2,)), ((0,),)]
    assert Wiring().check("0-10-20") == "0-01-02"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1", "node 1 reads node 1, which is no earlier one"),
        ("0-1-3", "node 3 reads node 3, which is no earlier one"),
        ("0-11", "node 2 reads one node twice"),
        ("-".join(["0"] * 11), "a cell has 11 nodes, more than 10"),
        ("0--1", "write for each node"),
    ],
)
def test_mistakes_are_named(text, message):
    with pytest.raises(EznasError, match=message):
        Wiring().check(text)


def test_a_cell_sums_what_nodes_read_and_the_loose_ends():
    cell = Cell(((0,), (0, 1), (0,)), width=4).eval()
    inputs = torch.randn(2, 4, 8, 8)
    first = cell.nodes[0](inputs)
    second = cell.nodes[1](first)
    expected = cell.nodes[2](first + second) + cell.nodes[3](first)
    torch.testing.assert_close(cell(inputs), expected)
    assert expected.shape == (2, 4, 4, 4)


def test_parameters_and_flops_depend_on_the_number_of_nodes_alone():
    networks = [Wiring().build(text, 10, 16) for text in ("0-1-2/0-1-2", "0-0-0/0-0-0", "0-01-012/0-01-0")]
    assert len({parameters(network) for network in networks}) == 1
    assert len({flops(network, (1, 3, 16, 16)) for network in networks}) == 1
    assert parameters(Wiring().build("0-1-2-3/0-1-2", 10, 16)) > parameters(networks[0])


def test_random_graphs_go_from_a_chain_to_wide_ones():
    rng = np.random.default_rng(0)
    cells = [cell for _ in range(200) for cell in Wiring().parse(Wiring().random(rng))]
    assert {len(cell) for cell in cells} == {6}
    depths = {_depth(cell) for cell in cells}
    assert min(depths) <= 2
    # One reach in six makes a chain, which is rare among graphs of any reach.
    assert cells.count(((0,), (1,), (2,), (3,), (4,), (5,))) > len(cells) / 10


def test_a_node_reads_no_more_than_set():
    rng = np.random.default_rng(0)
    space = Wiring(nodes=10, reads=(3,))
    for _ in range(20):
        assert all(len(reads) <= 3 for cell in space.parse(space.random(rng)) for reads in cell)


def _depth(cell):
    depths = [0]
    for reads in cell:
        depths.append(1 + max(depths[read] for read in reads))
    return max(depths)
