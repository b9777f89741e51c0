import copy
import gc
import threading
import weakref
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn

from eznas.errors import EznasError
from eznas.statistics.collect import CollectionSettings, collect
from eznas.statistics.inputs import make_inputs
from eznas.terminals import BY_NAME, TERMINALS

R_C_B, C_B_R = CollectionSettings(), CollectionSettings(unit="C-B-R")


@pytest.fixture(scope="module")
def inputs():
    return make_inputs(torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)), 0)


def small(channels=4, units=2):
    layers = [nn.Conv2d(3, channels, 3, padding=1), nn.BatchNorm2d(channels)]
    for _ in range(units):
        layers += [nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 5))


class Wrapped(nn.Module):
    """The small network with something done to what it returns, or between its first and its last layers."""

    def __init__(self, after=lambda logits: logits, between=lambda x: x, network=None):
        super().__init__()
        self.network = network or small()
        self.after, self.between = after, between

    def forward(self, images):
        x = self.network[:5](images)
        return self.after(self.network[5:](self.between(x)))


def equal(one, two):
    return one.offsets.tolist() == two.offsets.tolist() and np.array_equal(one.values, two.values)


def run_in_threads(functions):
    results = [None] * len(functions)

    def run(number):
        results[number] = functions[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class TestWhatIsCollected:
    @pytest.mark.parametrize("settings", [R_C_B, C_B_R])
    @pytest.mark.parametrize("third_pass", ["perturbed", "difference"])
    def test_any_terminal_alone_has_the_same_bits(self, inputs, settings, third_pass):
        full = collect(small(), inputs, CollectionSettings(settings.unit, third_pass), 1)
        for terminal in TERMINALS:
            alone = CollectionSettings(settings.unit, third_pass, terminals=frozenset({terminal.address}))
            one = collect(small(), inputs, alone, 1)
            assert one.units == full.units
            for unit in range(full.units):
                assert np.array_equal(one.tensor(unit, terminal.address), full.tensor(unit, terminal.address))

    def test_one_terminal_takes_its_own_room_only(self, inputs):
        one = collect(small(), inputs, CollectionSettings(terminals=frozenset({7})))
        assert one.terminals == {7}
        assert len(one.values) == 2 * 2 * 4 * 8 * 8

    def test_the_difference_is_the_third_pass_minus_the_data_pass(self, inputs):
        plain = collect(small(), inputs, seed=1)
        difference = collect(small(), inputs, CollectionSettings(third_pass="difference"), 1)
        for terminal in TERMINALS:
            address = terminal.address
            expected = plain.tensor(1, address)
            if terminal.input == "perturbed":
                expected = expected - plain.tensor(1, address - 2)
            assert np.array_equal(difference.tensor(1, address), expected)
        assert difference.tensor(1, BY_NAME["wt_grad.perturbed"].address).any()

    def test_batch_statistics_are_used(self, inputs):
        act = collect(small().eval(), inputs).tensor(0, BY_NAME["act.noise"].address)
        assert np.abs(act.mean((0, 2, 3))).max() < 1e-5
        assert act.std((0, 2, 3)) == pytest.approx(np.ones(4), abs=1e-2)

    def test_a_convolution_without_a_batch_norm_belongs_to_no_unit(self, inputs):
        network = small()
        network[4] = nn.Identity()
        assert collect(network, inputs).units == 1

    def test_all_numbers_are_finite_and_no_activation_is_zero(self, inputs):
        statistics = collect(small(), inputs)
        assert np.isfinite(statistics.values).all()
        assert all(statistics.tensor(u, a).any() for u in range(2) for a in range(22))


class TestDeterminism:
    def test_the_network_and_the_seed_alone_decide(self, inputs):
        torch_state = torch.get_rng_state()
        first, second = small(), small()  # with other weights
        assert not torch.equal(first[0].weight, second[0].weight)
        one = collect(first, inputs, seed=4)
        torch.rand(3)
        assert equal(one, collect(second, inputs, seed=4))
        assert not equal(one, collect(first, inputs, seed=5))
        torch.set_rng_state(torch_state)

    def test_running_statistics_do_not_matter(self, inputs):
        network = small()
        for _ in range(3):
            network(inputs.noise)
        assert equal(collect(network, inputs), collect(small(), inputs))

    def test_many_threads_at_once_give_the_same_bits(self, inputs):
        alone = [collect(small(4 + n), inputs, seed=n) for n in range(4)]
        together = run_in_threads([lambda n=n: collect(small(4 + n), inputs, seed=n) for n in [0, 1, 2, 3] * 3])
        assert all(equal(together[n], alone[n % 4]) for n in range(12))

    def test_the_same_network_may_be_collected_in_many_threads(self, inputs):
        network = small()
        alone = collect(network, inputs)
        assert all(equal(alone, one) for one in run_in_threads([lambda: collect(network, inputs)] * 4))

    def test_the_callers_number_of_threads_neither_matters_nor_changes(self, inputs):
        before = torch.get_num_threads()
        try:
            results = []
            for threads in (1, 3):
                torch.set_num_threads(threads)
                results.append(collect(small(32), inputs))
                assert torch.get_num_threads() == threads
        finally:
            torch.set_num_threads(before)
        assert equal(*results)

    @pytest.mark.parametrize(
        "noisy",
        [
            lambda x: F.dropout(x, 0.5),
            lambda x: F.dropout2d(x, 0.3),
            lambda x: x * torch.bernoulli(torch.full((len(x), 4, 8, 1), 0.5)),
            lambda x: x * torch.empty(len(x), 4, 8, 1).bernoulli_(0.5),
            lambda x: x + torch.rand(x.shape) + torch.randn_like(x),
        ],
    )
    def test_random_layers_are_seeded_and_leave_the_global_state_alone(self, inputs, noisy):
        network = Wrapped(between=noisy)
        state = torch.get_rng_state()
        one = collect(network, inputs, seed=1)
        assert torch.equal(torch.get_rng_state(), state)
        together = run_in_threads([lambda: collect(network, inputs, seed=1)] * 4)
        assert torch.equal(torch.get_rng_state(), state)
        assert all(equal(one, other) for other in together)
        assert not equal(one, collect(Wrapped(), inputs, seed=1))

    def test_the_callers_modes_do_not_reach_in(self, inputs):
        expected = collect(small(), inputs)
        with torch.no_grad():
            assert equal(expected, collect(small(), inputs))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert equal(expected, collect(small(), inputs))
        with torch.inference_mode():
            assert equal(expected, collect(small(), inputs))
            made = small()
        assert equal(expected, collect(made, inputs))

    def test_a_wrapper_for_several_devices_does_not_matter(self, inputs):
        assert equal(collect(small(), inputs), collect(nn.DataParallel(small()), inputs))

    def test_type_and_memory_format_of_the_weights_do_not_matter(self, inputs):
        expected = collect(small(), inputs)
        assert equal(expected, collect(small().double(), inputs))
        assert equal(expected, collect(small().half(), inputs))


class TestTheCallersNetwork:
    def prepared(self):
        network = small().train()
        network[1].eval()
        network(torch.ones(2, 3, 8, 8)).sum().backward()
        return network, [parameter.grad.clone() for parameter in network.parameters()]

    def test_is_left_alone(self, inputs):
        network, gradients = self.prepared()
        before = copy.deepcopy(network)
        collect(network, inputs)
        for (name, one), (_, two) in zip(network.state_dict().items(), before.state_dict().items(), strict=True):
            assert torch.equal(one, two), name
        for parameter, gradient in zip(network.parameters(), gradients, strict=True):
            assert torch.equal(parameter.grad, gradient)
            assert parameter.requires_grad
        for one, two in zip(network.modules(), before.modules(), strict=True):
            assert one.training == two.training
            assert not one._forward_hooks
            assert not one._backward_hooks

    def test_without_a_copy_gets_the_fresh_weights_but_keeps_mode_and_gradients(self, inputs):
        network, gradients = self.prepared()
        before = copy.deepcopy(network)
        one = collect(network, inputs, seed=2, copy=False)
        assert equal(one, collect(before, inputs, seed=2))
        assert np.array_equal(one.tensor(0, 0), network[3].weight.detach().numpy())
        for parameter, gradient in zip(network.parameters(), gradients, strict=True):
            assert torch.equal(parameter.grad, gradient)
        assert [m.training for m in network.modules()] == [m.training for m in before.modules()]

    def test_a_network_that_has_a_train_of_its_own_is_set_to_training_by_it(self, inputs):
        class Frozen(nn.Sequential):
            def train(self, mode=True):
                super().train(mode)
                self[1].eval()
                return self

        by_hand, by_itself = small().train(), Frozen(*small()).train()
        for network in (by_hand, by_itself):
            for module in network.modules():
                module.training = True
        expected = collect(by_hand, inputs, copy=False)
        assert not equal(expected, collect(by_itself, inputs, copy=False))
        assert all(module.training for module in by_itself.modules())

    def test_mode_is_put_back_after_an_error(self, inputs):
        network = Wrapped(after=lambda logits: 1 / 0).eval()
        with pytest.raises(EznasError):
            collect(network, inputs, copy=False)
        assert not any(module.training for module in network.modules())


@dataclass
class Answer:
    hidden: torch.Tensor
    logits: torch.Tensor


Pair = namedtuple("Pair", ["aux", "logits"])


class WithAuxiliaryHead(nn.Module):
    """A unit in the trunk, one in an auxiliary head, one more in the trunk, and one that nothing depends on."""

    def __init__(self, arrange):
        super().__init__()
        self.arrange = arrange
        self.stem = nn.Conv2d(3, 4, 1)
        names = ("one", "auxiliary", "two", "unused")
        self.units = nn.ModuleDict({n: nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)) for n in names})

    def forward(self, images):
        x = self.units["one"](self.stem(images))
        auxiliary = self.units["auxiliary"](x).square().mean((2, 3))
        y = self.units["two"](x)
        self.units["unused"](y)
        return self.arrange(y.square().mean((2, 3)), auxiliary)


