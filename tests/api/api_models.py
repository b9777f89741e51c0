"""Small networks for the tests of the API."""

import copy
import random
import sys
import types

import numpy as np
import pytest
import torch
from torch import nn

from eznas.system.rounding import can_round_up

needs_rounding_up = pytest.mark.skipif(not can_round_up(), reason="this system cannot be told to round up")
BATCH = torch.randn(2, 3, 12, 12, generator=torch.Generator().manual_seed(0))


def network(width=4, depth=2, *, activation_last=True):
    """Without the last activation, a mean over all places makes constants of what is normalised: no gradients."""
    layers = [nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width)]
    for _ in range(depth):
        layers += [nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width)]
    layers += [nn.ReLU()] if activation_last else []
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 5))


class Careless(nn.Module):
    """Has dropout, a forward pass that draws from Python and NumPy, and a parameter that nothing initialises."""

    def __init__(self):
        super().__init__()
        self.body = network()
        self.scale = nn.Parameter(torch.randn(3, 1, 1))

    def forward(self, images):
        noise = random.random() + np.random.random()  # noqa: NPY002
        return self.body(torch.dropout(images * self.scale, 0.5, self.training) + noise)


def random_states():
    numpy = np.random.get_state()  # noqa: NPY002
    return (
        random.getstate(),
        [part.tolist() if isinstance(part, np.ndarray) else part for part in numpy],
        torch.get_rng_state().tolist(),
    )


def state_of(model):
    """Everything of a model that scoring must leave as it is."""
    return {
        "tensors": {name: tensor.clone() for name, tensor in model.state_dict().items()},
        "gradients": {name: copy.deepcopy(one.grad) for name, one in model.named_parameters()},
        "requires_grad": {name: one.requires_grad for name, one in model.named_parameters()},
        "modes": {name: module.training for name, module in model.named_modules()},
        "hooks": {name: list(module._forward_hooks) for name, module in model.named_modules()},
        "identities": [id(parameter) for parameter in model.parameters()],
        "modules": [(id(module), type(module)) for module in model.modules()],
    }


def assert_same_state(before, after):
    for kind in ("tensors", "gradients"):
        assert before[kind].keys() == after[kind].keys()
        for name, tensor in before[kind].items():
            other = after[kind][name]
            assert (tensor is None and other is None) or torch.equal(tensor, other), name
    for kind in ("requires_grad", "modes", "hooks", "identities", "modules"):
        assert before[kind] == after[kind]


def linear():
    """A network that has linear layers alone."""
    return nn.Sequential(nn.Flatten(), nn.Linear(432, 8), nn.GELU(), nn.Linear(8, 5))


def written_to_tensorboard(monkeypatch):
    """What TensorBoard is given from now on, without it: a list that grows, of tag and step, and of "closed"."""
    written = []

    class Writer:
        def __init__(self, folder):
            pass

        def add_scalar(self, tag, value, step):
            written.append((tag, step))

        def add_text(self, tag, text, step):
            written.append((tag, step))

        def flush(self):
            pass

        def close(self):
            written.append("closed")

    module = types.ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    return written
