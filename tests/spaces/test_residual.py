import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from eznas import spaces
from eznas.errors import EznasError
from eznas.spaces.complexity import parameters
from eznas.spaces.residual import ResNet, ResNeXtA, ResNeXtB, Vanilla
from eznas.spaces.residual_network import ResidualBlock, ResidualNetwork, Stage

SPACES = [ResNet, ResNeXtA, ResNeXtB, Vanilla]
BASIC = {"ds": [1, 2, 1, 1], "ws": [4, 4, 6, 8], "ss": [1, 1, 2, 2]}
BOTTLENECK = {**BASIC, "ws": [4, 8, 8, 8], "bot_muls": [0.0, 0.5, 1.0, 0.25], "num_gs": [1, 2, 4, 1]}

real_data = pytest.mark.skipif("EZNAS_DATA" not in os.environ, reason="EZNAS_DATA does not name the data folder")


def flops(network, size):
    """Return NDS's FLOPs: multiply-adds, biases, and 5 for each number that a BatchNorm gives."""
    total = []

    def add(module, _inputs, output):
        if isinstance(module, nn.Conv2d):
            total.append(output.numel() * module.weight[0].numel())
        elif isinstance(module, nn.Linear):
            total.append(module.weight.numel() + module.bias.numel())
        elif isinstance(module, nn.BatchNorm2d):
            total.append(5 * output.numel())

    for module in network.modules():
        module.register_forward_hook(add)
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, size, size))
    return sum(total)


@real_data
@pytest.mark.parametrize(("space", "proposer"), [(ResNet, "resnet"), (ResNeXtA, "resnext-a"), (Vanilla, "vanilla")])
def test_the_genuine_records_to_the_digit(space, proposer):
    records = json.loads((Path(os.environ["EZNAS_DATA"]) / "nds" / "nds_doc_records.json").read_text())
    record = next(record for record in records if record["config"]["proposer"] == proposer)
    instance = space()
    text = instance.check(json.dumps(record["config"]))
    assert json.loads(text) == record["config"]["model_spec"]
    network = instance.build(text, num_classes=10, image_size=32)
    assert parameters(network) == round(record["parameters"] * 1e6)
    assert flops(network, 32) == round(record["flops"] * 1e6)
    for stage in instance.parse(text)[1:]:
        assert stage.depth in instance.depths
        assert stage.width in instance.widths


def test_parameters_by_hand():
    def conv(channels_in, channels_out, kernel, groups=1):
        return kernel**2 * channels_in * channels_out // groups + 2 * channels_out

    stem, head = conv(3, 4, 3), 8 * 7 + 7
    bodies = 2 * 2 * conv(4, 4, 3) + conv(4, 6, 3) + conv(6, 6, 3) + conv(6, 8, 3) + conv(8, 8, 3)
    assert parameters(Vanilla().build(json.dumps(BASIC), 7, 16)) == stem + bodies + head
    # The first stage keeps the stem's shape, so only the other two have a projection.
    projections = conv(4, 6, 1) + conv(6, 8, 1)
    assert parameters(ResNet().build(json.dumps(BASIC), 7, 16)) == stem + bodies + projections + head

    bodies = conv(4, 4, 1) + conv(8, 4, 1) + 2 * (conv(4, 4, 3, groups=2) + conv(4, 8, 1))
    bodies += conv(8, 8, 1) + conv(8, 8, 3, groups=4) + conv(8, 8, 1)
    bodies += conv(8, 2, 1) + conv(2, 2, 3) + conv(2, 8, 1)
    projections = conv(4, 8, 1) + 2 * conv(8, 8, 1)
    assert parameters(ResNeXtA().build(json.dumps(BOTTLENECK), 7, 16)) == stem + bodies + projections + head


@pytest.mark.parametrize("size", [8, 16, 33])
@pytest.mark.parametrize("space", SPACES)
def test_random_networks_run_forward_and_backward(space, size):
    instance = space(depths=(1, 2), widths=(4, 8), stem_width=4)
    rng = np.random.default_rng(size)
    for _ in range(3):
        text = instance.random(rng)
        assert instance.check(text) == text
        logits = instance.build(text, 10, size)(torch.randn(1, 3, size, size))
        logits.backward(torch.ones_like(logits))
        assert logits.shape == (1, 10)
        assert torch.isfinite(logits).all()


@pytest.mark.parametrize("space", SPACES)
def test_random_is_repeatable_and_varied(space):
    drawn = [space().random(np.random.default_rng(seed)) for seed in range(50)]
    assert drawn == [space().random(np.random.default_rng(seed)) for seed in range(50)]
    assert len(set(drawn)) > 45
    assert {json.loads(text)["ss"] == [1, 1, 2, 2] for text in drawn} == {True}