class TestOutputs:
    @pytest.mark.parametrize(
        "arrange",
        [
            lambda logits, aux: (logits, aux),
            lambda logits, aux: [logits, [None, aux]],
            lambda logits, aux: {"out": logits, "aux": aux},
            lambda logits, aux: {"aux": aux, "logits": logits},
            lambda logits, aux: Answer(aux, logits),
            lambda logits, aux: Pair(aux, logits),
        ],
    )
    @pytest.mark.parametrize("terminals", [None, frozenset({4})])
    def test_an_auxiliary_head_belongs_to_no_unit(self, inputs, arrange, terminals):
        settings = CollectionSettings(terminals=terminals)
        with_head = collect(WithAuxiliaryHead(arrange), inputs, settings)
        without = collect(WithAuxiliaryHead(lambda logits, aux: logits), inputs, settings)
        assert (with_head.units, without.units) == (3, 4)
        for unit, other in enumerate((0, 2, 3)):
            for address in with_head.terminals:
                assert np.array_equal(with_head.tensor(unit, address), without.tensor(other, address))

    def test_hidden_tensors_that_the_output_depends_on_change_nothing(self, inputs):
        plain = collect(WithAuxiliaryHead(lambda logits, aux: logits + aux), inputs)
        both = collect(WithAuxiliaryHead(lambda logits, aux: (logits + aux, aux)), inputs)
        assert equal(plain, both)

    @pytest.mark.parametrize(
        ("after", "message"),
        [
            (lambda logits: None, "Network 'n7' returned a NoneType without a tensor"),
            (lambda logits: logits.argmax(1), "Network 'n7' returned torch.int64 numbers, which have no gradient"),
            (lambda logits: logits.detach(), "Network 'n7' lacks a gradient: "),
        ],
    )
    def test_an_output_that_has_no_gradient_is_reported_by_name(self, inputs, after, message):
        with pytest.raises(EznasError, match=message):
            collect(Wrapped(after), inputs, name="n7")


