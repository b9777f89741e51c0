"""What holds for every hand-made proxy."""

import copy
import random
import re

import numpy as np
import pytest
import torch
from proxies.hand_made.small_networks import Attention, Language, convolutional, images, residual
from torch import nn

from eznas.errors import EznasError
from eznas.proxies import hand_made

NAMES = hand_made.names()
TARGETS = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])


def score(name, network, inputs=None, seed=0, targets=TARGETS):
    inputs = images() if inputs is None else inputs
    return hand_made.load(name).score(network, inputs, np.random.default_rng(seed), targets)


@pytest.fixture(params=[convolutional, residual, Attention], ids=["convolutional", "residual", "attention"])
def network(request):
    torch.manual_seed(0)
    return request.param()


@pytest.mark.parametrize("name", NAMES)
def test_names_sources_and_meanings_are_there(name):
    proxy = hand_made.load(name)
    assert proxy.name == name
    assert proxy.source == "common practice" or name == "torch_flops" or re.search(r"(19|20)\d\d", proxy.source)
    assert 1 <= proxy.images <= 128
    assert type(proxy)(images=5).images == 5
    assert set(proxy.describe()) == {"score", "orientation", "source", "images"}


@pytest.mark.parametrize("name", NAMES)
def test_every_network_of_images_has_a_score_that_the_generator_decides(name, network):
    first = score(name, network)
    assert np.isfinite(first)
    assert score(name, network) == first


@pytest.mark.parametrize("name", [name for name in NAMES if not hand_made.load(name).reads_weights])
def test_what_reads_no_weights_gives_the_same_for_all(name, network):
    first = score(name, network)
    for parameter in network.parameters():
        nn.init.constant_(parameter, torch.nan)
    assert score(name, network) == first


def test_all_but_counts_read_weights():
    assert [name for name in NAMES if not hand_made.load(name).reads_weights] == ["flops", "params", "torch_flops"]


