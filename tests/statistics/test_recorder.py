"""Values and gradients of units against explicit computations on small networks."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from eznas.spaces.nasbench201 import NASBench201
from eznas.statistics.collect import CollectionSettings, collect
from eznas.statistics.inputs import Inputs, make_inputs
from eznas.statistics.isolation import reproducible_kernels
from eznas.statistics.weights import initialise
from eznas.terminals import BY_NAME, TERMINALS

SEED = 11
C_B_R = CollectionSettings(unit="C-B-R")


@pytest.fixture
def inputs():
    images = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    return make_inputs(images, SEED)


def fresh(network):
    """The network as `collect` has it in its passes."""
    initialise(network, SEED)
    return network.train()


def unit_of(statistics, unit):
    return {t.name: torch.from_numpy(statistics.tensor(unit, t.address).copy()) for t in TERMINALS}


def assert_pass_equal(tensors, pass_name, expected):
    for group, tensor in expected.items():
        torch.testing.assert_close(tensors[f"{group}.{pass_name}"], tensor.detach(), rtol=1e-4, atol=1e-6, msg=group)


def for_each_pass(inputs):
    return zip(("data", "noise", "perturbed"), inputs, strict=True)


class Branching(nn.Module):
    """One ReLU feeds two convolutions, and its input goes around both: a total gradient is not a unit's gradient."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.one, self.norm = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.two = nn.Conv2d(4, 4, 1)
        self.head = nn.Linear(4, 5)

    def forward(self, images):
        x = self.stem(images)
        r = F.relu(x)
        y = self.norm(self.one(r))
        return self.head((y * y + self.two(r) + x).mean((2, 3)))


def test_relu_conv_bn_gradients_are_those_through_the_module(inputs):
    network = Branching()
    statistics = collect(network, inputs, seed=SEED)
    fresh(network)
    assert statistics.units == 1
    tensors = unit_of(statistics, 0)
    assert torch.equal(tensors["wt"], network.one.weight)
    for name, images in for_each_pass(inputs):
        x = network.stem(images).detach().requires_grad_()
        r = F.relu(x.detach()).requires_grad_()
        r_one, r_two = r.clone(), r.clone()
        y = network.norm(network.one(r_one))
        logits = network.head((y * y + network.two(r_two) + x).mean((2, 3)))
        of_x, of_r, of_r_one, of_y, of_weight = torch.autograd.grad(
            logits.sum(), [x, r, r_one, y, network.one.weight], retain_graph=True
        )
        expected = {"inp": x, "pre": r, "act": y, "wt_grad": of_weight, "pre_grad": of_r_one, "act_grad": of_y}
        assert_pass_equal(tensors, name, expected | {"inp_grad": of_r * (x > 0)})
        assert not torch.allclose(tensors[f"inp_grad.{name}"], of_r_one * (x > 0))
        assert not torch.allclose(tensors[f"inp_grad.{name}"], of_x + of_r * (x > 0))


def test_conv_bn_relu_gradients(inputs):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm, self.head = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 5)

        def forward(self, images):
            self.images = images
            pre = self.conv(images)
            act = self.norm(pre).relu()
            return self.head((act * act + pre + images[:, :1, 2:, 2:]).mean((2, 3)))

    network = Network()
    statistics = collect(network, inputs, C_B_R, SEED)
    fresh(network)
    assert statistics.units == 1
    tensors = unit_of(statistics, 0)
    for name, images in for_each_pass(inputs):
        images = images.clone().requires_grad_()  # noqa: PLW2901
        pre = network.conv(images)
        act = network.norm(pre).relu()
        logits = network.head((act * act + pre + images.detach()[:, :1, 2:, 2:]).mean((2, 3)))
        of_images, of_pre, of_act, of_weight = torch.autograd.grad(
            logits.sum(), [images, pre, act, network.conv.weight]
        )
        expected = {"inp": images, "inp_grad": of_images, "pre": pre, "pre_grad": of_pre, "act": act}
        assert_pass_equal(tensors, name, expected | {"act_grad": of_act, "wt_grad": of_weight})
    assert torch.equal(tensors["wt"], network.conv.weight)


