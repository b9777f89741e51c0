"""Each proxy against its definition, computed in another way."""

import math

import numpy as np
import pytest
import torch
from proxies.hand_made.small_networks import Attention, convolutional, images, residual
from torch import nn
from torch.nn import functional

from eznas.proxies import hand_made
from eznas.proxies.hand_made.blocks import rows_of
from eznas.proxies.hand_made.probe import Probe
from eznas.spaces.complexity import flops, parameters

TARGETS = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])


def score(name, network, inputs=None, targets=TARGETS, seed=0):
    inputs = images() if inputs is None else inputs
    return hand_made.load(name).score(network, inputs, np.random.default_rng(seed), targets)


@pytest.fixture
def network():
    torch.manual_seed(1)
    return convolutional().double()


@pytest.fixture
def given():
    return images().double()


def weights(network):
    return [parameter for parameter in network.parameters() if parameter.dim() > 1]


def gradients(network, given, **options):
    loss = functional.cross_entropy(network.train()(given), TARGETS)
    return torch.autograd.grad(loss, weights(network), **options)


def test_sizes(network, given):
    assert score("params", network, given) == parameters(network)
    assert score("flops", network, given) == flops(network, (1, 3, 8, 8))
    macs = 8 * (64 * 4 * 27 + 64 * 5 * 36 + 15)
    assert score("torch_flops", network, given) == 2 * macs
    assert score("l2_norm", network, given) == pytest.approx(sum(one.norm().item() for one in weights(network)))


def test_torch_flops_count_attention_which_flops_do_not_see():
    torch.manual_seed(0)
    width, tokens, hidden = 8, 4, 16
    layer = tokens * (3 * width * width + 2 * tokens * width + width * width + 2 * width * hidden)
    macs = tokens * 48 * width + 2 * layer + 3 * width
    assert score("torch_flops", Attention(), images(1), targets=None) == 2 * macs
    assert score("flops", Attention(), images(1), targets=None) < macs


def test_gradients_of_the_loss(network, given):
    pairs = list(zip(weights(network), gradients(network, given), strict=True))
    assert score("grad_norm", network, given) == pytest.approx(sum(g.norm().item() for _, g in pairs))
    assert score("snip", network, given) == pytest.approx(sum((w * g).abs().sum().item() for w, g in pairs))
    assert score("plain", network, given) == pytest.approx(sum((w * g).sum().item() for w, g in pairs))


def test_grasp_is_a_difference_of_gradients_along_the_gradient(network, given):
    base = gradients(network, given)
    step = 1e-5
    before = [weight.detach().clone() for weight in weights(network)]
    with torch.no_grad():
        torch._foreach_add_(weights(network), base, alpha=step)
    moved = gradients(network, given)
    with torch.no_grad():
        torch._foreach_copy_(weights(network), before)
    expected = -sum((w * (m - b) / step).sum().item() for w, m, b in zip(weights(network), moved, base, strict=True))
    assert score("grasp", network, given) == pytest.approx(expected, rel=1e-3)


def test_fisher_is_of_the_channels(given):
    torch.manual_seed(2)
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)).double()
    channels = network[0](given)
    logits = network[1:](channels)
    loss = functional.cross_entropy(logits, TARGETS)
    by_channel, by_logit = torch.autograd.grad(loss, [channels, logits])
    expected = ((channels * by_channel).sum((2, 3)) ** 2).mean(0).sum() / 2
    expected += ((logits * by_logit) ** 2).mean(0).sum() / 2
    assert score("fisher", network, given) == pytest.approx(expected.item())


def test_synflow_of_a_chain_is_its_flow_once_for_each_layer():
    network = nn.Sequential(
        nn.Conv2d(3, 1, 8, bias=False), nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(1, 2, bias=False)
    )
    with torch.no_grad():
        network[0].weight.fill_(-0.5)
        network[1].weight.fill_(7.0)
        network[3].weight.copy_(torch.tensor([[3.0], [-4.0]]))
    flow = 192 * 0.5 * 7
    assert score("synflow", network) == pytest.approx(math.log(2 * flow))