def state_of(network):
    return {
        "numbers": {name: tensor.clone() for name, tensor in network.state_dict().items()},
        "identities": [id(tensor) for tensor in (*network.parameters(), *network.buffers())],
        "gradients": [parameter.grad for parameter in network.parameters()],
        "needed": [parameter.requires_grad for parameter in network.parameters()],
        "modes": [module.training for module in network.modules()],
        "hooks": [
            list(hooks)
            for module in network.modules()
            for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
        ],
        "forwards": [module.__dict__.get("forward") for module in network.modules()],
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_network_and_the_random_states_stay_as_they_were(name, network):
    network.eval()
    next(network.children()).train()
    parameter = next(network.parameters())
    parameter.grad = torch.ones_like(parameter)
    list(network.parameters())[-1].requires_grad_(False)
    network.register_forward_hook(lambda *_: None)
    before = state_of(network)
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    given = images()
    with torch.no_grad():
        score(name, network, given)
    after = state_of(network)
    for name_of, tensor in before.pop("numbers").items():
        assert torch.equal(after["numbers"][name_of], tensor), name_of
    after.pop("numbers")
    assert all(one is other for one, other in zip(before.pop("gradients"), after.pop("gradients"), strict=True))
    assert after == before
    assert torch.equal(states[0], torch.get_rng_state())
    assert random.getstate() == states[1]
    np.testing.assert_array_equal(np.random.get_state()[1], states[2])  # noqa: NPY002
    assert torch.equal(given, images())
    assert not given.requires_grad


@pytest.mark.parametrize("name", ["grad_norm", "snip", "plain", "grasp", "fisher", "l2_norm", "params", "torch_flops"])
def test_networks_of_tokens_are_scored_by_what_needs_no_images(name):
    torch.manual_seed(0)
    tokens = torch.arange(12).reshape(2, 6) % 7
    assert np.isfinite(score(name, Language(), tokens, targets=tokens))
    assert score(name, Language(), {"tokens": tokens}, targets=None) != 0
    assert np.isfinite(score(name, Language(), [tokens], targets=None))


@pytest.mark.parametrize("name", ["synflow", "jacob_cov", "zen", "zico", "meco", "az_expressivity", "flops"])
def test_what_needs_images_says_so(name):
    with pytest.raises(EznasError, match="no single floating-point tensor: choose"):
        score(name, Language(), torch.zeros(2, 6, dtype=torch.int64))


class Failing(nn.Module):
    def forward(self, _images):
        raise RuntimeError("three")


@pytest.mark.parametrize(
    ("name", "network", "message"),
    [
        ("naswot", nn.Sequential(nn.Flatten(), nn.Linear(192, 3)), "runs no activation such as ReLU"),
        ("swap", nn.Sequential(nn.Flatten(), nn.Linear(192, 3)), "runs no activation such as ReLU"),
        ("az_trainability", nn.Sequential(nn.Flatten(), nn.Linear(192, 3)), "fewer than two"),
        ("grad_norm", nn.Sequential(nn.Flatten(), nn.ReLU()), "depends on none of its weights"),
        ("snip", Failing(), r"could not be run \(RuntimeError.*three"),
        ("snip", nn.Sequential(nn.Flatten(), nn.Linear(192, 1)), r"shape \(8, 1\), which holds a single class"),
        ("fisher", nn.Sequential(nn.Conv2d(3, 1, 1)), r"shape \(8, 1, 8, 8\), which holds a single class"),
        ("zico", nn.Sequential(nn.Flatten(), nn.Linear(192, 1), nn.Flatten(0)), r"shape \(4,\), which holds a single"),
        ("meco", nn.Sequential(nn.Flatten(0), nn.Threshold(0, 0)), ""),
        (
            "grad_norm",
            nn.Sequential(nn.Flatten(), nn.Linear(192, 2)),
            "classes from 0 to 2, and the network gives 8 rows",
        ),
    ],
)
def test_what_cannot_be_measured_is_told(name, network, message):
    if not message:
        assert score(name, network) == 0
        return
    with pytest.raises(EznasError, match=message):
        score(name, network)


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", sorted({*NAMES} - {"params"}))
def test_layers_that_nobody_can_see_are_not_measured(name):
    network = nn.Sequential(torch.jit.trace(convolutional().eval(), images()))
    with pytest.raises(EznasError, match="is or has a TorchScript module, whose layers nobody can see"):
        score(name, network)


@pytest.mark.parametrize("name", ["jacob_cov", "zico", "epe_nas"])
def test_one_image_is_too_few_to_compare(name):
    with pytest.raises(EznasError, match="two"):
        score(name, convolutional(), images(1), targets=TARGETS[:1])


def test_targets_that_are_not_given_are_drawn():
    torch.manual_seed(0)
    network = convolutional()
    drawn = [score("grad_norm", network, seed=seed, targets=None) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    with pytest.raises(EznasError, match="give the targets, or choose jacob_cov"):
        score("epe_nas", network, targets=None)


@pytest.mark.parametrize("name", ["grad_norm", "naswot", "zico", "fisher", "az_trainability"])
def test_layers_that_work_in_place_change_nothing(name):
    torch.manual_seed(0)
    in_place = convolutional(inplace=True)
    other = convolutional(inplace=False)
    other.load_state_dict(in_place.state_dict())
    assert score(name, in_place) == pytest.approx(score(name, other), rel=1e-6)


def test_a_network_with_dropout_follows_the_generator(network):
    dropping = nn.Sequential(nn.Dropout(0.3), copy.deepcopy(network))
    assert score("snip", dropping, seed=1) == score("snip", dropping, seed=1) != score("snip", dropping, seed=2)


@pytest.mark.parametrize("name", NAMES)
def test_precision_wrappers_and_modes_change_no_score(name, network):
    network.half()
    rounded = copy.deepcopy(network).float()
    before = state_of(network)
    expected = score(name, rounded)
    assert score(name, network) == score(name, copy.deepcopy(rounded).double(), images().double()) == expected
    assert score(name, nn.DataParallel(network)) == expected
    assert all(torch.equal(one, before["numbers"][at]) for at, one in network.state_dict().items())
    with torch.inference_mode():
        made, given, targets = copy.deepcopy(rounded), images(), TARGETS.clone()
    for mode in (torch.inference_mode(), torch.no_grad()):
        with mode:
            assert score(name, made, given, targets=targets) == expected