class BasicBlocks(nn.Module):
    """Residual blocks as torchvision writes them: one ReLU module used twice, in place, and a sum in place."""

    def __init__(self, *, in_place):
        super().__init__()
        self.in_place = in_place
        self.relu = nn.ReLU(inplace=in_place)
        self.convolutions = nn.ModuleList(nn.Conv2d(n, 4, 3, padding=1, bias=False) for n in (3, 4, 4, 4, 4))
        self.norms = nn.ModuleList(nn.BatchNorm2d(4) for _ in range(5))
        self.head = nn.Linear(4, 5)

    def forward(self, images):
        x = self.relu(self.norms[0](self.convolutions[0](images)))
        for first, second in ((1, 2), (3, 4)):
            identity = x
            out = self.relu(self.norms[first](self.convolutions[first](x)))
            out = self.norms[second](self.convolutions[second](out))
            if self.in_place:
                out += identity
            else:
                out = out + identity
            x = self.relu(out)
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize(("settings", "units"), [(CollectionSettings(), 4), (C_B_R, 5)])
def test_changes_in_place_corrupt_neither_values_nor_gradients(inputs, settings, units):
    in_place = collect(BasicBlocks(in_place=True), inputs, settings, SEED)
    plain = collect(BasicBlocks(in_place=False), inputs, settings, SEED)
    assert in_place.units == units
    assert np.array_equal(in_place.values, plain.values)


def test_residual_blocks_against_explicit_gradients(inputs):
    network = BasicBlocks(in_place=True)
    tensors = unit_of(collect(network, inputs, seed=SEED), 1)  # the second half of the first block
    fresh(network)
    c, b = network.convolutions, network.norms
    x = F.relu(b[0](c[0](inputs.data)))
    inp = b[1](c[1](x))
    relu_output = F.relu(inp)
    pre = relu_output.clone()
    act = b[2](c[2](pre))
    x = F.relu(act + x)
    x = F.relu(b[4](c[4](F.relu(b[3](c[3](x))))) + x)
    logits = network.head(x.mean((2, 3)))
    of_relu, of_pre, of_act, of_weight = torch.autograd.grad(logits.sum(), [relu_output, pre, act, c[2].weight])
    expected = {"inp": inp, "inp_grad": of_relu * (inp > 0), "pre": pre, "pre_grad": of_pre, "act": act}
    assert_pass_equal(tensors, "data", expected | {"act_grad": of_act, "wt_grad": of_weight})


def test_the_last_convolution_before_the_batch_norm_gives_the_unit(inputs):
    class Separable(nn.Module):
        def __init__(self):
            super().__init__()
            self.depthwise = nn.Conv2d(3, 3, 3, padding=1, groups=3, bias=False)
            self.pointwise, self.norm = nn.Conv2d(3, 6, 1, bias=False), nn.BatchNorm2d(6)

        def forward(self, images):
            return self.norm(self.pointwise(self.depthwise(F.relu(images)))).square().mean((2, 3))

    network = Separable()
    statistics = collect(network, inputs, seed=SEED)
    fresh(network)
    assert statistics.units == 1
    tensors = unit_of(statistics, 0)
    images = inputs.noise.clone().requires_grad_()
    pre = network.depthwise(F.relu(images))
    act = network.norm(network.pointwise(pre))
    of_images, of_pre, of_act, of_weight = torch.autograd.grad(
        act.square().mean((2, 3)).sum(), [images, pre, act, network.pointwise.weight]
    )
    expected = {"inp": images, "inp_grad": of_images, "pre": pre, "pre_grad": of_pre, "act": act}
    assert_pass_equal(tensors, "noise", expected | {"act_grad": of_act, "wt_grad": of_weight})
    assert torch.equal(tensors["wt"], network.pointwise.weight)


def test_factorised_reduction(inputs):
    class FactorizedReduce(nn.Module):
        """As DARTS has it: two convolutions of one ReLU's output, the second shifted by a pixel."""

        def __init__(self):
            super().__init__()
            self.one, self.two = (nn.Conv2d(3, 4, 1, stride=2, bias=False) for _ in range(2))
            self.norm = nn.BatchNorm2d(8)

        def forward(self, images):
            x = F.relu(images)
            return self.norm(torch.cat([self.one(x), self.two(x[:, :, 1:, 1:])], 1)).square().mean((2, 3))

    network = FactorizedReduce()
    statistics = collect(network, inputs, seed=SEED)
    fresh(network)
    assert statistics.units == 1
    tensors = unit_of(statistics, 0)
    images = inputs.data.clone().requires_grad_()
    x = F.relu(images)
    pre = x[:, :, 1:, 1:].clone()
    act = network.norm(torch.cat([network.one(x), network.two(pre)], 1))
    of_images, of_pre, of_act, of_weight = torch.autograd.grad(
        act.square().mean((2, 3)).sum(), [images, pre, act, network.two.weight]
    )
    expected = {"inp": images, "inp_grad": of_images, "pre": pre, "pre_grad": of_pre, "act": act}
    assert_pass_equal(tensors, "data", expected | {"act_grad": of_act, "wt_grad": of_weight})


