import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn
from torch.overrides import TorchFunctionMode

from eznas.statistics.units import UNIT_KINDS, Layer, advance, argument, layer_of

IMAGES = torch.linspace(-1, 1, 2 * 4 * 6 * 6).reshape(2, 4, 6, 6)
WEIGHT = torch.ones(4, 4, 1, 1)


class LayerLog(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.letters = ""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        layer = layer_of(func, argument("input", 0, args, kwargs))
        self.letters += layer.value if layer else ""
        return func(*args, **kwargs)


@pytest.mark.parametrize(
    ("letters", "call"),
    [
        ("R", nn.ReLU()),
        ("R", nn.ReLU(inplace=True)),
        ("R", F.relu),
        ("R", lambda x: F.relu(x, inplace=True)),
        ("R", lambda x: F.relu(input=x)),
        ("R", F.relu_),
        ("R", torch.relu),
        ("R", torch.relu_),
        ("R", torch.Tensor.relu),
        ("R", lambda x: x.relu_()),
        ("C", nn.Conv2d(4, 4, 3, padding=1)),
        ("C", nn.Conv2d(4, 4, 3, padding="same", groups=2)),
        ("C", nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular")),
        ("C", lambda x: F.conv2d(input=x, weight=WEIGHT)),
        ("C", lambda x: torch.conv2d(x, WEIGHT)),
        ("B", nn.BatchNorm2d(4)),
        ("B", nn.BatchNorm2d(4, affine=False, track_running_stats=False)),
        ("B", lambda x: F.batch_norm(x, None, None, training=True)),
        ("B", lambda x: torch.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, False)),
        ("", lambda x: nn.BatchNorm1d(4)(x.flatten(2))),
        ("", lambda x: nn.BatchNorm3d(4)(x.unsqueeze(2))),
        ("", lambda x: nn.Conv1d(4, 4, 1)(x.flatten(2))),
        ("", nn.ReLU6()),
        ("", nn.LeakyReLU()),
        ("", nn.Sigmoid()),
        ("", nn.AvgPool2d(2)),
        ("", nn.Identity()),
        ("", nn.GroupNorm(2, 4)),
        ("CBR", nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.Dropout(0.0), nn.ReLU())),
    ],
)
def test_each_call_of_a_layer_is_seen_once(letters, call):
    with LayerLog() as log:
        call(IMAGES.clone())
    assert log.letters == letters


@pytest.mark.parametrize(
    ("kind", "letters", "ends"),
    [
        ("R-C-B", "RCB", [2]),
        ("R-C-B", "CBRCBRCB", [4, 7]),
        ("R-C-B", "RRCB", [3]),
        ("R-C-B", "RCCCB", [4]),
        ("R-C-B", "RCBCB", [2]),
        ("R-C-B", "RCRB", []),
        ("R-C-B", "RBCB", []),
        ("R-C-B", "RCRCB", [4]),
        ("R-C-B", "CB", []),
        ("C-B-R", "CBR", [2]),
        ("C-B-R", "CCBR", [3]),
        ("C-B-R", "CBRRCBR", [2, 6]),
        ("C-B-R", "CBCBR", [4]),
        ("C-B-R", "CBBR", []),
        ("C-B-R", "CRBR", []),
        ("C-B-R", "RCBRCB", [3]),
    ],
)
def test_units_end_where_their_layers_are_consecutive(kind, letters, ends):
    layers = UNIT_KINDS[kind]
    matched, found = 0, []
    for position, letter in enumerate(letters):
        matched = advance(layers, matched, Layer(letter))
        if matched == len(layers):
            found.append(position)
            matched = 0
    assert found == ends
