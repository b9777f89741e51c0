import numpy as np
import pytest
from torch import nn

import eznas
from eznas.benchmarks.network_check import check_network, output_count
from eznas.errors import EznasError

IMAGES = np.random.default_rng(0).integers(256, size=(4, 8, 8, 3), dtype=np.uint8)
END = (nn.AdaptiveAvgPool2d(1), nn.Flatten())


def checked(*layers):
    benchmark = eznas.Benchmark.from_modules([nn.Sequential(*layers)], [1.0], IMAGES)
    return check_network(benchmark, 0)


def test_units_of_every_kind_and_outputs_are_counted():
    check = checked(nn.ReLU(), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), *END)
    assert (check.architecture, check.outputs, check.units) == ("network 0", 4, {"R-C-B": 1, "C-B-R": 0, "A-L-N": 2})
    check = checked(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), *END)
    assert check.units == {"R-C-B": 0, "C-B-R": 1, "A-L-N": 1}
    assert checked(nn.Conv2d(3, 4, 3), nn.GELU(), *END).units == {"R-C-B": 0, "C-B-R": 0, "A-L-N": 1}


def test_a_network_without_any_unit_is_refused():
    with pytest.raises(EznasError, match="has no R-C-B unit"):
        checked(nn.ReLU(), *END)


def test_counting_the_outputs_leaves_the_network_as_it_is():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), *END)
    network[0].eval()
    benchmark = eznas.Benchmark.from_modules([network], [1.0], IMAGES)
    before = network[1].running_mean.clone()
    assert output_count(network, benchmark, 0) == 4
    assert (network.training, network[0].training, network[1].training) == (True, False, True)
    assert (network[1].running_mean == before).all()


class Odd(nn.Module):
    def __init__(self, result):
        super().__init__()
        self.result = result

    def forward(self, images):
        return self.result(images)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda images: "logits", "gives no tensor: let it give logits"),
        (lambda images: images.no_such_method(), r"cannot be run on images of 8x8 pixels \(AttributeError in .*line"),
    ],
)
def test_a_network_that_gives_nothing_is_told(result, message):
    with pytest.raises(EznasError, match=message):
        eznas.Benchmark.from_modules([Odd(result)], [1.0], IMAGES)


def test_one_number_for_each_image_is_one_output():
    benchmark = eznas.Benchmark.from_modules([Odd(lambda images: images.mean((1, 2, 3)))], [1.0], IMAGES)
    assert benchmark.num_classes == 1
