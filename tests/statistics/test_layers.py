import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn
from torch.overrides import TorchFunctionMode

from eznas.statistics.layers import (
    ACTIVATIONS,
    EMBEDDINGS,
    NORMALISATIONS,
    RECURRENT,
    changes_input,
    linear_map,
    opened,
    parameters_of,
)

TOKENS = torch.linspace(-1, 1, 2 * 6 * 4).reshape(2, 6, 4)
IMAGES = TOKENS.reshape(2, 4, 3, 2)
WEIGHT = nn.Parameter(torch.ones(4, 4))


class Log(TorchFunctionMode):
    def __init__(self):
        super().__init__()
        self.seen, self.in_place = [], False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in ACTIVATIONS:
            self.in_place = changes_input(func, args, kwargs)
            self.seen.append(f"A {ACTIVATIONS[func]}")
        elif func in NORMALISATIONS:
            self.seen.append(f"N {NORMALISATIONS[func]}")
        elif (found := linear_map(func, args, kwargs)) is not None:
            self.seen.append(f"L {found.name}")
        elif func in EMBEDDINGS:
            self.seen.append("embedding")
        elif func in RECURRENT:
            self.seen.append("recurrent")
        elif (function := opened(func)) is not None:
            with self:
                return function(*args, **kwargs)
        return func(*args, **kwargs)


ACTIVATION_MODULES = [
    *(nn.CELU, nn.ELU, nn.GELU, nn.GLU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU),
    *(nn.LogSigmoid, nn.Mish, nn.PReLU, nn.ReLU, nn.ReLU6, nn.RReLU, nn.SELU, nn.SiLU, nn.Sigmoid, nn.Softplus),
    *(nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink),
]
IN_PLACE_MODULES = [
    *(nn.CELU, nn.ELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.Mish, nn.ReLU, nn.ReLU6),
    *(nn.RReLU, nn.SELU, nn.SiLU),
]


def seen(call, given):
    log = Log()
    with log:
        call(given)
    return log


@pytest.mark.parametrize("module", ACTIVATION_MODULES)
def test_every_activation_module_is_seen_once(module):
    log = seen(module(), TOKENS.clone())
    assert len(log.seen) == 1
    assert log.seen[0].startswith("A ")
    assert not log.in_place


@pytest.mark.parametrize("module", IN_PLACE_MODULES)
def test_what_changes_its_input_is_known(module):
    given = TOKENS.clone()
    log = seen(module(inplace=True), given)
    assert log.in_place
    assert len(log.seen) == 1
    assert not torch.equal(given, TOKENS) or module is nn.Hardtanh


@pytest.mark.parametrize(
    ("call", "expected", "in_place"),
    [
        (F.gelu, ["A gelu"], False),
        (lambda x: x.relu(), ["A relu"], False),
        (lambda x: x.relu_(), ["A relu"], True),
        (torch.sigmoid, ["A sigmoid"], False),
        (torch.tanh_, ["A tanh"], True),
        (F.elu_, ["A elu"], True),
        (lambda x: F.hardtanh(x, -1, 1, True), ["A hardtanh"], True),
        (lambda x: F.threshold(input=x, threshold=0, value=0, inplace=True), ["A threshold"], True),
        (nn.Softmax(-1), [], False),
        (nn.Dropout(0.0), [], False),
    ],
)
def test_activations_by_function(call, expected, in_place):
    log = seen(call, TOKENS.clone())
    assert (log.seen, log.in_place) == (expected, in_place)


