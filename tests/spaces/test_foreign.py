import inspect

import numpy as np
import pytest
import torch
from torch import nn

from eznas.errors import EznasError
from eznas.spaces.base import Space, canonical_text
from eznas.spaces.foreign import ForeignSpace, ModuleSpace, as_space


class OnlyBuild:
    """As little as a stranger needs to write."""

    def __init__(self, width=2):
        self.width = width

    def build(self, architecture, num_classes, image_size):
        return nn.Linear(int(architecture) * self.width, num_classes * image_size)


class Anything:
    def build(self, *values):
        return nn.Linear(int(values[0]), sum(values[1:]))


class Complete(OnlyBuild):
    name = "complete"

    def check(self, text):
        return text.strip().lower()

    def random(self, rng):
        return str(rng.integers(5))


class Subclass(Space):
    def build(self, architecture, num_classes, image_size):
        return nn.Identity()


class Network(nn.Module):
    def __init__(self, text, depth=1):
        super().__init__()
        self.text, self.depth = text, depth


def linear(architecture):
    return nn.Linear(int(architecture), 3)


def shape(network):
    return network.in_features, network.out_features


@pytest.mark.parametrize(
    ("found", "settings", "expected"),
    [
        (OnlyBuild, {}, (6, 40)),
        (OnlyBuild, {"width": 5}, (15, 40)),
        (OnlyBuild(7), {}, (21, 40)),
        (lambda: OnlyBuild(4), {}, (12, 40)),
        (linear, {}, (3, 3)),
        (lambda text, num_classes: nn.Linear(int(text), num_classes), {}, (3, 10)),
        (lambda text, image_size: nn.Linear(int(text), image_size), {}, (3, 4)),
        (lambda text, *, image_size=9, more=2: nn.Linear(int(text) * more, image_size), {}, (6, 4)),
        (lambda text, classes, size: nn.Linear(int(text), 100 * classes + size), {}, (3, 1004)),
        (Anything, {}, (3, 14)),
        (lambda text, wide, num_classes=1: nn.Linear(int(text) * wide, num_classes), {"wide": 6}, (18, 10)),
    ],
    ids=lambda value: inspect.getsource(value).strip()[:40] if inspect.isfunction(value) else None,
)
def test_what_builds_a_network_is_a_space(found, settings, expected):
    space = as_space(found, "my_space:Mine", settings)
    assert isinstance(space, Space)
    assert shape(space.build("3", 10, 4)) == expected
    assert canonical_text(space, " 3 ") == "3"


def test_names_and_settings_are_those_that_were_given():
    assert as_space(OnlyBuild, "file.py:Mine", {"width": 3}).settings() == {"width": 3}
    assert as_space(OnlyBuild, "file.py:Mine").name == "Mine"
    assert as_space(OnlyBuild, "file.py").name == "OnlyBuild"
    assert as_space(Complete, "file.py:Mine").name == "complete"
    assert as_space(linear, "a/file.py:build").name == "file"
    assert as_space(Subclass, "file.py:Mine").name == "Subclass"


def test_check_and_random_are_used_where_there_are_any():
    complete = as_space(Complete, "x:Complete")
    assert complete.check(" AB ") == "ab"
    assert complete.random(np.random.default_rng(0)).isdecimal()
    for lacking in (as_space(OnlyBuild, "x:OnlyBuild"), Subclass()):
        assert lacking.check(" AB ") == "AB"
        with pytest.raises(EznasError, match=r"cannot draw networks: give it a method `random\(self, rng\)`"):
            lacking.random(np.random.default_rng(0))


def test_a_class_of_networks_is_a_function_from_texts_to_networks():
    space = as_space(Network, "x:Network", {"depth": 4})
    network = space.build("3x3", 10, 4)
    assert (network.text, network.depth) == ("3x3", 4)
    assert not space.takes_num_classes


def test_whether_the_number_of_classes_is_taken_is_known():
    assert ForeignSpace("x", lambda text, num_classes: None).takes_num_classes
    assert ForeignSpace("x", lambda a, b, c: None).takes_num_classes
    assert not ForeignSpace("x", lambda text, image_size: None).takes_num_classes


class Fragile:
    def __init__(self, width):
        raise ValueError("too wide")

    def build(self, architecture):
        return None


@pytest.mark.parametrize(
    ("found", "settings", "message"),
    [
        (3, {}, "'x:y' is a int, not a search space: name a class with a method `build"),
        (OnlyBuild(), {"width": 3}, "is a ready instance and takes no settings, but was given width"),
        (OnlyBuild, {"depth": 3}, r"settings \{'depth': 3\} \(TypeError: got an unexpected keyword argument 'depth'\)"),
        (linear, {"depth": 3}, r"settings \{'depth': 3\} \(TypeError"),
        (Fragile, {}, "missing a required argument: 'width'"),
        (Fragile, {"width": 1}, r"\(ValueError in .*test_foreign\.py, line \d+: too wide\): correct the settings"),
        (lambda: 3, {}, "'x:y' made a int, not a search space"),
        (lambda text, depth: None, {}, r"`build` of 'y' takes \(text, depth\): let it take \(architecture, num_cl"),
        (lambda text, *, depth, width: None, {}, r"takes \(text, \*, depth, width\)"),
        (type("NoArgument", (), {"build": lambda self: None}), {}, r"`build` of 'y' takes \(\)"),
    ],
)
def test_what_builds_none_is_refused(found, settings, message):
    with pytest.raises(EznasError, match=message):
        as_space(found, "x:y", settings)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (
            lambda text: list(text)[5],
            r"could not check the architecture 'a' \(IndexError in .*test_foreign\.py, line \d+: list",
        ),
        (lambda text: None, "returned None for the architecture 'a': let it return the text"),
        (lambda text: True, "returned True"),
    ],
)
def test_a_check_that_goes_wrong_is_told(check, message):
    with pytest.raises(EznasError, match=message):
        canonical_text(ForeignSpace("odd", linear, check), "a")


def test_a_ready_module_stays_as_it_is_and_a_function_makes_new_ones():
    ready, made = nn.Linear(2, 2), []

    def make():
        made.append(nn.Linear(3, 3))
        return made[-1]

    space = ModuleSpace({"ready": ready, "make": make})
    weight = ready.weight.detach().clone()
    copy = space.build("ready", 1, 1)
    copy.weight.data.zero_()
    assert torch.equal(ready.weight, weight)
    assert space.build("make", 1, 1) is made[0]
    assert space.build("make", 1, 1) is made[1]
    assert space.check("make") == "make"
    with pytest.raises(EznasError, match="no network called 'other' among the 2 modules"):
        space.check("other")


def test_a_module_that_cannot_be_copied_is_told():
    class Unique(nn.Module):
        def __deepcopy__(self, memory):
            raise RuntimeError("there is one of me")

    with pytest.raises(
        EznasError, match=r"module of 'a' cannot be copied \(RuntimeError in .*one of me\): give a func"
    ):
        ModuleSpace({"a": Unique()}).build("a", 1, 1)
