"""R-C-B and C-B-R of every built-in space are what they were when `built_in_spaces.json` was written, bit for bit.

Bits depend on the processor and the release of PyTorch: they are compared where a plain network has the bits that it
had then, and everywhere else the numbers are compared within rounding. To write the file anew (when a change means to
change the statistics): `python tests/statistics/test_built_in_spaces.py`.
"""

import json
import sys
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from eznas.spaces import SPACES, get
from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.statistics.isolation import reproducible_kernels
from eznas.terminals import TERMINALS

FILE = Path(__file__).with_name("built_in_spaces.json")
KINDS = ("R-C-B", "C-B-R")
SMALL = {"nasbench201": {"channels": 4, "cells": 1}}
SHALLOW = {
    "width": 4,
    "depth": 5,
    "ds": [1, 2, 1, 1],
    "ws": [16, 16, 32, 32],
    "num_gs": [1, 2, 1, 4],
}  # in the place of a text's own
PIXELS = 16


def digest(*arrays):
    return blake2b(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays), digest_size=16).hexdigest()


def plain_bits():
    """What a network of this processor and PyTorch computes without eznas."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, PIXELS, PIXELS, generator=generator)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=2))
    with reproducible_kernels():
        for parameter in network.parameters():
            nn.init.normal_(parameter, generator=generator)
        network(images).square().mean().backward()
    return digest(*(parameter.grad.numpy() for parameter in network.parameters()))


def collected(name, kind):
    space = get(name, **SMALL.get(name, {}))
    architecture = space.random(np.random.default_rng(7))
    if architecture.startswith("{"):
        parts = json.loads(architecture)
        architecture = json.dumps({key: SHALLOW.get(key, value) for key, value in parts.items()})
    images = torch.randn(2, 3, PIXELS, PIXELS, generator=torch.Generator().manual_seed(3))
    settings = CollectionSettings(unit=kind)
    return collect(space.build(architecture, 10, PIXELS), make_inputs(images, 5), settings, 11, copy=False)


def measured(name, kind):
    found = collected(name, kind)
    return {
        "units": found.units,
        "layout": digest(found.offsets, found.shapes, found.axes),
        "magnitude": float(np.abs(found.values, dtype=np.float64).sum()),
        "bits": digest(found.values),
    }


def record():
    content = {
        "plain": plain_bits(),
        "spaces": {f"{name} {kind}": measured(name, kind) for name in SPACES for kind in KINDS},
    }
    FILE.write_text(json.dumps(content, indent=1) + "\n")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SPACES)
def test_units_and_statistics_are_as_before(name, kind):
    stored = json.loads(FILE.read_text())
    before, now = stored["spaces"][f"{name} {kind}"], measured(name, kind)
    assert (now["units"], now["layout"]) == (before["units"], before["layout"])
    assert now["magnitude"] == pytest.approx(before["magnitude"], rel=1e-3)
    if plain_bits() == stored["plain"]:
        assert now["bits"] == before["bits"]


@pytest.mark.parametrize("name", SPACES)
def test_every_unit_of_the_paper_is_one_of_the_general_rule(name):
    special, general = collected(name, "R-C-B"), collected(name, "A-L-N")

    def tensors(found, unit):
        return [found.tensor(unit, terminal.address).tobytes() for terminal in TERMINALS]

    all_units = [tensors(general, unit) for unit in range(general.units)]
    assert general.units > special.units
    assert general.coverage > 0.99
    assert general.coverage > special.coverage
    assert all(tensors(special, unit) in all_units for unit in range(special.units))


if __name__ == "__main__":
    sys.exit(record())
