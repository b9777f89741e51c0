import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from eznas.statistics.collect import find_units, make_inputs
from eznas.statistics.coverage import coverage_of, coverage_warning


def covered(network, *shape):
    units, own = find_units(network, make_inputs(torch.zeros(2, *shape), 0), "A-L-N")
    return coverage_of(own, units)


def test_a_shared_weight_counts_once():
    layer = nn.Linear(4, 4, bias=False)
    assert covered(nn.Sequential(layer, nn.GELU(), layer), 4) == 1


def test_what_a_weight_is_computed_from_counts():
    assert covered(nn.Sequential(weight_norm(nn.Linear(4, 3)), nn.PReLU(), nn.Linear(3, 2)), 4) == 1


def test_an_activation_before_no_map_is_in_no_unit():
    assert covered(nn.Sequential(nn.Linear(2, 2, bias=False), nn.PReLU(4, init=0.1)), 4, 2) == pytest.approx(4 / 8)


def test_a_network_without_parameters_has_nothing_to_cover():
    assert coverage_of(nn.ReLU(), []) == 1


@pytest.mark.parametrize("kind", ["R-C-B", "A-L-N"])
def test_less_than_half_is_told(kind):
    assert coverage_warning("it", kind, 0.5) is None
    told = coverage_warning("it", kind, 0.49)
    assert "The score of it comes from less than half of it" in told
    assert ("--unit A-L-N" in told) == (kind != "A-L-N")
