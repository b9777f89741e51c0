"""What all spaces whose texts are parts with slashes between have in common."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from eznas import spaces
from eznas.errors import EznasError
from eznas.spaces.part_text import MAXIMUM_PARTS, PartText, hold_settings
from eznas.statistics.collect import collect, make_inputs

NAMES = [
    "activations",
    "chain",
    "dense",
    "fixed-budget",
    "inverted-residual",
    "kernels",
    "reductions",
    "stages",
    "wiring",
]
TEXT = PartText("toy", re.compile(r"(\d+)(b?)"), "a number and perhaps b", "3/4b")


def test_parts_are_parsed_without_their_spaces():
    assert TEXT.parse(" 3 / 4b\n") == [("3", ""), ("4", "b")]


@pytest.mark.parametrize("text", ["", "3/", "/3", "3//4", "3b4", "b", "-3", "3/4c", "/".join(["1"] * 65)])
def test_another_text_is_refused(text):
    with pytest.raises(EznasError, match="is no architecture of the space toy: write a number and perhaps b") as caught:
        TEXT.parse(text)
    assert str(caught.value).endswith("with slashes between, such as 3/4b.")


def test_as_many_parts_as_allowed():
    assert len(TEXT.parse("/".join(["1"] * MAXIMUM_PARTS))) == MAXIMUM_PARTS


@pytest.mark.parametrize("number", ["0", "65", "9" * 5000])
def test_a_number_out_of_bounds_is_named(number):
    with pytest.raises(EznasError, match=r"\(depth '\d+.*' is not from 1 to 64\): write a number") as caught:
        TEXT.within(f"{number}b", number, 1, 64, "depth")
    assert len(str(caught.value)) < 300


def test_an_even_kernel_is_named():
    assert TEXT.odd_kernel("3", "3") == 3
    with pytest.raises(EznasError, match=r"\(kernel 4 is even\)"):
        TEXT.odd_kernel("4", "4")


def test_settings_are_held():
    chain = spaces.get("chain", depths=[2, 3])
    assert chain.depths == (2, 3)
    with pytest.raises(EznasError, match="The setting width of the space chain is 0"):
        spaces.get("chain", width=0)
    with pytest.raises(EznasError, match=r"The setting depths of the space chain is \[\]"):
        spaces.get("chain", depths=[])
    with pytest.raises(EznasError, match="The setting depths of the space chain is 3"):
        hold_settings(chain, numbers={}, lists={"depths": 2})


@pytest.mark.parametrize("name", NAMES)
def test_random_networks_run_forward_and_backward(name):
    space, rng = spaces.get(name), np.random.default_rng(3)
    for batch in (1, 2):
        text = space.random(rng)
        assert space.check(text) == text
        assert space.check(f" {text.replace('/', ' / ')}\n") == text
        logits = space.build(text, 7, 16)(torch.randn(batch, 3, 16, 16))
        logits.backward(torch.ones_like(logits))
        assert logits.shape == (batch, 7)
        assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", NAMES)
def test_random_networks_have_units_with_finite_statistics(name):
    space, rng = spaces.get(name), np.random.default_rng(4)
    inputs = make_inputs(torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)), seed=0)
    for _ in range(2):
        statistics = collect(space.build(space.random(rng), 10, 16), inputs, seed=0)
        assert statistics.units > 0
        assert np.isfinite(statistics.values).all()


@pytest.mark.parametrize("name", NAMES)
def test_random_is_repeatable_and_varied(name):
    space = spaces.get(name)
    drawn = [space.random(np.random.default_rng(seed)) for seed in range(50)]
    assert drawn == [space.random(np.random.default_rng(seed)) for seed in range(50)]
    assert len(set(drawn)) > 40


@pytest.mark.parametrize("name", NAMES)
def test_random_architectures_are_accepted(name):
    space, rng = spaces.get(name), np.random.default_rng(5)
    for _ in range(200):
        text = space.random(rng)
        assert space.check(text) == text


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_message_and_the_module_is_an_architecture(name):
    space = spaces.get(name)
    assert space.check(space.text.example) == space.text.example
    module = Path(spaces.__file__).with_name(f"{name.replace('-', '_')}.py")
    assert f"`{space.text.example}` lists" in module.read_text()


@pytest.mark.parametrize("name", NAMES)
def test_other_texts_are_refused_in_one_sentence(name):
    space = spaces.get(name)
    for text in ("", "/", space.text.example + "/", "nonsense", '{"ds":[1]}', space.text.example.upper() + "!"):
        with pytest.raises(EznasError, match=f"is no architecture of the space {name}: write") as caught:
            space.check(text)
        assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize("name", NAMES)
def test_small_images_are_refused(name):
    space = spaces.get(name)
    with pytest.raises(EznasError, match=r"Images of 2 pixels, halved \d times by this architecture of the space"):
        space.build(space.text.example, 10, 2)


@pytest.mark.parametrize("name", NAMES)
def test_instances_pickle_and_compare(name):
    space = spaces.get(name)
    assert pickle.loads(pickle.dumps(space)) == space
    assert space.name == name
