import pytest
import torch
from torch import nn

from eznas.errors import EznasError
from eznas.statistics.collect import make_inputs
from eznas.statistics.survey import survey
from eznas.system.rounding import can_round_up


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1, bias=False)
        self.block = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4))
        self.head = nn.Linear(4, 50)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.head(self.block(self.stem(x)).mean((2, 3))) * self.scale


INPUTS = make_inputs(torch.zeros(2, 3, 4, 4), 0)


def test_units_of_the_paper_are_taken_where_there_are_any():
    found = survey(Network(), INPUTS, name="mine")
    assert (found.unit, found.counts) == ("R-C-B", {"R-C-B": 1, "C-B-R": 0, "A-L-N": 3})
    (unit,) = found.units
    assert [(one.role, one.function, one.module, one.parameters) for one in unit.layers] == [
        ("activation", "relu", "", 0),
        ("linear map", "conv2d", "block.1", 16),
        ("normalisation", "batch_norm", "block.2", 8),
    ]
    assert (unit.weight, unit.output) == ((4, 4, 1, 1), (2, 4, 4, 4))
    assert found.outside == {"scale": 1, "stem": 12, "head": 250}
    assert found.parameters == 287
    assert found.coverage == pytest.approx(24 / 287)
    assert found.warning == (
        "The score of 'mine' comes from less than half of it: its R-C-B units hold 8% of the parameters (--unit A-L-N "
        "takes all linear maps)."
    )


@pytest.mark.skipif(not can_round_up(), reason="this system cannot be told to round up")
def test_units_without_a_gradient_but_rounding_are_told_where_there_are_gradients():
    images = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    network = Network()
    found = survey(network, make_inputs(images, 0))
    assert found.cancelled == (0,)
    assert found.to_dict()["cancelled"] == [0]
    assert survey(network.requires_grad_(False), make_inputs(images, 0)).cancelled is None


def test_all_linear_maps():
    network = Network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = survey(network, INPUTS, "A-L-N")
    assert [unit.layers[-1].function for unit in found.units] == ["conv2d", "batch_norm", "linear"]
    assert found.outside == {"scale": 1}
    assert found.warning is None
    assert found.to_dict()["units"][0]["layers"][0]["module"] == "stem"
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_network_without_the_units_that_are_asked_for():
    with pytest.raises(EznasError, match="has no C-B-R unit"):
        survey(Network(), INPUTS, "C-B-R")
    with pytest.raises(EznasError, match="has no A-L-N unit"):
        survey(nn.Sequential(nn.ReLU(), nn.Flatten()), INPUTS)