def test_a_weight_that_two_units_share_has_a_gradient_in_each(inputs):
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)

        def forward(self, x):
            for _ in range(2):
                x = self.norm(self.conv(F.relu(x)))
            return x.square().mean((2, 3))

    network = Shared()
    statistics = collect(network, inputs, seed=SEED)
    fresh(network)
    assert statistics.units == 2
    x, weights = inputs.data, [network.conv.weight.detach().clone().requires_grad_() for _ in range(2)]
    for weight in weights:
        x = network.norm(F.conv2d(F.relu(x), weight, network.conv.bias, padding=1))
    gradients = torch.autograd.grad(x.square().mean((2, 3)).sum(), weights)
    for unit in range(2):
        assert_pass_equal(unit_of(statistics, unit), "data", {"wt_grad": gradients[unit]})
    assert not torch.allclose(*gradients)


def test_a_weight_that_is_computed_from_another_units_output_lets_its_gradient_through(inputs):
    class Dynamic(nn.Module):
        """The second unit's kernel is the first one's output, averaged; its gradient reaches the first through it."""

        def __init__(self):
            super().__init__()
            self.conv, self.norms = nn.Conv2d(3, 3, 1), nn.ModuleList(nn.BatchNorm2d(3) for _ in range(2))

        def forward(self, images):
            kernel = self.norms[0](self.conv(F.relu(images))).square().mean((0, 2, 3))
            return self.norms[1](F.conv2d(F.relu(images), kernel.reshape(3, 1, 1, 1), groups=3)).square().mean((2, 3))

    network = Dynamic()
    statistics = collect(network, inputs, seed=SEED)
    fresh(network)
    assert statistics.units == 2
    act = network.norms[0](network.conv(F.relu(inputs.data)))
    kernel = act.square().mean((0, 2, 3)).reshape(3, 1, 1, 1)
    logits = network.norms[1](F.conv2d(F.relu(inputs.data), kernel, groups=3)).square().mean((2, 3))
    of_act, of_weight, of_kernel = torch.autograd.grad(logits.sum(), [act, network.conv.weight, kernel])
    assert_pass_equal(unit_of(statistics, 0), "data", {"act_grad": of_act, "wt_grad": of_weight})
    assert_pass_equal(unit_of(statistics, 1), "data", {"wt_grad": of_kernel})
    assert of_act.any()


def test_a_unit_of_which_the_output_is_independent_has_zero_gradients(inputs):
    class Unused(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
            self.used = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))

        def forward(self, images):
            self.unused(images)
            return self.used(images).square().mean((2, 3))

    statistics = collect(Unused(), inputs, seed=SEED)
    assert statistics.units == 2
    for terminal in TERMINALS:
        assert statistics.tensor(0, terminal.address).any() == (not terminal.is_gradient)
        assert statistics.tensor(1, terminal.address).any()


class EmptyEdge(nn.Module):
    """A stem, then a unit on zeros that are made as NAS-Bench-201's code does (times zero) or as a constant."""

    def __init__(self, zeros):
        super().__init__()
        self.zeros = zeros
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
        self.edge = nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.head = nn.Linear(4, 2)

    def forward(self, images):
        x = self.stem(images)
        return self.head((x.square() + self.edge(self.zeros(x))).mean(2)[:, :, 0])