class TestErrors:
    def test_no_unit(self, inputs):
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
        message = "Network 'n7' has no R-C-B unit .* it ran 1 ReLU, 1 Conv2d, 0 BatchNorm2d calls, in the order C-R"
        with pytest.raises(EznasError, match=message):
            collect(network, inputs, name="n7")

    def test_no_layer_at_all(self, inputs):
        with pytest.raises(EznasError, match=r"it ran 0 ReLU, 0 Conv2d, 0 BatchNorm2d calls. Choose"):
            collect(nn.Sequential(nn.Flatten(), nn.Linear(192, 2)), inputs)

    @pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
    def test_the_way_out_is_one_that_there_is(self, inputs):
        nothing = nn.Sequential(nn.Flatten(), nn.ReLU())
        with pytest.raises(EznasError, match=r"it ran 1 relu calls\. Leave the network out\.$"):
            collect(nothing, inputs, CollectionSettings(unit="A-L-N"))

    @pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
    def test_layers_that_nobody_can_see(self, inputs):
        hidden = torch.jit.trace(nn.Sequential(nn.ReLU(), nn.Conv2d(3, 2, 1)), inputs.data)
        for network in (hidden, nn.Sequential(hidden, nn.ReLU(), nn.Conv2d(2, 4, 1), nn.BatchNorm2d(4))):
            with pytest.raises(EznasError, match="is or has a TorchScript module, whose layers nobody can see"):
                collect(network, inputs, any_unit=True)

    def test_a_loss_without_a_tensor_is_told_as_one(self, inputs):
        with pytest.raises(EznasError, match="has a loss that is a int without a tensor: let it be computed from"):
            collect(Wrapped(), inputs, loss=lambda _: 3)

    def test_no_unit_but_an_auxiliary_heads(self, inputs):
        network = WithAuxiliaryHead(lambda logits, aux: (torch.zeros(1), logits + aux))
        with pytest.raises(EznasError, match="lacks a gradient: its output does not require one"):
            collect(network, inputs, name="n7")

    def test_an_exception_is_chained(self, inputs):
        with pytest.raises(EznasError, match="'n7' raised ZeroDivisionError in the forward half of the data") as caught:
            collect(Wrapped(after=lambda logits: 1 / 0), inputs, name="n7")
        assert isinstance(caught.value.__cause__, ZeroDivisionError)

    def test_an_exception_of_the_backward_pass(self, inputs):
        def spoil(x):
            y = x.exp()
            y.mul_(2)  # exp needs its own output for its gradient
            return y

        with pytest.raises(EznasError, match="'n7' raised RuntimeError in the backward half of the data pass"):
            collect(Wrapped(between=spoil), inputs, name="n7")

    def test_a_keyboard_interrupt_passes(self, inputs):
        def interrupt(x):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            collect(Wrapped(after=interrupt), inputs)

    def test_complex_numbers_are_refused_and_not_cut_in_half(self, inputs):
        complex_weight = small()
        complex_weight[3] = nn.Conv2d(4, 4, 3, padding=1, dtype=torch.complex64)
        with pytest.raises(EznasError, match=r"Network 'n7' has complex numbers in 3\.weight"):
            collect(complex_weight, inputs, name="n7")
        buffered = small()
        buffered.register_buffer("rotation", torch.ones(1, dtype=torch.complex64))
        with pytest.raises(EznasError, match="complex numbers in rotation"):
            collect(buffered, inputs)

        class Inside(nn.Module):
            def __init__(self):
                super().__init__()
                self.weight, self.norm = nn.Parameter(torch.ones(4, 3, 1, 1)), nn.BatchNorm2d(4)

            def forward(self, images):
                convolved = F.conv2d(F.relu(images) + 0j, torch.complex(self.weight, self.weight))
                return self.norm(convolved.abs()).mean((2, 3))

        with pytest.raises(EznasError, match="Network 'n7' computes complex numbers in unit 0"):
            collect(Inside(), inputs, name="n7")

    def test_an_output_that_cannot_be_looked_at(self, inputs):
        class Stubborn:
            @property
            def logits(self):
                raise RuntimeError("not now")

        with pytest.raises(
            EznasError, match=r"'n7' raised RuntimeError in the forward half of the data pass \(.*\): not now"
        ):
            collect(Wrapped(after=lambda logits: Stubborn()), inputs, name="n7")

    @pytest.mark.parametrize("between", [torch.Tensor.detach, torch.detach, lambda x: x.data])
    def test_a_detached_unit(self, inputs, between):
        with pytest.raises(EznasError, match="Network 'n7' lacks a gradient: it detaches what comes after unit 0"):
            collect(Wrapped(between=between), inputs, name="n7")

    def test_detaching_beside_the_way_to_the_output_is_fine(self, inputs):
        assert equal(collect(Wrapped(between=lambda x: x + 0 * x.detach()), inputs), collect(Wrapped(), inputs))

    def test_values_alone_need_no_gradient(self, inputs):
        settings = CollectionSettings(terminals=frozenset({4, 16}))
        assert equal(collect(Wrapped(between=torch.detach), inputs, settings), collect(Wrapped(), inputs, settings))

    def test_a_unit_under_no_grad(self, inputs):
        network = small()
        with pytest.raises(EznasError, match="'n7' lacks a gradient: the output of unit 0's last layer"):
            collect(Guarded(network), inputs, name="n7")

    def test_a_frozen_weight(self, inputs):
        network = small()
        network[6].weight.requires_grad_(False)
        with pytest.raises(EznasError, match="'n7' lacks a gradient: the weight of unit 1's convolution"):
            collect(network, inputs, name="n7")
        assert not network[6].weight.requires_grad

    def test_layers_that_change_from_pass_to_pass(self, inputs):
        network = small()
        calls = []

        def shrink(x):
            calls.append(1)
            return x if len(calls) == 1 else x[:, :, :4]

        with pytest.raises(EznasError, match="'n7' runs other layers in the noise pass than in the one before"):
            collect(Wrapped(between=shrink, network=network), inputs, name="n7")

    def test_a_network_that_cannot_be_copied(self, inputs):
        network = small()
        network.lock = threading.Lock()
        with pytest.raises(EznasError, match=r"'n7' cannot be copied .* give copy=False"):
            collect(network, inputs, name="n7")
        assert collect(network, inputs, copy=False).units == 2

    @pytest.mark.parametrize("terminals", [None, frozenset({0}), frozenset({5})])
    @pytest.mark.parametrize(
        ("after", "message"),
        [
            (lambda logits: logits / 0, "'n7' returned numbers that are not finite in the"),
            (lambda logits: torch.where(logits > logits.min(), logits, torch.nan), "not finite"),
            (lambda logits: logits[:, :0], r"'n7' returned an empty tensor of shape \(2, 0\)"),
        ],
    )
    def test_an_output_that_says_nothing(self, inputs, terminals, after, message):
        with pytest.raises(EznasError, match=message):
            collect(Wrapped(after=after), inputs, CollectionSettings(terminals=terminals), name="n7")

    def test_an_auxiliary_output_may_be_anything(self, inputs):
        for beside in (torch.full((1,), torch.inf), torch.empty(0)):
            assert equal(collect(Wrapped(after=lambda x, b=beside: (x, b)), inputs), collect(Wrapped(), inputs))

    def test_a_tensor_of_too_many_axes(self, inputs):
        class FiveAxes(nn.Module):
            def __init__(self):
                super().__init__()
                self.conv, self.norm = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)

            def forward(self, images):
                return self.norm(self.conv(F.relu(images[None])[0])).mean((2, 3))

        with pytest.raises(EznasError, match="has a tensor of 5 axes in unit 0"):
            collect(FiveAxes(), inputs)

    def test_parameters_without_a_shape_yet(self, inputs):
        network = nn.Sequential(nn.ReLU(), nn.LazyConv2d(4, 1), nn.BatchNorm2d(4))
        with pytest.raises(EznasError, match="'n7' could not be initialised"):
            collect(network, inputs, name="n7")


class Guarded(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        with torch.no_grad():
            x = self.network[:5](images)
        return self.network[5:](x)


def test_the_graph_of_the_backward_pass_is_freed_at_once(inputs):
    hooks = []

    def remember(x):
        def hook(gradient):
            return gradient

        x.register_hook(hook)  # from now on held by the graph alone
        hooks.append(weakref.ref(hook))
        return x

    gc.disable()  # a cycle would keep a whole network in memory until the next collection
    try:
        collect(Wrapped(between=remember), inputs)
        assert len(hooks) == 3
        assert all(hook() is None for hook in hooks)
    finally:
        gc.enable()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_the_cpu(inputs):
    cpu = collect(small(), inputs)
    cuda = collect(small(), inputs, CollectionSettings(device="cuda"))
    np.testing.assert_allclose(cuda.values, cpu.values, rtol=1e-3, atol=1e-4)
    assert equal(cuda, collect(small(), inputs, CollectionSettings(device="cuda")))