@pytest.mark.parametrize(
    ("space", "models"),
    # The total numbers of models in the NDS paper's table of design spaces.
    [(ResNet, 1_259_712), (Vanilla, 1_259_712), (ResNeXtA, 11_390_625), (ResNeXtB, 52_734_375)],
)
def test_number_of_models_is_the_published_one(space, models):
    instance = space()
    per_stage = len(instance.depths) * len(instance.widths)
    if instance.bottleneck:
        per_stage *= len(instance.shrinks) * len(instance.groups)
    assert per_stage**3 == models


def test_shortcut():
    assert isinstance(ResidualBlock(nn.Identity(), 4, 4, 1).shortcut, nn.Identity)
    assert isinstance(ResidualBlock(nn.Identity(), 4, 4, 2).shortcut, nn.Sequential)
    assert isinstance(ResidualBlock(nn.Identity(), 4, 5, 1).shortcut, nn.Sequential)


def test_a_stem_may_have_more_blocks_and_a_stride():
    network = ResidualNetwork([Stage(2, 4, 2), Stage(1, 4, 1)], "res_basic_block", 3)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert [convolution.stride[0] for convolution in convolutions] == [2, 1, 1, 1]


@pytest.mark.parametrize(
    ("space", "data", "message"),
    [
        (ResNet, {**BASIC, "ds": [1]}, r"The ds of the architecture is \[1\]: give one number per stage"),
        (ResNet, {**BASIC, "ws": [4, 4, 6]}, r"The ws of the architecture is \[4, 4, 6\]: give 4 numbers"),
        (ResNet, {**BASIC, "ws": [4, 4, -6, 8]}, "Entry 2 of ws is -6"),
        (ResNet, {"ds": [1, 1], "ws": [4, 4]}, "The ss of the architecture is None"),
        (ResNet, {**BASIC, "stem": 3}, "unknown key 'stem'"),
        (ResNet, BOTTLENECK, "blocks of nds-resnet have no bottleneck"),
        (ResNet, {**BASIC, "block_type": "double_plain_block"}, "kind 'double_plain_block', but nds-resnet has"),
        (ResNet, {"model_family": "vanilla", "model_spec": BASIC}, "kind 'vanilla', but nds-resnet has"),
        (ResNet, {"model_spec": 4}, "model_spec of the record is 4"),
        (ResNeXtA, BASIC, "The bot_muls of the architecture is None"),
        (ResNeXtA, {**BOTTLENECK, "bot_muls": [0, 0.5, "1", 1]}, "Entry 2 of bot_muls is '1'"),
        (ResNeXtA, {**BOTTLENECK, "bot_muls": [0, 0.5, float("nan"), 1]}, "Entry 2 of bot_muls is nan"),
        (ResNeXtA, {**BOTTLENECK, "num_gs": [1, 3, 1, 1]}, "Stage 1 has 4 bottleneck channels, .* into 3 groups"),
        (ResNeXtA, {**BOTTLENECK, "bot_muls": [0, 0.5, 0.0, 1]}, "Stage 2 has 0 bottleneck channels"),
    ],
)
def test_mistakes_are_named(space, data, message):
    with pytest.raises(EznasError, match=message):
        space().check(json.dumps(data))


def test_empty_lists_of_the_official_files_are_read():
    text = json.dumps({"block_type": "res_basic_block", **BASIC, "bot_muls": [], "num_gs": []})
    assert json.loads(ResNet().check(text)) == BASIC


def test_other_mistakes():
    with pytest.raises(EznasError, match="Images of 4 pixels leave the last stage of nds-resnet less than a 2x2 map"):
        ResNet().build(json.dumps(BASIC), 10, 4)
    with pytest.raises(EznasError, match="stem_width of nds-vanilla is 0"):
        Vanilla(stem_width=0)
    with pytest.raises(EznasError, match=r"The setting shrinks of nds-resnext-b is \(\)"):
        ResNeXtB(shrinks=())
    with pytest.raises(EznasError, match=r"bottleneck of 5 channels divides into none of the groups \(2,\)"):
        ResNeXtA(widths=(5,), shrinks=(1,), groups=(2,)).random(np.random.default_rng(0))


@pytest.mark.parametrize("space", SPACES)
def test_registered(space):
    assert spaces.get(space.name, depths=[1]) == space(depths=(1,))


@pytest.mark.parametrize("space", SPACES)
def test_instances_pickle_and_compare(space):
    assert pickle.loads(pickle.dumps(space(depths=[1]))) == space(depths=(1,))
    assert space(depths=(1,)) != space()
