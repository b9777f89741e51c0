import csv
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
from eznas.spaces.nds import DARTS, ENAS, PNAS, Amoeba, NASNet

SPACES = [DARTS, ENAS, PNAS, NASNet, Amoeba]

real_data = pytest.mark.skipif("EZNAS_DATA" not in os.environ, reason="EZNAS_DATA does not name the data folder")

DARTS_V2 = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)
P_DARTS = (
    "Genotype(normal=[('skip_connect', 0), ('dil_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 3), ('sep_conv_3x3', 0), ('dil_conv_5x5', 4)], normal_concat=range(2, 6), "
    "reduce=[('avg_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('dil_conv_5x5', 2), ('max_pool_3x3', 0), "
    "('dil_conv_3x3', 1), ('dil_conv_3x3', 1), ('dil_conv_5x5', 3)], reduce_concat=range(2, 6))"
)
PC_DARTS = (
    "Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 0), ('dil_conv_3x3', 1), "
    "('sep_conv_5x5', 0), ('sep_conv_3x3', 1), ('avg_pool_3x3', 0), ('dil_conv_3x3', 1)], normal_concat=range(2, 6), "
    "reduce=[('sep_conv_5x5', 1), ('max_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_5x5', 2), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 3), ('sep_conv_3x3', 1), ('sep_conv_3x3', 2)], reduce_concat=range(2, 6))"
)


def complexity(network, size):
    """Return multiply-adds of convolutions and linear layers (with bias), and output elements of the BatchNorms."""
    products, normalised = [], []

    def add(module, _inputs, output):
        if isinstance(module, nn.Conv2d):
            products.append(output.numel() * module.weight[0].numel())
        elif isinstance(module, nn.Linear):
            products.append(module.weight.numel() + module.bias.numel())
        elif isinstance(module, nn.BatchNorm2d):
            normalised.append(output.numel())

    for module in network.modules():
        module.register_forward_hook(add)
    with torch.no_grad():
        network.eval()(torch.zeros(1, 3, size, size))
    return sum(products), sum(normalised)


@pytest.fixture(scope="module")
def record():
    """The genuine NDS record of an Amoeba cell."""
    records = json.loads((Path(os.environ["EZNAS_DATA"]) / "nds" / "nds_doc_records.json").read_text())
    return next(record for record in records if record["config"]["model_family"] == "nas_cell")


@pytest.mark.parametrize("space", SPACES)
def test_random_architectures_are_canonical_and_repeatable(space):
    instance = space(widths=(4, 6), depths=(3, 5))
    drawn = [instance.random(np.random.default_rng(seed)) for seed in range(20)]
    assert drawn == [instance.random(np.random.default_rng(seed)) for seed in range(20)]
    assert len(set(drawn)) == 20
    assert [instance.check(text) for text in drawn] == drawn
    sizes = [json.loads(text) for text in drawn]
    assert {size["width"] for size in sizes} == {4, 6}
    assert {size["depth"] for size in sizes} == {3, 5}


@pytest.mark.parametrize(("stem", "size"), [("cifar", 8), ("cifar", 16), ("cifar", 32), ("imagenet", 64)])
@pytest.mark.parametrize("space", SPACES)
def test_random_networks_run_forward_and_backward(space, stem, size):
    instance = space(widths=(4, 5), depths=(3,), stem=stem)
    rng = np.random.default_rng(size)
    for _ in range(2):
        torch.manual_seed(0)
        network = instance.build(instance.random(rng), num_classes=10, image_size=size)
        logits = network(torch.randn(1, 3, size, size))
        assert logits.shape == (1, 10)
        logits.backward(torch.ones_like(logits))
        assert torch.isfinite(logits).all()
        assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


@pytest.mark.parametrize("size", [97, 224])
def test_imagenet_stem_at_other_sizes(size):
    network = DARTS(widths=(8,), depths=(3,), stem="imagenet").build(DARTS_V2, 1000, size)
    assert network(torch.randn(1, 3, size, size)).shape == (1, 1000)


def test_parameters_of_darts_v2_are_those_of_its_training_log():
    """DARTS's train.py prints `param size = 3.349342MB` for this genotype: the number of parameters in millions."""
    assert parameters(DARTS(widths=(36,), depths=(20,)).build(DARTS_V2, 10, 32)) == 3_349_342


@pytest.mark.parametrize(
    ("genotype", "cifar", "imagenet"),
    # Millions of parameters in the tables of Liu et al. (ICLR 2019), Chen et al. (ICCV 2019), Xu et al. (ICLR 2020).
    [(DARTS_V2, 3.3, 4.7), (P_DARTS, 3.4, 4.9), (PC_DARTS, 3.6, 5.3)],
)
def test_parameters_of_published_networks(genotype, cifar, imagenet):
    network = DARTS(widths=(36,), depths=(20,)).build(genotype, 10, 32)
    assert round(parameters(network) / 1e6, 1) == cifar
    network = DARTS(widths=(48,), depths=(14,), stem="imagenet").build(genotype, 1000, 224)
    assert round(parameters(network) / 1e6, 1) == imagenet


