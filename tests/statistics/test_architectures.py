"""Well-known architectures, small: their units, and that collecting leaves no trace; docs/units.md has full sizes."""

import random
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from eznas.errors import EznasError
from eznas.statistics.collect import collect, make_inputs

FOLDER = Path(__file__).parent / "architectures"


@pytest.fixture(scope="module")
def architectures():
    """The plain ones, those that are refused, and those of transformers or None without that package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        from plain import PLAIN, RECURRENT

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from hugging_face import HUGGING_FACE
        except ModuleNotFoundError:
            HUGGING_FACE = None  # noqa: N806
        yield PLAIN, RECURRENT, HUGGING_FACE


PLAIN_UNITS = {
    "AlexNet": ("A-L-N", 8),
    "VGG-16": ("A-L-N", 16),
    "VGG-16 with BatchNorm": ("R-C-B", 12),
    "GoogLeNet": ("R-C-B", 56),
    "ResNet-50": ("R-C-B", 12),
    "Wide ResNet-28-10": ("R-C-B", 6),
    "DenseNet-121": ("R-C-B", 19),
    "ShuffleNetV2": ("R-C-B", 16),
    "MobileNetV3-Large": ("R-C-B", 16),
    "MLP": ("A-L-N", 3),
    "MLP-Mixer": ("A-L-N", 10),
    "U-Net": ("R-C-B", 9),
    "U-Net of volumes, InstanceNorm": ("A-L-N", 13),
    "WaveNet": ("A-L-N", 9),
    "GPT, 124 million": ("A-L-N", 9),
    "nn.TransformerEncoder": ("A-L-N", 9),
}
HUGGING_FACE_UNITS = {
    "RegNetX-4GF": ("R-C-B", 6),
    "MobileNetV1": ("A-L-N", 28),
    "MobileNetV2": ("A-L-N", 53),
    "EfficientNet-B0": ("A-L-N", 37),
    "ConvNeXt-T": ("A-L-N", 17),
    "ConvNeXtV2-T": ("A-L-N", 17),
    "ViT-B/16": ("A-L-N", 14),
    "Swin-T": ("A-L-N", 27),
    "SegFormer-B0": ("A-L-N", 41),
    "MobileViT-S": ("A-L-N", 90),
    "GPT-2": ("A-L-N", 9),
    "BERT-base": ("A-L-N", 14),
    "Llama, 15 million": ("A-L-N", 15),
    "T5-small": ("A-L-N", 33),
}


def check(architecture, expected):
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a package's own, about itself
        network, batch = architecture.make(True), architecture.batch(True)
    next(iter(network.parameters())).grad = torch.ones(1).expand_as(next(iter(network.parameters()))).clone()
    network.eval()
    before = traces(network)
    found = collect(network, make_inputs(batch, 0), any_unit=True)
    for (name, one), (_, two) in zip(before.items(), traces(network).items(), strict=True):
        assert equal(one, two), name
    assert (found.unit, found.units) == expected
    assert np.isfinite(found.values).all()
    if found.unit == "A-L-N":
        embeddings = sum(one.weight.numel() for one in network.modules() if isinstance(one, torch.nn.Embedding)) / sum(
            parameter.numel() for parameter in network.parameters()
        )
        assert found.coverage > 0.96 - embeddings


def traces(network):
    """Everything that collecting must leave as it is."""
    return {
        "parameters and buffers": {name: tensor.clone() for name, tensor in network.state_dict().items()},
        "gradients": [None if one.grad is None else one.grad.clone() for one in network.parameters()],
        "requires_grad": [one.requires_grad for one in network.parameters()],
        "modes": [one.training for one in network.modules()],
        "hooks": [len(one._forward_hooks) + len(one._backward_hooks) for one in network.modules()],
        "PyTorch": torch.get_rng_state(),
        "NumPy": np.random.get_state()[1].copy(),  # noqa: NPY002 (it is what must not change)
        "Python": random.getstate(),
    }


def equal(one, two):
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(map(equal, one, two))
    if isinstance(one, torch.Tensor):
        return torch.equal(one, two)
    return np.array_equal(one, two) if isinstance(one, np.ndarray) else one == two


@pytest.mark.parametrize("name", PLAIN_UNITS)
def test_plain_modules(architectures, name):
    check(architectures[0][name], PLAIN_UNITS[name])


@pytest.mark.parametrize("name", HUGGING_FACE_UNITS)
def test_modules_of_transformers(architectures, name):
    if architectures[2] is None:
        pytest.skip("needs the package transformers: pip install 'eznas[architectures]'")
    check(architectures[2][name], HUGGING_FACE_UNITS[name])


def test_every_architecture_is_tested(architectures):
    assert architectures[0].keys() == PLAIN_UNITS.keys()
    assert architectures[2] is None or architectures[2].keys() == HUGGING_FACE_UNITS.keys()


def test_a_recurrent_network_is_refused_with_a_sentence(architectures):
    (lstm,) = architectures[1].values()
    with pytest.raises(EznasError, match="runs lstm, whose linear maps nobody can see from outside: a network with"):
        collect(lstm.make(True), make_inputs(lstm.batch(True), 0), any_unit=True)