class Blur(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("kernel", torch.full((4, 1, 2, 2), 0.25))

    def forward(self, x):
        return functional.conv2d(x, self.kernel, stride=2, groups=4)


def test_synflow_flows_through_convolutions_whose_kernels_are_buffers():
    torch.manual_seed(0)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    stem = nn.Conv2d(3, 4, 1)
    assert score("synflow", nn.Sequential(stem, Blur(), head)) == pytest.approx(
        score("synflow", nn.Sequential(stem, head))
    )


def test_synflow_of_nothing_has_no_score():
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    nn.init.zeros_(network[1].weight)
    nn.init.zeros_(network[1].bias)
    assert score("synflow", network) == -math.inf


def linear(rows):
    """A network whose Jacobian is the sum of the rows of its weight, for every image."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(rows.shape[1], rows.shape[0], bias=False)).double()
    with torch.no_grad():
        network[1].weight.copy_(rows)
    return network


def test_jacobians_that_are_all_alike_are_worst():
    network = linear(torch.randn(3, 192, generator=torch.Generator().manual_seed(0)).double())
    count, small = 8, 1e-5
    alike = -(math.log(count + small) + 1 / (count + small) + (count - 1) * (math.log(small) + 1 / small))
    assert score("jacob_cov", network, images().double()) == pytest.approx(alike, rel=1e-6)
    # log(1 + k) for each pair of one class: 3, 3 and 2 images.
    assert score("epe_nas", network, images().double()) == pytest.approx(22 * math.log(1 + small), rel=1e-5)


def test_jacob_cov_and_naswot_prefer_images_that_are_told_apart(network, given):
    for name in ("jacob_cov", "naswot"):
        assert score(name, network, given) > score(name, network, given[:1] + 1e-3 * given)


def test_naswot_counts_agreements(network, given):
    codes = []
    network.train()
    hidden = network[1](network[0](given))
    codes.append((hidden > 0).flatten(1))
    codes.append((network[4](network[3](hidden.relu())) > 0).flatten(1))
    code = torch.cat(codes, 1)
    agreements = (code[:, None] == code).sum(-1).double()
    assert score("naswot", network, given) == pytest.approx(torch.linalg.slogdet(agreements)[1].item())
    assert score("swap", network, given) == len(np.unique(code.T.numpy(), axis=0))


@pytest.mark.parametrize("count", [3, 64, 70])
def test_swap_counts_patterns_of_any_number_of_images(network, count):
    many = images(count).double()
    hidden = network.train()[1](network[0](many))
    code = torch.cat([(hidden > 0).flatten(1), (network[4](network[3](hidden.relu())) > 0).flatten(1)], 1)
    assert score("swap", network, many, targets=None) == len(np.unique(code.T.numpy(), axis=0))


def test_zen_of_a_linear_network_is_the_size_of_its_answer_to_noise():
    network = nn.Sequential(nn.Conv2d(3, 50, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(50, 2))
    # Each of 50 * 64 numbers is 0.01 times a sum of three products of standard normals.
    expected = math.log(0.01 * math.sqrt(50 * 64 * 3))
    assert score("zen", network, images(16)) == pytest.approx(expected, abs=0.2)


def test_zen_undoes_normalisation():
    def with_norm(scale):
        first = nn.Conv2d(3, 20, 1, bias=False)
        return nn.Sequential(first, *scale, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(20, 2))

    plain = score("zen", with_norm([]), images(16))
    assert score("zen", with_norm([nn.BatchNorm2d(20)]), images(16)) == pytest.approx(plain, abs=0.3)


def test_zico_takes_gradients_of_two_halves(network, given):
    halves = []
    for part in (slice(0, 4), slice(4, 8)):
        loss = functional.cross_entropy(network.train()(given[part]), TARGETS[part])
        halves.append(torch.autograd.grad(loss, weights(network)))
    expected = 0.0
    for pair in zip(*halves, strict=True):
        values = torch.stack(pair)
        deviation = values.std(0, correction=0)
        varying = deviation > 0
        expected += math.log((values.abs().mean(0)[varying] / deviation[varying]).sum().item())
    assert score("zico", network, given) == pytest.approx(expected)


def test_zico_of_gradients_that_are_not_finite_is_no_number(network):
    assert math.isnan(score("zico", network, torch.full((8, 3, 8, 8), math.nan)))


def test_meco_of_channels_that_are_copies_is_zero():
    copies = nn.Conv2d(3, 2, 3, bias=False)
    with torch.no_grad():
        copies.weight[1] = copies.weight[0]
    assert score("meco", nn.Sequential(copies)) == pytest.approx(0, abs=1e-6)
    wide = nn.Sequential(nn.Conv2d(3, 2, 3, bias=False))
    with torch.no_grad():
        wide[0].weight.zero_()
        wide[0].weight[0, 0, 1, 1] = wide[0].weight[1, 1, 1, 1] = 1.0
    assert score("meco", wide, images(1, size=64)) > 0.9  # two channels of independent noise


def test_blocks_that_pass_on_what_they_get_are_not_trainable():
    class Nothing(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Identity()

        def forward(self, x):
            return self.inner(x)

    stem, head = nn.Conv2d(3, 6, 3, padding=1), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 2))
    assert score("az_trainability", nn.Sequential(stem, Nothing(), Nothing(), head)) == -math.inf


def test_trainability_is_best_for_blocks_of_norm_one():
    def chain(scale):
        network = nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.Conv2d(4, 4, 1, bias=False))
        with torch.no_grad():
            network[1].weight.copy_(scale * torch.eye(4)[:, [1, 0, 3, 2], None, None])
        return network

    values = [score("az_trainability", chain(scale), images(64)) for scale in (0.2, 1.0, 5.0)]
    assert values[1] == pytest.approx(0, abs=0.01)
    assert values[0] == pytest.approx(2 - 0.2 - 5, rel=0.1)
    assert values[2] == pytest.approx(2 - 5 - 0.2, rel=0.1)


@pytest.mark.parametrize(
    "following",
    [
        [nn.Flatten(), nn.Linear(4 * 64, 10)],  # more classes than pixels in a row
        [nn.Flatten(), nn.Linear(4 * 64, 2)],
        [nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 1)],
        [nn.Conv2d(4, 4, 3)],  # from 8 pixels in a row to 6
        [nn.Conv2d(4, 4, (2, 1), (2, 1))],
    ],
)
def test_trainability_passes_over_blocks_of_which_no_place_becomes_channels(following):
    torch.manual_seed(0)
    chain = [nn.Conv2d(3, 4, 1, bias=False), nn.Conv2d(4, 4, 1, bias=False)]
    alone = score("az_trainability", nn.Sequential(*chain), targets=None)
    assert np.isfinite(score("az_trainability", nn.Sequential(*chain, *following), targets=None))
    assert np.isfinite(alone)


def test_entropies_are_of_principal_components():
    torch.manual_seed(0)
    network = residual(strides=(1, 2, 1))
    features = []
    for block in network[3]:
        block.register_forward_hook(lambda _module, _inputs, output: features.append(output.detach()))
    with Probe.of(network, images(), np.random.default_rng(0), None) as probe:
        noise = probe.normal(probe.images())
    network.train()(noise)
    entropies = []
    for one in features:
        shares = np.linalg.eigvalsh(np.cov(rows_of(one).double().T.numpy()))
        shares = np.clip(shares, 0, None) / shares.sum()
        entropies.append(-(shares * np.log(shares + 1e-8)).sum())
    torch.manual_seed(0)  # the same network, without the hooks
    network = residual(strides=(1, 2, 1))
    assert score("az_expressivity", network) == pytest.approx(sum(entropies), rel=1e-4)
    assert score("az_progressivity", network) == pytest.approx(min(np.diff(entropies)), rel=1e-3)