@real_data
def test_the_genuine_record_to_the_digit(record):
    space = Amoeba()
    architecture = space.check(json.dumps(record["config"]))
    assert json.loads(architecture)["width"] == 32
    network = space.build(architecture, num_classes=10, image_size=32)
    assert parameters(network) == round(record["parameters"] * 1e6)
    # The record's FLOPs lie between multiply-adds alone and those plus 5 for each number that a BatchNorm gives
    # (which is exact for the standard families): how NDS counted its cell networks is not published.
    products, normalised = complexity(network, 32)
    assert products < record["flops"] * 1e6 < products + 5 * normalised
    assert record["flops"] * 1e6 == pytest.approx(products, rel=0.015)


@real_data
def test_the_genuine_record_obeys_the_sampling_rules(record):
    genotype = Amoeba().parse(json.dumps(record["config"])).genotype
    for cell in (genotype.normal, genotype.reduce):
        assert set(cell.concat) == set(range(2, 7)) - {state for _, state in cell.edges}


@pytest.fixture(scope="module")
def darts_1000():
    with (Path(os.environ["EZNAS_DATA"]) / "darts" / "DARTS_archs_CIFAR10.csv").open(newline="") as file:
        return [row[0] for row in csv.reader(file)]


@real_data
def test_darts_1000_is_read(darts_1000):
    space = DARTS(widths=(4,), depths=(3,))
    texts = [space.check(row) for row in darts_1000]
    assert len(texts) == 1000
    for text in texts[::50]:
        assert space.build(text, 10, 16)(torch.randn(1, 3, 16, 16)).shape == (1, 10)


@pytest.mark.slow
@real_data
def test_all_of_darts_1000_runs(darts_1000):
    space = DARTS(widths=(4,), depths=(3,))
    for row in darts_1000:
        assert space.build(row, 10, 16)(torch.randn(1, 3, 16, 16)).shape == (1, 10)


def test_forms_of_the_same_architecture_have_one_text():
    space = DARTS(widths=(16,), depths=(8,))
    text = space.check(DARTS_V2)
    net = json.loads(text)
    assert list(net) == ["genotype", "width", "depth", "aux"]
    assert " " not in text
    same = [
        json.dumps(net["genotype"]),
        json.dumps({"genotype": net["genotype"]}),
        json.dumps({**net, "drop_prob": 0.2}, indent=1),
        json.dumps({"cell_spec": net["genotype"], "model_spec": {"width": 16, "depth": 8, "aux": False}, "id": 7}),
        f"  {DARTS_V2}\n",
    ]
    assert {space.check(form) for form in same} == {text}


def test_a_text_s_sizes_win_over_the_settings():
    space = DARTS(widths=(16,), depths=(8,), auxiliary=True)
    net = json.loads(space.check(DARTS_V2))
    assert (net["width"], net["depth"], net["aux"]) == (16, 8, True)
    net.update(width=4, depth=3, aux=False)
    assert json.loads(space.check(json.dumps(net))) == net


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": -4}, "The width of the architecture is -4: give a whole number from 1"),
        ({"width": 10**9}, "The width of the architecture is 1000000000"),
        ({"width": "16"}, "The width of the architecture is '16'"),
        ({"depth": 0}, "The depth of the architecture is 0"),
        ({"depth": 2.5}, "The depth of the architecture is 2.5"),
        ({"aux": 1}, "The aux of the architecture is 1: give true or false"),
        ({"genotype": 3}, "not 3"),
        ({"widht": 4}, "unknown key 'widht'"),
    ],
)
def test_mistakes_are_named(change, message):
    space = DARTS(widths=(4,), depths=(3,))
    net = json.loads(space.check(DARTS_V2)) | change
    for method in (space.check, lambda text: space.build(text, 10, 16)):
        with pytest.raises(EznasError, match=message):
            method(json.dumps(net))


def test_other_mistakes():
    space = ENAS(widths=(4,), depths=(3,))
    with pytest.raises(EznasError, match="operation 'dil_conv_3x3', which nds-enas does not have"):
        space.check(DARTS_V2)
    with pytest.raises(EznasError, match="is not valid JSON"):
        space.check("|nor_conv_3x3~0|")
    with pytest.raises(EznasError, match="gives no width, and nds-darts is set to 16, 24, 32"):
        DARTS().check(DARTS_V2)
    with pytest.raises(EznasError, match="model_spec of the record is 3"):
        DARTS().check(json.dumps({"cell_spec": {}, "model_spec": 3}))
    with pytest.raises(EznasError, match="Images of 4 pixels leave the last cell of nds-darts less than a 2x2 map"):
        DARTS(widths=(4,), depths=(3,)).build(DARTS_V2, 10, 4)
    with pytest.raises(EznasError, match="or take the cifar stem"):
        DARTS(widths=(4,), depths=(3,), stem="imagenet").build(DARTS_V2, 10, 32)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"widths": ()}, r"The setting widths of nds-pnas is \(\)"),
        ({"widths": 16}, "The setting widths of nds-pnas is 16: give a list"),
        ({"depths": (3, -1)}, "depths of nds-pnas is -1"),
        ({"stem": "mnist"}, "no stem called 'mnist': choose one of cifar, imagenet"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(EznasError, match=message):
        PNAS(**settings)


@pytest.mark.parametrize("space", SPACES)
def test_registered(space):
    assert spaces.get(space.name, widths=[4, 8]) == space(widths=(4, 8))


@pytest.mark.parametrize("space", SPACES)
def test_instances_pickle_and_compare(space):
    instance = space(widths=[4], depths=[3], stem="imagenet")
    assert pickle.loads(pickle.dumps(instance)) == instance
    assert instance != space()
    assert instance.settings()["stem"] == "imagenet"