@pytest.mark.parametrize(
    ("call", "given", "expected"),
    [
        (nn.Linear(4, 2), TOKENS, ["L linear"]),
        (nn.Conv1d(6, 2, 3), TOKENS, ["L conv1d"]),
        (nn.Conv2d(4, 4, 1, groups=4), IMAGES, ["L conv2d"]),
        (nn.Conv3d(4, 2, 1), IMAGES[..., None], ["L conv3d"]),
        (nn.ConvTranspose1d(6, 2, 3), TOKENS, ["L conv_transpose1d"]),
        (nn.ConvTranspose2d(4, 2, 3), IMAGES, ["L conv_transpose2d"]),
        (nn.ConvTranspose3d(4, 2, 3), IMAGES[..., None], ["L conv_transpose3d"]),
        (lambda x: x @ WEIGHT, TOKENS, ["L matmul"]),
        (lambda x: torch.matmul(WEIGHT.t(), x.mT), TOKENS, ["L matmul"]),
        (lambda x: torch.addmm(torch.zeros(4), x[0], WEIGHT), TOKENS, ["L matmul"]),
        (lambda x: x @ x.mT, TOKENS, []),
        (lambda x: WEIGHT @ WEIGHT + x[0, 0], TOKENS, []),
        (nn.BatchNorm1d(6), TOKENS, ["N batch_norm"]),
        (nn.BatchNorm2d(4), IMAGES, ["N batch_norm"]),
        (nn.GroupNorm(2, 4), IMAGES, ["N group_norm"]),
        (nn.InstanceNorm2d(4), IMAGES, ["N instance_norm"]),
        (nn.LayerNorm(4), TOKENS, ["N layer_norm"]),
        (nn.RMSNorm(4), TOKENS, ["N rms_norm"]),
        (nn.Embedding(5, 4), torch.zeros(2, dtype=torch.int64), ["embedding"]),
        (nn.LSTM(4, 3), TOKENS, ["recurrent"]),
        (nn.GRU(4, 3), TOKENS, ["recurrent"]),
        (nn.RNNCell(4, 3), TOKENS[0], ["recurrent"]),
        (nn.AvgPool1d(2), TOKENS, []),
    ],
)
def test_maps_and_normalisations(call, given, expected):
    assert seen(call, given.clone()).seen == expected


def test_the_projections_of_attention_are_seen():
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    assert seen(lambda x: attention(x, x, x), TOKENS).seen == ["L linear", "L linear"]
    assert seen(lambda x: attention(x, x, x, need_weights=False), TOKENS).seen == ["L linear", "L linear"]
    separate = nn.MultiheadAttention(4, 2, kdim=6, vdim=6)
    other = torch.ones(5, 6, 6)
    assert seen(lambda x: separate(x.transpose(0, 1), other[:, :6], other[:, :6]), torch.ones(6, 6, 4)).seen == [
        *["L linear"] * 4
    ]


def test_seeing_inside_attention_changes_nothing():
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    expected = attention(TOKENS, TOKENS, TOKENS)[0]
    with Log():
        assert torch.equal(attention(TOKENS, TOKENS, TOKENS)[0], expected)


@pytest.mark.parametrize("groups", [1, 2])
def test_the_rows_of_a_transposed_convolution_are_its_outputs(groups):
    module = nn.ConvTranspose2d(4, 6, 3, groups=groups, bias=False)
    found = linear_map(F.conv_transpose2d, (IMAGES, module.weight, None, 1, 0, 0, groups), {})
    rows = found.rows(module.weight)
    assert rows.shape == (6, 4 // groups, 3, 3)
    # one output channel of a pixel is a row times the pixel's channels
    pixel = torch.randn(1, 4, 1, 1, generator=torch.Generator().manual_seed(0))
    output = module(pixel)
    for channel in range(6):
        group = channel // (6 // groups)
        inputs = pixel[0, group * (4 // groups) : (group + 1) * (4 // groups), 0, 0]
        torch.testing.assert_close(output[0, channel], torch.einsum("i,ihw->hw", inputs, rows[channel]))


def test_parameters_are_found_behind_what_is_computed_from_them():
    direction, size, bias = (nn.Parameter(torch.ones(2, 2)) for _ in range(3))
    found = list(parameters_of([size * direction / direction.norm(), 3, None], {"bias": bias}))
    assert {id(one) for one in found} == {id(direction), id(size), id(bias)}