@pytest.mark.parametrize(
    "zeros",
    [
        torch.zeros_like,
        lambda x: torch.zeros_like(x).add_(1).sub_(1),
        lambda x: torch.zeros(x.shape),
        lambda x: x.new_zeros(x.shape),
    ],
)
@pytest.mark.parametrize("settings", [CollectionSettings(), C_B_R], ids=["R-C-B", "C-B-R"])
def test_a_constant_input_has_the_same_gradients_as_a_computed_one(inputs, zeros, settings):
    constant = collect(EmptyEdge(zeros), inputs, settings, SEED)
    computed = collect(EmptyEdge(lambda x: x * 0.0), inputs, settings, SEED)
    assert np.array_equal(np.abs(constant.values), np.abs(computed.values))  # x * 0 may be -0
    assert constant.tensor(0, BY_NAME["pre_grad.data"].address).any()


@pytest.mark.parametrize("settings", [CollectionSettings(), C_B_R], ids=["R-C-B", "C-B-R"])
@pytest.mark.parametrize("in_place", [False, True])
def test_a_positive_constant_has_a_gradient_through_the_relu(inputs, settings, in_place):
    def network(zeros):
        made = EmptyEdge(zeros)
        made.edge[0] = nn.ReLU(inplace=in_place)
        return made

    constant = collect(network(lambda x: torch.full(x.shape, 2.0)), inputs, settings, SEED)
    computed = collect(network(lambda x: x * 0.0 + 2.0), inputs, settings, SEED)
    assert np.array_equal(constant.values, computed.values)
    group = "inp_grad" if settings.unit == "R-C-B" else "act_grad"
    assert constant.tensor(0, BY_NAME[f"{group}.data"].address).any()


def test_the_images_themselves_may_be_a_units_input_and_may_be_changed_in_place(inputs):
    class Start(nn.Module):
        def __init__(self, *, in_place):
            super().__init__()
            self.relu, self.conv, self.norm = nn.ReLU(inplace=in_place), nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)

        def forward(self, images):
            return self.norm(self.conv(self.relu(images))).square().mean((2, 3))

    before = Inputs(*(tensor.clone() for tensor in inputs))
    one, two = (collect(Start(in_place=in_place), inputs, seed=SEED) for in_place in (True, False))
    assert np.array_equal(one.values, two.values)
    assert np.array_equal(one.tensor(0, 5), inputs.noise)
    assert one.tensor(0, 8).any()
    assert all(torch.equal(*pair) for pair in zip(before, inputs, strict=True))


@pytest.mark.parametrize(
    "architecture",
    [
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|",
        "|nor_conv_1x1~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|none~1|none~2|",
        "|avg_pool_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_3x3~0|skip_connect~1|nor_conv_1x1~2|",
    ],
)
def test_nasbench201_has_the_bits_of_full_backward_hooks(inputs, architecture):
    network = NASBench201(channels=4, cells=1).build(architecture, 10, 8)
    statistics = collect(network, inputs, seed=SEED)
    fresh(network)
    order, forward, backward = [], {}, {}

    def on_forward(module, args, output):
        order.append(module)
        forward[module] = (args[0].detach().clone(), output.detach().clone())

    for module in network.modules():
        if isinstance(module, (nn.ReLU, nn.Conv2d, nn.BatchNorm2d)):
            module.register_forward_hook(on_forward)
            module.register_full_backward_hook(lambda module, *gradients: backward.update({module: gradients}))
    with reproducible_kernels():
        logits = network(inputs.data.clone().requires_grad_())
        logits.backward(torch.ones_like(logits))

    kinds = (nn.ReLU, nn.Conv2d, nn.BatchNorm2d)
    triples = [
        triple for triple in zip(order, order[1:], order[2:], strict=False) if all(map(isinstance, triple, kinds))
    ]
    assert statistics.units == len(triples) >= 4
    for unit, (relu, convolution, norm) in enumerate(triples):
        expected = {
            "inp": forward[relu][0],
            "pre": forward[convolution][0],
            "act": forward[norm][1],
        }
        reached = norm in backward
        expected["wt_grad"] = convolution.weight.grad if reached else torch.zeros_like(convolution.weight)
        expected["inp_grad"] = backward[relu][0][0] if reached else torch.zeros_like(expected["inp"])
        expected["pre_grad"] = backward[convolution][0][0] if reached else torch.zeros_like(expected["pre"])
        expected["act_grad"] = backward[norm][1][0] if reached else torch.zeros_like(expected["act"])
        for group, tensor in expected.items():
            collected = statistics.tensor(unit, BY_NAME[f"{group}.data"].address)
            assert np.array_equal(collected, tensor.detach().numpy()), (unit, group)
